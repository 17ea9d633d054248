# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Presets of camera drivers: publishers that behave as each driver does, and the page."""

from array import array
from dataclasses import dataclass
import sys
import time

import cv2
from edgenext_ros.core.encode import encode
from edgenext_ros.ros.camera_presets import (
    cameras,
    STEREO_CAMERAS,
    STEREO_STREAMS,
    stream_of,
    STREAMS,
)
from edgenext_ros.ros.messages import Classification, image_message
from helpers.pages import needs_pages, ROOT, rows
import pytest
from rclpy.qos import (
    qos_profile_system_default,
    QoSProfile,
    ReliabilityPolicy,
)
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header


@dataclass(frozen=True)
class Driver:
    """How a driver fills its messages."""

    encoding: str
    """Of an Image; ``format`` of a CompressedImage."""
    frame_id: str
    clock: str = 'system'
    """``system``, or ``boot``: seconds since the start, where no epoch is added."""
    step: int = 0
    """Bytes of a row, where the driver gives another number than the encoding's."""


WIDTH, HEIGHT = 320, 240
DRIVERS = {
    # The sensor's own clock, and a step that counts luma.
    ('mipi_cam', 'raw'): Driver('nv12', 'default_cam', 'boot', WIDTH),
    ('hobot_usb_cam', 'compressed'): Driver('jpeg', 'default_usb_cam'),
    ('hobot_usb_cam', 'raw'): Driver('yuv422_yuy2', 'default_usb_cam'),
    ('hobot_codec', 'compressed'): Driver('jpeg', 'default_cam', 'boot'),
    ('v4l2_camera', 'raw'): Driver('rgb8', 'camera', 'boot'),
    ('v4l2_camera', 'compressed'): Driver('rgb8; jpeg compressed bgr8', 'camera', 'boot'),
    # libcamera aligns its rows.
    ('camera_ros', 'raw'): Driver('bgra8', 'camera', step=4 * WIDTH + 64),
    ('camera_ros', 'compressed'): Driver('jpg', 'camera'),
    ('usb_cam', 'raw'): Driver('rgb8', 'default_cam'),
    ('usb_cam', 'compressed'): Driver('jpeg', 'default_cam'),
    ('realsense', 'raw'): Driver('rgb8', 'camera_color_optical_frame'),
    ('realsense', 'compressed'): Driver('rgb8; jpeg compressed bgr8',
                                        'camera_color_optical_frame'),
    ('oak', 'raw'): Driver('bgr8', 'oak_rgb_camera_optical_frame'),
    ('oak', 'compressed'): Driver('bgr8; jpeg compressed bgr8', 'oak_rgb_camera_optical_frame'),
}
READ_HERE = [stream for stream in STREAMS if stream.input_type != 'hbmem']


def qos_of(stream):
    """Return the driver's quality of service."""
    reliability, depth = stream.qos.split(', ')
    if not depth.isdecimal():
        return qos_profile_system_default
    return QoSProfile(depth=int(depth), reliability=ReliabilityPolicy[
        reliability.upper().replace(' ', '_')])


def message_of(stream, photograph):
    """Return a photograph as the driver publishes it."""
    driver = DRIVERS[stream.camera, stream.input_type]
    now = time.time_ns() if driver.clock == 'system' else time.monotonic_ns()
    header = Header(frame_id=driver.frame_id)
    header.stamp.sec, header.stamp.nanosec = divmod(now, 10 ** 9)
    if stream.input_type == 'compressed':
        _, data = cv2.imencode('.jpg', photograph)
        return CompressedImage(header=header, format=driver.encoding,
                               data=array('B', data.tobytes()))
    message = image_message(encode(photograph, driver.encoding), header)
    if driver.step > message.step:
        rows = bytes(message.data)
        padding = bytes(driver.step - message.step)
        message.data = array('B', b''.join(
            rows[row * message.step:(row + 1) * message.step] + padding
            for row in range(HEIGHT)))
    message.step = driver.step or message.step
    return message


@pytest.mark.parametrize('input_type', ['raw', 'compressed'])
def test_images_of_every_driver_are_classified(ros, photograph, input_type):
    """One process has a node for each camera, with the topic and the type of its preset."""
    streams = [stream for stream in READ_HERE if stream.input_type == input_type]
    process = ros.run([
        sys.executable, '-m', 'edgenext_ros.ros.multi_node',
        *[stream.camera for stream in streams], '--ros-args', '-p', f'input_type:={input_type}',
        '-p', 'image_timeout:=60.0',
        *[word for stream in streams
          for word in ('-r', f'/{stream.camera}/image:={stream.topic}')]])
    ros.wait(lambda: process.output.count('100 classes') == len(streams), what='the nodes')
    found = {}
    for stream in streams:
        message = message_of(stream, photograph)
        camera = ros.publisher(type(message), stream.topic, qos_of(stream))
        results = ros.collect(Classification, f'/{stream.camera}/classification')
        result = ros.ask(camera, message, results)
        assert result.header == message.header
        found[stream.camera] = result.results[0]
        ros.node.destroy_publisher(camera)
    assert len({result.class_id for result in found.values()}) == 1
    scores = [result.score for result in found.values()]
    assert max(scores) - min(scores) < 0.08, found
    assert 'Traceback' not in process.output and 'WARN' not in process.output


def test_every_stream_that_this_package_reads_as_an_image_has_a_driver():
    assert {(stream.camera, stream.input_type) for stream in READ_HERE} == set(DRIVERS)


@pytest.mark.parametrize('camera', cameras())
def test_first_stream_of_a_camera_is_its_default(camera):
    first = next(stream for stream in STREAMS if stream.camera == camera)
    assert stream_of(camera) == first
    assert stream_of(camera, first.input_type) == first


@needs_pages
def test_page_lists_every_stream():
    expected = [[f'`camera:={stream.camera}`', f'`{stream.input_type}`',
                 f'`{topic}`', stream.qos, stream.when, stream.source]
                for streams in (STREAMS, STEREO_STREAMS) for stream in streams
                for topic in [stream.topic.replace('CAMERA', f'{{{",".join(STEREO_CAMERAS)}}}')]]
    found = rows(ROOT / 'docs' / 'robot.md', 'driver')
    assert [row[:3] for row in found] == [row[:3] for row in expected]
    assert found == expected
