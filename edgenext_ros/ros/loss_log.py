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
from edgenext_ros.ros.log_limits import replace_invalid_utf8
from rclpy.utilities import get_rmw_implementation_identifier


class LossLog:
    """
    Warn once when frames begin to be lost, and say when they no longer are.

    :param logger: the node's.
    :param topic: full name of the topic of the images.
    """

    def __init__(self, logger: Any, *, topic: str) -> None:
        self._logger, self._topic = logger, topic
        self._goes_on = False

    def log(self, loss: Loss, *, layout: str, size: int) -> str:
        """
        Log what has changed; return one sentence while frames are lost, else nothing.

        :param loss: what is lost.
        :param layout: kind of the frames, such as ``640x480 bgr8``; empty when it is unknown.
        :param size: of a serialised frame, in bytes.
        """
        before, self._goes_on = self._goes_on, loss.goes_on
        if not loss.goes_on:
            if before:
                self._logger.info(f'the frames of {self._topic} arrive whole again')
            return ''
        rate = f'{loss.rate:.1f} Hz, ' if loss.rate else ''
        frame = f'{layout}{layout and ", "}{size / 1e6:.2f} MB'
        text = replace_invalid_utf8(
            f'{100 * loss.share:.0f} % of the frames of {self._topic} are lost between the '
            f'camera and this node ({rate}{frame} each)')
        if not before:
            self._logger.warning(
                f'{text}. Usually they are too large for the buffers of the middleware: start '
                f'the camera with {remedy()}; see "Large frames" in the README')
        return text


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
