# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Log lost frames: their share, their size, and the remedy."""

from __future__ import annotations

from edgenext_ros.core.lost_frames import Loss
from edgenext_ros.ros.dds_profiles import profile_assignment, shared_memory_remedy
from edgenext_ros.ros.log_limits import replace_invalid_utf8
from rclpy.impl.rcutils_logger import RcutilsLogger


class LossLog:
    """
    Warn once when frames begin to be lost, and log when all arrive again.

    :param logger: the node's.
    :param topic: full name of the image topic.
    """

    def __init__(self, logger: RcutilsLogger, *, topic: str) -> None:
        self._logger, self._topic = logger, topic
        self._goes_on = False

    def log(self, loss: Loss, *, layout: str, size: int, shared_memory: bool = False) -> str:
        """
        Log a change; return one sentence while frames are being lost, else an empty text.

        :param loss: counts from ``LostFrames.update``.
        :param layout: layout of the frames, such as ``640x480 bgr8``; empty if unknown.
        :param size: size of a serialised frame in bytes.
        :param shared_memory: whether the frames are TROS' messages for shared memory.
        """
        before, self._goes_on = self._goes_on, loss.goes_on
        if not loss.goes_on:
            if before and loss.arrives:  # else the camera has stopped
                self._logger.info(f'all frames of {self._topic} arrive again')
            return ''
        rate = f'{loss.rate:.1f} Hz, ' if loss.rate else ''
        frame = f'{layout}{layout and ", "}{size / 1e6:.2f} MB'
        text = replace_invalid_utf8(
            f'{100 * loss.share:.0f} % of the frames of {self._topic} are lost between the '
            f'camera and this node ({rate}{frame} each)')
        if not before:
            remedy = shared_memory_remedy() if shared_memory else \
                f'start the camera with {profile_assignment()}'
            self._logger.warning(
                f'{text}. Usually they are too large for the buffers of the middleware: {remedy}; '
                f'see "Large frames" in docs/robot.md')
        return text
