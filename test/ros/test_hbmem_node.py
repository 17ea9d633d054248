# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node on TROS' images in shared memory, over DDS."""

import sys

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.core.encode import encode
from edgenext_ros.ros.messages import Classification
from helpers.diagnosed import age, count, status
from helpers.hbm_images import CAMERA, hbm_image, NEEDS_HBM, of_frame
import pytest
from std_srvs.srv import SetBool, Trigger

pytest.importorskip('hbm_img_msgs', reason=NEEDS_HBM)


@pytest.fixture
def camera(ros, large_buffers, tmp_path):
    """Return a function that starts a camera that publishes a message at 10 Hz."""
    def start(size, message, topic='/hbmem_img'):
        file = tmp_path / f'{size}.bin'
        file.write_bytes(message)
        return ros.run([sys.executable, '-c', CAMERA, size, file, topic], name=f'camera_{size}')

    return start


def types_subscribed(ros):
    return [info.topic_type.removeprefix('hbm_img_msgs/msg/')
            for info in ros.node.get_subscriptions_info_by_topic('/hbmem_img')]


def test_node_waits_for_a_publisher_and_follows_its_type(ros, camera, photograph):
    process = ros.start('node', '-r', 'image:=/hbmem_img', input_type='hbmem', frame_id='front',
                        image_timeout=0.5)
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    results = ros.collect(Classification, 'classification')
    ros.wait(lambda: 'waiting for a publisher of /hbmem_img (hbm_img_msgs/msg/HbmMsg1080P or '
             in process.output, what='the line')
    says = 'nobody publishes /hbmem_img'
    ros.wait(lambda: says in (status(diagnostics) or (0, ''))[1], what='the diagnostics')
    assert types_subscribed(ros) == []
    answer = ros.call(Trigger, '/classifier/classify_once')
    assert not answer.success and says in answer.message

    message = of_frame(encode(photograph, 'nv12'))
    killed = camera('540P', message)
    ros.wait(lambda: results, what='a result')
    assert types_subscribed(ros) == ['HbmMsg540P']
    assert results[0].header.frame_id == 'front'
    assert 0 < results[0].header.stamp.sec < 1e9, 'the clock of the sensor'
    ros.wait(lambda: count(status(diagnostics), 'classified'), what='a result in the diagnostics')
    assert status(diagnostics)[0] == 0 and age(status(diagnostics)) == 'unknown'

    ros.call(SetBool, '/classifier/set_enabled', data=False)
    ros.wait(lambda: not types_subscribed(ros), what='the pause')
    # Half a second may be too short for DDS to discover the subscription.
    ros.wait(lambda: ros.call(Trigger, '/classifier/classify_once').success, what='an answer')
    ros.wait(lambda: not types_subscribed(ros), what='the pause after the request')
    ros.call(SetBool, '/classifier/set_enabled', data=True)

    killed.kill()  # it remains in the graph for a while
    ended = camera('1080P', hbm_image(bytes(10), b'A' * 12, 2, 2))
    ros.wait(lambda: 'expected a NUL in the 12 bytes of encoding' in process.output,
             what='the refusal')
    assert types_subscribed(ros) == ['HbmMsg1080P']

    ended.stop()
    results.clear()
    camera('480P', message)
    ros.wait(lambda: results, what='a result of the last camera')
    assert types_subscribed(ros) == ['HbmMsg480P']
    assert process.stop() == 0
    assert 'Traceback' not in process.output and 'ERROR' not in process.output


def test_cameras_of_one_process_have_types_of_their_own(ros, camera, photograph):
    process = ros.run([sys.executable, '-m', 'edgenext_ros.ros.multi_node', 'left', 'right',
                       '--ros-args', '-p', 'input_type:=hbmem', '-r', 'image:=hbmem_img'])
    results = {name: ros.collect(Classification, f'/{name}/classification')
               for name in ('left', 'right')}
    camera('1080P', of_frame(encode(photograph, 'bgr8')), '/left/hbmem_img')
    camera('480P', of_frame(encode(photograph, 'mono8')), '/right/hbmem_img')
    ros.wait(lambda: all(results.values()), what='results of both')
    assert process.stop() == 0
    assert 'Traceback' not in process.output
