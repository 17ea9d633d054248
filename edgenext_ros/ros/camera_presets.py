# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Topics of known camera drivers, for the launch argument ``camera``; imports no ROS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class DriverStream:
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
_OF_MIDDLEWARE = "reliable, the middleware's depth"
_MIPI = 'D-Robotics/hobot_mipi_cam: `hobot_mipi_node.cpp`'
_USB = 'D-Robotics/hobot_usb_cam: `hobot_usb_cam_node.cpp`'
_DECODE = 'D-Robotics/hobot_codec: `hobot_codec_decode.launch.py`'
_ENCODE = 'D-Robotics/hobot_codec: `hobot_codec_encode.launch.py`'
_V4L2 = 'tier4/ros2_v4l2_camera, a fork: `v4l2_camera.cpp`'
_LIBCAMERA = 'christianrauch/camera_ros: `CameraNode.cpp`'
_USB_CAM = 'ros-drivers/usb_cam: `usb_cam_node.cpp`'
_REALSENSE = 'realsenseai/realsense-ros: `README.md`, `constants.h`'
_OAK = 'luxonis/depthai-ros: `img_pub.cpp`, `camera.launch.py`'
_TRANSPORT = 'with the package compressed_image_transport'

STREAMS: Final = (
    DriverStream('mipi_cam', 'raw', '/image_raw', f'{_RELIABLE}, 5',
                 '`mipi_cam.launch.py mipi_io_method:=ros`', _MIPI),
    DriverStream('mipi_cam', 'hbmem', '/hbmem_img', _SENSOR_DATA, '`mipi_cam.launch.py`', _MIPI),
    DriverStream('hobot_usb_cam', 'compressed', '/image', f'{_RELIABLE}, 100',
                 '`hobot_usb_cam.launch.py`', _USB),
    DriverStream('hobot_usb_cam', 'raw', '/image', f'{_RELIABLE}, 10',
                 'another `usb_pixel_format` than mjpeg', _USB),
    DriverStream('hobot_usb_cam', 'hbmem', '/hbmem_img', _SENSOR_DATA, '`usb_zero_copy:=True`',
                 _USB),
    DriverStream('hobot_codec', 'hbmem', '/hbmem_img', _SENSOR_DATA,
                 '`hobot_codec_decode.launch.py`: JPEG decoded by the hardware', _DECODE),
    DriverStream('hobot_codec', 'compressed', '/image_jpeg', f'{_RELIABLE}, 5',
                 '`hobot_codec_encode.launch.py`', _ENCODE),
    DriverStream('v4l2_camera', 'raw', '/image_raw', f'{_RELIABLE}, 10', 'always', _V4L2),
    DriverStream('v4l2_camera', 'compressed', '/image_raw/compressed', f'{_RELIABLE}, 10',
                 _TRANSPORT, _V4L2),
    DriverStream('camera_ros', 'raw', '/camera/image_raw', f'{_RELIABLE}, 1', 'always',
                 _LIBCAMERA),
    DriverStream('camera_ros', 'compressed', '/camera/image_raw/compressed', f'{_RELIABLE}, 1',
                 'always', _LIBCAMERA),
    DriverStream('usb_cam', 'raw', '/image_raw', f'{_RELIABLE}, 100',
                 'always; for its `camera.launch.py` add `image:=/camera1/image_raw`', _USB_CAM),
    DriverStream('usb_cam', 'compressed', '/image_raw/compressed', f'{_RELIABLE}, 100',
                 f'`pixel_format: mjpeg`, or {_TRANSPORT}', _USB_CAM),
    DriverStream('realsense', 'raw', '/camera/camera/color/image_raw', _OF_MIDDLEWARE,
                 '`rs_launch.py`', _REALSENSE),
    DriverStream('realsense', 'compressed', '/camera/camera/color/image_raw/compressed',
                 _OF_MIDDLEWARE, _TRANSPORT, _REALSENSE),
    DriverStream('oak', 'raw', '/oak/rgb/image_raw', f'{_RELIABLE}, 10', '`camera.launch.py`',
                 _OAK),
    DriverStream('oak', 'compressed', '/oak/rgb/image_raw/compressed', f'{_RELIABLE}, 10',
                 f'`i_publish_compressed`, or {_TRANSPORT}', _OAK),
)
"""Every topic of every known camera."""

STEREO_STREAMS: Final = (
    DriverStream('mipi_cam', 'raw', '/image_CAMERA_raw', f'{_RELIABLE}, 5',
                 '`mipi_cam_dual_channel.launch.py`', _MIPI),
    DriverStream('mipi_cam', 'hbmem', '/hbmem_CAMERA_img', _SENSOR_DATA,
                 'the same with `mipi_io_method:=shared_mem`', _MIPI),
)
"""The topics of known pairs of cameras."""
STEREO_CAMERAS: Final = ('left', 'right')
"""What ``CAMERA`` stands for in the topics of ``STEREO_STREAMS``."""


def cameras(streams: tuple[DriverStream, ...] = STREAMS) -> list[str]:
    """Return the values of the launch argument ``camera``, each once."""
    return list(dict.fromkeys(stream.camera for stream in streams))


def stream_of(camera: str, input_type: str = '', *,
              streams: tuple[DriverStream, ...] = STREAMS) -> DriverStream:
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
