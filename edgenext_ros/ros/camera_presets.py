# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Topics of known camera drivers, for the launch argument ``camera``; imports no ROS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class CameraStream:
    """A topic that a camera driver publishes with its own defaults."""

    camera: str
    """Value of the launch argument ``camera``; the first stream of a camera is its default."""
    input_type: str
    """Value of the parameter ``input_type`` for its messages."""
    topic: str
    """Full name; with ``CAMERA`` in it, a topic for each of ``STEREO_CAMERAS``."""
    qos: str
    """Reliability and depth of the driver's publisher."""
    when: str
    """The driver's setting or part that makes it publish this topic."""
    source: str
    """Repository and file that say so."""


_RELIABLE, _SENSOR_DATA = 'reliable', 'best effort, 5'
_MIPI = 'D-Robotics/hobot_mipi_cam src/hobot_mipi_node.cpp'
_USB = 'D-Robotics/hobot_usb_cam src/hobot_usb_cam_node.cpp'
_CODEC = 'D-Robotics/hobot_codec launch/hobot_codec_'
_V4L2 = 'tier4/ros2_v4l2_camera src/v4l2_camera.cpp'
_LIBCAMERA = 'christianrauch/camera_ros src/CameraNode.cpp'
_USB_CAM = 'ros-drivers/usb_cam src/usb_cam_node.cpp'
_REALSENSE = 'realsenseai/realsense-ros README.md, constants.h'
_OAK = 'luxonis/depthai-ros img_pub.cpp, camera.launch.py'
_TRANSPORT = 'with `compressed_image_transport`'

STREAMS: Final = (
    CameraStream('mipi_cam', 'raw', '/image_raw', f'{_RELIABLE}, 5', '`io_method:=ros`', _MIPI),
    CameraStream('mipi_cam', 'hbmem', '/hbmem_img', _SENSOR_DATA,
                 '`io_method:=shared_mem`, as its launch file sets', _MIPI),
    CameraStream('hobot_usb_cam', 'compressed', '/image', f'{_RELIABLE}, 100',
                 '`pixel_format:=mjpeg`, its default', _USB),
    CameraStream('hobot_usb_cam', 'raw', '/image', f'{_RELIABLE}, 10', 'other pixel formats',
                 _USB),
    CameraStream('hobot_usb_cam', 'hbmem', '/hbmem_img', _SENSOR_DATA, '`zero_copy:=True`', _USB),
    CameraStream('hobot_codec', 'hbmem', '/hbmem_img', _SENSOR_DATA,
                 '`hobot_codec_decode.launch.py`: JPEG in, decoded in hardware',
                 f'{_CODEC}decode.launch.py'),
    CameraStream('hobot_codec', 'compressed', '/image_jpeg', f'{_RELIABLE}, 5',
                 '`hobot_codec_encode.launch.py`', f'{_CODEC}encode.launch.py'),
    CameraStream('v4l2_camera', 'raw', '/image_raw', f'{_RELIABLE}, 10', 'always', _V4L2),
    CameraStream('v4l2_camera', 'compressed', '/image_raw/compressed', f'{_RELIABLE}, 10',
                 _TRANSPORT, _V4L2),
    CameraStream('camera_ros', 'raw', '/camera/image_raw', f'{_RELIABLE}, 1', 'always',
                 _LIBCAMERA),
    CameraStream('camera_ros', 'compressed', '/camera/image_raw/compressed', f'{_RELIABLE}, 1',
                 'always', _LIBCAMERA),
    CameraStream('usb_cam', 'raw', '/image_raw', f'{_RELIABLE}, 100',
                 '`usb_cam_node_exe`; its launch file: `image:=/camera1/image_raw`', _USB_CAM),
    CameraStream('usb_cam', 'compressed', '/image_raw/compressed', f'{_RELIABLE}, 100',
                 f'`pixel_format:=mjpeg`, or {_TRANSPORT}', _USB_CAM),
    CameraStream('realsense', 'raw', '/camera/camera/color/image_raw',
                 f"{_RELIABLE}, the middleware's", '`rs_launch.py`', _REALSENSE),
    CameraStream('realsense', 'compressed', '/camera/camera/color/image_raw/compressed',
                 f"{_RELIABLE}, the middleware's", _TRANSPORT, _REALSENSE),
    CameraStream('oak', 'raw', '/oak/rgb/image_raw', f'{_RELIABLE}, 10', '`camera.launch.py`',
                 _OAK),
    CameraStream('oak', 'compressed', '/oak/rgb/image_raw/compressed', f'{_RELIABLE}, 10',
                 f'`rgb.i_publish_compressed`, or {_TRANSPORT}', _OAK),
)
"""Every topic of every known camera."""

STEREO_STREAMS: Final = (
    CameraStream('mipi_cam', 'raw', '/image_CAMERA_raw', f'{_RELIABLE}, 5',
                 '`device_mode:=dual io_method:=ros`', _MIPI),
    CameraStream('mipi_cam', 'hbmem', '/hbmem_CAMERA_img', _SENSOR_DATA,
                 '`device_mode:=dual io_method:=shared_mem`', _MIPI),
)
"""The topics of known pairs of cameras."""
STEREO_CAMERAS: Final = ('left', 'right')
"""What ``CAMERA`` stands for in the topics of ``STEREO_STREAMS``."""


def cameras(streams: tuple[CameraStream, ...] = STREAMS) -> list[str]:
    """Return the values of the launch argument ``camera``, each once."""
    return list(dict.fromkeys(stream.camera for stream in streams))


def stream_of(camera: str, input_type: str = '', *,
              streams: tuple[CameraStream, ...] = STREAMS) -> CameraStream:
    """
    Return the stream of a camera.

    :param camera: one of ``cameras()``.
    :param input_type: type of its messages; empty takes the camera's default.
    :param streams: the table to look in.
    :raises LookupError: the camera has no topic of this type; the text says which it has.
    """
    known = [stream for stream in streams if stream.camera == camera]
    for stream in known:
        if input_type in ('', stream.input_type):
            return stream
    types = ', '.join(stream.input_type for stream in known)
    raise LookupError(f'expected one that {camera} publishes, which are {types}, or its topic as '
                      f'well, with image:=/TOPIC')
