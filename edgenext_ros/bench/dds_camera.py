# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The camera of ``edgenext bench dds``: an Image, or an HbmMsg1080P of TROS, at a steady rate."""

from __future__ import annotations

from array import array
from collections.abc import Callable
import struct
from time import monotonic, sleep
from typing import Any

from edgenext_ros.ros.topic_type import message_class
import numpy as np
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

_MATCHED_S = 60.0
"""Limit for the processes to discover each other."""
_QOS = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
_HBM = 'hbm_img_msgs/msg/HbmMsg1080P'


def camera(node: Node, options: dict[str, Any]) -> dict[str, Any]:
    """
    Publish images at a steady rate; the pixels are made once.

    :param node: the node that publishes.
    :param options: the fields of a ``CameraStream``.
    :return: number of frames.
    """
    rows = options['height'] * 3 // 2 if options['encoding'] == 'nv12' else options['height']
    pixels = np.random.default_rng(0).integers(0, 256, rows * options['step'], np.uint8)
    kinds = {'raw': _image, 'hbmem': _hbm_image}
    publisher, message = kinds[options.get('input_type', 'raw')](node, options, pixels.tobytes())
    wait_for(publisher.get_subscription_count, 'subscriber of the images')
    sleep(1.0)  # the subscriber must discover the publisher too
    due = monotonic()
    for _ in range(options['frames']):
        due = max(due + 1 / options['rate'], monotonic())  # after a stall, send no burst
        sleep(max(0.0, due - monotonic()))
        publisher.publish(message(*divmod(node.get_clock().now().nanoseconds, 10 ** 9)))
    sleep(0.5)
    return {'frames': options['frames']}


def _image(node: Node, options: dict[str, Any], pixels: bytes) -> tuple[Any, Callable[..., Any]]:
    """Return a publisher of Images, and a function that gives the message of a time."""
    image = Image(width=options['width'], height=options['height'], step=options['step'],
                  encoding=options['encoding'], data=array('B', pixels))
    image.header.frame_id = 'camera'

    def message(sec: int, nanosec: int) -> Image:
        image.header.stamp.sec, image.header.stamp.nanosec = sec, nanosec
        return image

    return node.create_publisher(Image, 'image', _QOS), message


def _hbm_image(node: Node, options: dict[str, Any],
               pixels: bytes) -> tuple[Any, Callable[..., Any]]:
    """Return the same for HbmMsg1080P, serialised, with the width as step, as in TROS."""
    kind: Any = message_class(_HBM)
    width, height, name = options['width'], options['height'], options['encoding'].encode()
    image = bytearray(b'\0\1\0\0' + struct.pack(
        '<iiI4I12s', 0, 0, 0, height, width, len(pixels), width, name) + pixels)
    image += bytes(kind.MAX_SIZE - len(pixels))

    def message(sec: int, nanosec: int) -> bytes:
        struct.pack_into('<iI', image, 8, sec, nanosec)
        return bytes(image)

    return node.create_publisher(kind, 'image', _QOS), message


def wait_for(found: Callable[[], Any], what: str) -> None:
    """
    Wait until a function returns something true.

    :param found: the function.
    :param what: text for the error.
    :raises SystemExit: it did not within a minute.
    """
    end = monotonic() + _MATCHED_S
    while not found():
        if monotonic() > end:
            raise SystemExit(f'no {what} in {_MATCHED_S:.0f} s')
        sleep(0.01)
