# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Images received over DDS: exact headers, malformed messages, middleware profiles."""

import os
from pathlib import Path
import re
import subprocess
import sys

import cv2
from helpers.ros_graph import compressed
import pytest
from sensor_msgs.msg import Image

CONFIG = Path(__file__).parents[2] / 'config'
CYCLONE_DDS = any(Path(prefix, 'lib', 'librmw_cyclonedds_cpp.so').exists()
                  for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(':'))
HEADERS = [(0, 1, ''), (-2**31, 0, 'front_camera'), (-1, 2**32 - 1, '/fr\u00f6nt/\u03b1'),
           (2**31 - 1, 999_999_999, '\u6444\u50cf\u5934 \U0001f4f7')]


@pytest.mark.parametrize('input_type', ['raw', 'compressed'])
def test_result_has_header_of_its_image(ros, classifier, make_image, photograph, input_type):
    _, results, camera = classifier(input_type=input_type)
    _, picture = cv2.imencode('.jpg', photograph)
    for sec, nanosec, frame_id in HEADERS:
        image = make_image() if input_type == 'raw' else compressed(picture, 0)
        image.header.stamp.sec, image.header.stamp.nanosec = sec, nanosec
        image.header.frame_id = frame_id
        assert ros.ask(camera, image, results).header == image.header


@pytest.mark.parametrize('input_type,kind', [
    ('raw', 'Image'), ('compressed', 'CompressedImage')])
def test_malformed_messages_are_reported(
        ros, classifier, make_image, photograph, input_type, kind):
    process, results, camera = classifier(input_type=input_type)
    for junk, sentence in [
            (b'\0\1\0\0' + bytes(4), f'serialised {kind} is truncated: expected 8 bytes of stamp'),
            (b'\0\7\0\0' + bytes(60), f'serialised {kind}: expected a header of 4 bytes')]:
        ros.repeat(camera, junk, lambda s=sentence: s in process.output)
    _, picture = cv2.imencode('.jpg', photograph)
    good = make_image() if input_type == 'raw' else compressed(picture, 7)
    assert ros.ask(camera, good, results).header == good.header
    assert 'Traceback' not in process.output


def test_annotated_image_of_large_jpeg_has_full_size(ros, classifier, photograph):
    """Only the model gets the JPEG at a reduced size."""
    _, results, camera = classifier(input_type='compressed')
    large = cv2.resize(photograph, (1280, 960))
    _, picture = cv2.imencode('.jpg', large)
    reduced = ros.ask(camera, compressed(picture, 1), results)
    drawn = ros.collect(Image, '/classifier/annotated_image')
    image = ros.ask(camera, compressed(picture, 2), drawn)
    assert (image.width, image.height) == (1280, 960)
    whole = ros.ask(camera, compressed(picture, 3), results)
    assert reduced.results[0].class_id == whole.results[0].class_id
    assert reduced.results[0].score == pytest.approx(whole.results[0].score, abs=0.1)


NODE = """
import rclpy
rclpy.init()
node = rclpy.create_node('lonely')
print(open('/proc/self/maps').read())
"""


def lonely_node(environment, **variables):
    """Start a node that ends immediately; return its memory map."""
    done = subprocess.run([sys.executable, '-c', NODE], env={**environment, **variables},
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize('profile,limit', [
    # Shared memory only: discovery is not limited to this machine, but nothing leaves it.
    ('fastdds.xml', {'FASTDDS_BUILTIN_TRANSPORTS': 'SHM'}),
    ('fastdds_localhost.xml', {'ROS_LOCALHOST_ONLY': '1'}),
])
def test_fast_dds_takes_the_profile(ros, profile, limit):
    for name in ('ROS_LOCALHOST_ONLY', 'ROS_AUTOMATIC_DISCOVERY_RANGE'):
        ros.environment.pop(name, None)
    variables = {'RMW_IMPLEMENTATION': 'rmw_fastrtps_cpp', **limit}
    sizes = []
    former = ros.environment.get('ROS_DISTRO', '') < 'kilted'  # Kilted brought Fast DDS 3
    name = f'FAST{"RTPS" if former else "DDS"}_DEFAULT_PROFILES_FILE'
    for chosen in ({}, {name: str(CONFIG / profile)}):
        shared = re.findall(r'(?m)^(\w+)-(\w+) .* /dev/shm/fast(?:rtps|dds)_[0-9a-f]{16}$',
                            lonely_node(ros.environment, **variables, **chosen))
        sizes.append(max(int(end, 16) - int(begin, 16) for begin, end in shared))
    default, large = sizes
    assert default < 2**20
    assert large >= 4 * 1920 * 1080 * 3


@pytest.mark.skipif(not CYCLONE_DDS, reason='Cyclone DDS is not installed')
def test_cyclone_dds_takes_the_profile(ros):
    """Cyclone DDS refuses unknown settings, and then creates no node."""
    lonely_node(ros.environment, RMW_IMPLEMENTATION='rmw_cyclonedds_cpp',
                CYCLONEDDS_URI=f'file://{CONFIG / "cyclonedds.xml"}')
