# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Log layout and notes of the images that arrive, and images without a result."""

from __future__ import annotations

from time import monotonic

from edgenext_ros.core.bit_depth import BitDepth
from edgenext_ros.core.frame import Frame
from edgenext_ros.engines.base import EngineRestsError
from edgenext_ros.ros.log_limits import LogLimiter, replace_invalid_utf8
from edgenext_ros.ros.outcome import describe_problem, Outcome
from edgenext_ros.ros.safe_callbacks import print_exceptions
from rclpy.impl.rcutils_logger import RcutilsLogger

_MOST_ALIKE = 3
"""Maximum number of logged problems that differ only in numbers, such as a size."""
_MOST_CHANGES = 12
"""Maximum number of logged changes of the layout; a folder of pictures may cause one a second."""
_STEADY_SECONDS = 60.0
"""After so many seconds without a change, changes are counted from zero again."""
_MOST_NOTES = 20
"""Maximum number of logged notes; a driver may cause a new one with every frame."""


class ImageLog:
    """
    Log changes of the images, and problems with them; one thread at a time may call.

    :param logger: the node's.
    :param topic: full name of the image topic.
    """

    def __init__(self, logger: RcutilsLogger, *, topic: str) -> None:
        self._logger, self._topic = logger, topic
        self._problems, self._layouts = LogLimiter(), LogLimiter()
        self.layout = ''
        """Size and encoding of the newest image as text; empty before the first image."""
        self._changes, self._changed = 0, 0.0
        self._bit_depth, self._notes = BitDepth(), set[str]()

    @print_exceptions
    def on_outcome(self, outcome: Outcome) -> None:
        """Log the problem of an image, or what changed since the previous image."""
        if outcome.error is not None:
            self._log_problem(outcome.error)
        elif outcome.picture is not None and outcome.frame is not None:
            self._log_layout(outcome.picture.layout, outcome.frame)
            if outcome.result is not None and self._problems.recovered():
                self._logger.info('frames give results again')

    def _log_layout(self, layout: str, frame: Frame) -> None:
        if self._is_new(frame.note):
            self._logger.info(replace_invalid_utf8(f'images of {self._topic}: {frame.note}'))
        dark = self._bit_depth.judge(frame)
        if self._is_new(dark):
            self._logger.warning(f'images of {self._topic}: {dark}')
        if layout != self.layout:
            before, self.layout = self.layout, layout
            self._log_change(f'{layout}, before {before}' if before else layout)

    def _log_change(self, text: str) -> None:
        before, self._changed = self._changed, monotonic()
        if self._changed - before > _STEADY_SECONDS:
            self._changes = 0
        # The log is limited, because two cameras on one topic change the layout repeatedly.
        if self._changes >= _MOST_CHANGES or not self._layouts.should_log(text):
            return
        self._changes += 1
        last = '; they change often, further changes are not logged' \
            if self._changes == _MOST_CHANGES else ''
        self._logger.info(replace_invalid_utf8(f'images of {self._topic}: {text}{last}'))

    def _is_new(self, note: str) -> bool:
        new = bool(note) and note not in self._notes and len(self._notes) < _MOST_NOTES
        if new:
            self._notes.add(note)
        return new

    def _log_problem(self, error: BaseException) -> None:
        # The failure that started the backoff is already logged.
        if isinstance(error, EngineRestsError):
            return
        reason = describe_problem(error)
        if self._problems.should_log(reason, most_alike=_MOST_ALIKE):
            self._logger.warning(replace_invalid_utf8(
                f'no result for a frame of {self._topic}: {reason}'))
