# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the log says of lost frames: how many, how large they are, and what helps."""

from __future__ import annotations

from contextlib import suppress
import os
from pathlib import Path
from typing import Any

from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
from edgenext_ros.core.lost_frames import Loss
from edgenext_ros.ros.diagnostics import printable
from rclpy.utilities import get_rmw_implementation_identifier


class LossLog:
    """
    Warn once when frames begin to be lost, and say when they are not any more.

    :param node: the classifier.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._goes_on = False

    def tell(self, loss: Loss) -> str:
        """Log what has changed; return one sentence while frames are lost, else nothing."""
        before, self._goes_on = self._goes_on, loss.goes_on
        topic = self._node.resolve_topic_name('image')
        if not loss.goes_on:
            if before:
                self._node.get_logger().info(f'the frames of {topic} arrive whole again')
            return ''
        rate = f'{loss.rate:.1f} Hz, ' if loss.rate else ''
        text = printable(
            f'{100 * loss.share:.0f} % of the frames of {topic} are lost between the camera and '
            f'this node ({rate}{self._frame()} each)')
        if not before:
            self._node.get_logger().warning(
                f'{text}. Usually they are too large for the buffers of the middleware: start '
                f'the camera with {remedy()}; see "Large frames" in the README')
        return text

    def _frame(self) -> str:
        """Return the size of a frame, such as ``640x480 bgr8, 0.92 MB``."""
        layout = self._node.images.layout
        size = f'{self._node.receiver.message_bytes / 1e6:.2f} MB'
        return f'{layout}, {size}' if layout else size


def remedy() -> str:
    """Return the variable, with its value, that gives a camera's process larger buffers."""
    if 'cyclonedds' in get_rmw_implementation_identifier():
        return f'CYCLONEDDS_URI=file://{_config("cyclonedds.xml")}'
    # As rmw_fastrtps decides whether to replace the transports that fastdds.xml is about.
    localhost = os.environ.get('ROS_LOCALHOST_ONLY') == '1' or \
        os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') == 'LOCALHOST'
    return f'{variable()}={_config("fastdds_localhost.xml" if localhost else "fastdds.xml")}'


def variable() -> str:
    """Return the variable that this Fast DDS reads; 3 has another name, as its library has."""
    loaded = ''
    with suppress(OSError):
        loaded = Path('/proc/self/maps').read_text(errors='replace')
    return f'{"FASTDDS" if "libfastdds" in loaded else "FASTRTPS"}_DEFAULT_PROFILES_FILE'


def _config(name: str) -> str:
    try:
        return f'{get_package_share_directory("edgenext_ros")}/config/{name}'
    except (PackageNotFoundError, OSError):  # no AMENT_PREFIX_PATH
        return f'config/{name}'
