# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The camera node: its messages, its parameters and its end."""

import cv2
from edgenext_ros.core.frame import ENCODINGS
from edgenext_ros.ros.camera.node import CameraNode
from edgenext_ros.ros.messages import frame_from_compressed, frame_from_image
from helpers import hostile_folder
import numpy as np
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
import rclpy.parameter
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header


@pytest.fixture
def pictures(tmp_path, photograph):
    """Make a folder with two pictures and a file that is not a picture."""
    folder = tmp_path / 'pictures'
    folder.mkdir()
    cv2.imwrite(str(folder / 'a.png'), photograph)
    cv2.imwrite(str(folder / 'b.png'), photograph[::-1])
    (folder / 'c.jpg').write_text('not a picture')
    return folder


def test_playing_has_stamps_and_names_of_images(ros, pictures):
    ros.start('camera.node', source=pictures, hold=0.1, rate=20.0, frame_id='front')
    images, playing = ros.collect(Image, 'image'), ros.collect(Header, '/camera/playing')
    ros.wait(lambda: len(images) >= 8 and len(playing) >= 8)
    names = {(h.stamp.sec, h.stamp.nanosec): h.frame_id for h in playing}
    seen = set()
    for image in images:
        assert image.header.frame_id == 'front'
        name = names.get((image.header.stamp.sec, image.header.stamp.nanosec))
        if name is not None:
            first = cv2.imread(str(pictures / name))[0, 0]
            assert (np.array(image.data[:3]) == first).all()
            seen.add(name)
    assert seen == {'a.png', 'b.png'}
    stamps = [(i.header.stamp.sec, i.header.stamp.nanosec) for i in images]
    assert stamps == sorted(set(stamps))


def test_camera_plays_readable_pictures_and_reports_others(ros, tmp_path):
    hostile_folder.make(tmp_path)
    process = ros.start('camera.node', source=tmp_path, hold=0.1, rate=20.0)
    playing, images = ros.collect(Header, '/camera/playing'), ros.collect(Image, 'image')
    ros.wait(lambda: {header.frame_id for header in playing} >= {*hostile_folder.TAKEN})
    assert {header.frame_id for header in playing} == {*hostile_folder.TAKEN} and images
    assert process.output.count(hostile_folder.LINE) == 1


@pytest.mark.parametrize('file,parameters,says', [
    ('', {}, '3 pictures of {} on /image (sensor_msgs/msg/Image) at 10 Hz'),
    ('b.png', {'output_type': 'compressed', 'rate': 2.5},
     'picture {} on /image (sensor_msgs/msg/CompressedImage) at 2.5 Hz'),
    ('video.avi', {}, 'video {} on /image (sensor_msgs/msg/Image) at 10 Hz')],
    ids=['folder', 'picture', 'video'])
def test_camera_logs_what_it_plays_where(ros, tmp_path, photograph, file, parameters, says):
    for name in 'abc':
        cv2.imwrite(str(tmp_path / f'{name}.png'), photograph)
    writer = cv2.VideoWriter(str(tmp_path / 'video.avi'), cv2.VideoWriter_fourcc(*'MJPG'), 10,
                             (320, 240))
    writer.write(photograph)
    writer.release()
    source = tmp_path / file
    process = ros.start('camera.node', source=source, **parameters)
    line = f'[camera]: playing {says.format(source)}; waits for a subscriber\n'
    ros.wait(lambda: line in process.output, what=line)


@pytest.mark.parametrize('encoding', ['rgb8', 'nv12', 'yuyv', 'mono16', 'bayer_rggb8'])
def test_camera_publishes_encoding_and_size(ros, pictures, encoding):
    assert encoding in ENCODINGS
    ros.start('camera.node', source=pictures, encoding=encoding, width=160)
    images = ros.collect(Image, 'image')
    ros.wait(lambda: images)
    frame = frame_from_image(images[0])
    assert (frame.encoding, frame.width, frame.height) == (encoding, 160, 120)


def test_camera_publishes_jpeg(ros, pictures):
    ros.start('camera.node', source=pictures, output_type='compressed')
    images = ros.collect(CompressedImage, 'image')
    ros.wait(lambda: images)
    assert images[0].format == 'jpeg'
    frame = frame_from_compressed(images[0])
    assert (frame.width, frame.height) == (320, 240)


def test_camera_plays_video_to_its_end(ros, tmp_path, photograph):
    path = tmp_path / 'video.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, (320, 240))
    for _ in range(15):
        writer.write(photograph)
    writer.release()
    process = ros.start('camera.node', source=path, loop=False)
    playing = ros.collect(Header, '/camera/playing')
    images = ros.collect(Image, 'image')
    ros.wait(lambda: process.process.poll() is not None)
    assert process.process.returncode == 0
    assert playing[-1].frame_id == 'video.avi frame 14'
    assert images[-1].header.stamp == playing[-1].stamp
    assert 'has ended' in process.output


@pytest.mark.parametrize('given', [False, True], ids=['without finish', 'with finish'])
def test_end_of_source_calls_finish_once(ros, tmp_path, photograph, given):
    path = tmp_path / 'video.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, (320, 240))
    for _ in range(3):
        writer.write(photograph)
    writer.release()
    ended = []
    node = CameraNode(
        context=ros.context, **({'finish': lambda: ended.append(1)} if given else {}),
        parameter_overrides=[rclpy.parameter.Parameter(name, value=value) for name, value in (
            ('source', str(path)), ('loop', False), ('rate', 50.0))])
    ros.at_end(node.destroy_node)
    ros.executor.add_node(node)
    playing, images = ros.collect(Header, '/camera/playing'), ros.collect(Image, 'image')
    ros.wait(lambda: all(timer.is_canceled() for timer in node.timers), what='the end')
    ros.wait(lambda: len(images) == len(playing) == 3, what='all pictures')
    assert ended == [1] * given


@pytest.mark.parametrize('parameters,sentence', [
    ({'source': '/nowhere'}, "'/nowhere' is neither a picture"),
    ({'source': '/nowhere'}, 'a video, nor a webcam; this path does not exist'),
    ({'source': '99'}, "parameter 'source': no webcam /dev/video99 on this machine; "),
    ({'source': '/dev/zero'}, "'/dev/zero' is a device, but no webcam"),
    ({'source': '²'}, "'²' is neither a picture"),
    ({'encoding': 'foo'}, "cannot encode 'foo'"),
    ({'rate': 0.0}, "'rate' must be 0.1 to 240.0"),
], ids=str)
def test_camera_without_pictures_ends_in_one_sentence(ros, pictures, parameters, sentence):
    process = ros.start('camera.node', **{'source': pictures, **parameters})
    assert process.process.wait(30) == 1
    assert sentence in process.output
    assert 'Traceback' not in process.output


def test_picture_that_cannot_be_encoded_is_left_out(ros, pictures, photograph):
    cv2.imwrite(str(pictures / 'aa.png'), photograph[:, :1])
    process = ros.start('camera.node', source=pictures, encoding='nv12', hold=0.1, rate=20.0)
    images = ros.collect(Image, 'image')
    ros.wait(lambda: 'aa.png is left out: nv12 0x240' in process.output and len(images) > 6)
    assert process.process.poll() is None
    assert {image.width for image in images} == {320}


def test_parameters_are_read_only_after_the_start(ros, pictures):
    ros.start('camera.node', source=pictures)
    rate = Parameter(name='rate', value=ParameterValue(
        type=ParameterType.PARAMETER_DOUBLE, double_value=5.0))
    answer = ros.call(SetParameters, '/camera/set_parameters', parameters=[rate])
    assert not answer.results[0].successful
    assert 'read-only' in answer.results[0].reason
