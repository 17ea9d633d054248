# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Presets of camera drivers, with publishers that behave as each driver does."""

from array import array
from dataclasses import dataclass
from pathlib import Path
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
from edgenext_ros.ros.dds_profiles import (
    fast_dds_profile,
    fast_dds_variable,
    ZERO_COPY_VARIABLE,
)
from edgenext_ros.ros.messages import Classification, image_message
from helpers.hbm_images import CAMERA, NEEDS_HBM, of_frame
import pytest
from rclpy.qos import qos_profile_system_default, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

CONFIG = Path(__file__).parents[2] / 'config'


@dataclass(frozen=True)
class Driver:
    """What a driver publishes, by its source; nothing here is taken from the presets."""

    topic: str
    encoding: str
    """Of an Image; ``format`` of a CompressedImage."""
    frame_id: str
    reliability: str = 'reliable'
    depth: int | None = 10
    """None where the driver leaves the quality of service to the middleware."""
    clock: str = 'system'
    """``system``, or ``boot``: seconds since the start, where no epoch is added."""
    step: int = 0
    """Bytes of a row, where the driver gives another number than the encoding's."""

    @property
    def qos(self):
        if self.depth is None:
            return qos_profile_system_default
        return QoSProfile(depth=self.depth, reliability=ReliabilityPolicy[
            self.reliability.upper().replace(' ', '_')])

    @property
    def qos_as_text(self):
        depth = "the middleware's depth" if self.depth is None else self.depth
        return f'{self.reliability}, {depth}'


WIDTH, HEIGHT = 320, 240
OPTICAL, OF_OAK = 'camera_color_optical_frame', 'oak_rgb_camera_optical_frame'
DRIVERS = {
    # The sensor's own clock, and a step that counts luma.
    ('mipi_cam', 'raw'): Driver('/image_raw', 'nv12', 'default_cam', depth=5, clock='boot',
                                step=WIDTH),
    ('hobot_usb_cam', 'compressed'): Driver('/image', 'jpeg', 'default_usb_cam', depth=100),
    ('hobot_usb_cam', 'raw'): Driver('/image', 'yuv422_yuy2', 'default_usb_cam'),
    ('hobot_codec', 'compressed'): Driver('/image_jpeg', 'jpeg', 'default_cam', depth=5,
                                          clock='boot'),
    ('v4l2_camera', 'raw'): Driver('/image_raw', 'rgb8', 'camera', clock='boot'),
    ('v4l2_camera', 'compressed'): Driver('/image_raw/compressed', 'rgb8; jpeg compressed bgr8',
                                          'camera', clock='boot'),
    # libcamera aligns its rows.
    ('camera_ros', 'raw'): Driver('/camera/image_raw', 'bgra8', 'camera', depth=1,
                                  step=4 * WIDTH + 64),
    ('camera_ros', 'compressed'): Driver('/camera/image_raw/compressed', 'jpg', 'camera',
                                         depth=1),
    ('usb_cam', 'raw'): Driver('/image_raw', 'rgb8', 'default_cam', depth=100),
    ('usb_cam', 'compressed'): Driver('/image_raw/compressed', 'jpeg', 'default_cam', depth=100),
    ('realsense', 'raw'): Driver('/camera/camera/color/image_raw', 'rgb8', OPTICAL, depth=None),
    ('realsense', 'compressed'): Driver('/camera/camera/color/image_raw/compressed',
                                        'rgb8; jpeg compressed bgr8', OPTICAL, depth=None),
    ('oak', 'raw'): Driver('/oak/rgb/image_raw', 'bgr8', OF_OAK),
    ('oak', 'compressed'): Driver('/oak/rgb/image_raw/compressed', 'bgr8; jpeg compressed bgr8',
                                  OF_OAK),
}
READ_HERE = [stream for stream in STREAMS if stream.input_type != 'hbmem']


def message_of(driver, photograph, *, is_compressed):
    """Return a photograph as the driver publishes it."""
    now = time.time_ns() if driver.clock == 'system' else time.monotonic_ns()
    header = Header(frame_id=driver.frame_id)
    header.stamp.sec, header.stamp.nanosec = divmod(now, 10 ** 9)
    if is_compressed:
        _, data = cv2.imencode('.jpg', photograph)
        return CompressedImage(header=header, format=driver.encoding,
                               data=array('B', data.tobytes()))
    message = image_message(encode(photograph, driver.encoding), header)
    if driver.step > message.step:
        packed = bytes(message.data)
        padding = bytes(driver.step - message.step)
        message.data = array('B', b''.join(
            packed[row * message.step:(row + 1) * message.step] + padding
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
        driver = DRIVERS[stream.camera, input_type]
        message = message_of(driver, photograph, is_compressed=input_type == 'compressed')
        camera = ros.publisher(type(message), driver.topic, driver.qos)
        results = ros.collect(Classification, f'/{stream.camera}/classification')
        result = ros.ask(camera, message, results)
        assert result.header == message.header
        found[stream.camera] = result.results[0]
        ros.node.destroy_publisher(camera)
    assert len({result.class_id for result in found.values()}) == 1
    scores = [result.score for result in found.values()]
    assert max(scores) - min(scores) < 0.08, found
    assert 'Traceback' not in process.output and 'WARN' not in process.output


def test_presets_are_the_topics_of_the_drivers():
    assert {(stream.camera, stream.input_type): (stream.topic, stream.qos)
            for stream in READ_HERE} == {
        key: (driver.topic, driver.qos_as_text) for key, driver in DRIVERS.items()}


@pytest.mark.parametrize('camera', cameras())
def test_first_stream_of_a_camera_is_its_default(camera):
    first = next(stream for stream in STREAMS if stream.camera == camera)
    assert stream_of(camera) == first
    assert stream_of(camera, first.input_type) == first


@pytest.fixture
def zero_copy(ros):
    """Give the processes the environment that the launch files give with input_type hbmem."""
    ros.environment |= {fast_dds_variable(): str(CONFIG / fast_dds_profile()),
                        ZERO_COPY_VARIABLE: '1'}


def test_images_in_shared_memory_reach_the_nodes_of_their_presets(
        ros, zero_copy, tmp_path, photograph):
    """TROS' publishers: HbmMsg1080P, best effort, the sensor's clock; its stereo camera too."""
    pytest.importorskip('hbm_img_msgs', reason=NEEDS_HBM)
    nodes = {stream.camera: stream.topic for stream in STREAMS if stream.input_type == 'hbmem'}
    (stereo,) = [stream for stream in STEREO_STREAMS if stream.input_type == 'hbmem']
    nodes |= {name: stereo.topic.replace('CAMERA', name) for name in STEREO_CAMERAS}
    process = ros.run([
        sys.executable, '-m', 'edgenext_ros.ros.multi_node', *nodes, '--ros-args',
        '-p', 'input_type:=hbmem', '-p', 'image_timeout:=60.0',
        *[word for name, topic in nodes.items() for word in ('-r', f'/{name}/image:={topic}')]])
    results = {name: ros.collect(Classification, f'/{name}/classification') for name in nodes}
    file = tmp_path / 'image.bin'
    file.write_bytes(of_frame(encode(photograph, 'nv12')))
    for topic in ('/hbmem_img', '/hbmem_left_img', '/hbmem_right_img'):
        ros.run([sys.executable, '-c', CAMERA, '1080P', str(file), topic], name='camera')
    ros.wait(lambda: all(results.values()), 40, 'a result of each node')
    assert len({found[0].results[0].class_id for found in results.values()}) == 1
    assert 'Traceback' not in process.output and 'WARN' not in process.output
