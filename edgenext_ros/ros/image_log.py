# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Log what kind of images arrive, and which give no result."""

from __future__ import annotations

from typing import Any

from edgenext_ros.core.bit_depth import BitDepth
from edgenext_ros.core.frame import Frame
from edgenext_ros.engines.base import EngineRestsError
from edgenext_ros.ros.log_limits import LogLimiter, replace_invalid_utf8
from edgenext_ros.ros.outcome import describe_problem, Outcome
from edgenext_ros.ros.safe_callbacks import print_exceptions

_MOST_ALIKE = 3
"""Logged problems that differ in a number alone: each damaged frame may have another size."""
_MOST_NOTES = 20
"""Logged notes: a driver that is odd in a new way in every frame must not fill the disk."""


class ImageLog:
    """
    Log news of the images; for one thread at a time.

    :param logger: the node's.
    :param topic: full name of the topic of the images.
    """

    def __init__(self, logger: Any, *, topic: str) -> None:
        self._logger, self._topic = logger, topic
        self._problems, self._news = LogLimiter(), LogLimiter()
        self.layout = ''
        """Kind of the pictures that arrive, in words; empty before the first."""
        self._bit_depth, self._notes = BitDepth(), set[str]()

    @print_exceptions
    def on_outcome(self, outcome: Outcome) -> None:
        """Log what is new about an image."""
        if outcome.error is not None:
            self._log_problem(outcome.error)
        elif outcome.picture is not None and outcome.frame is not None:
            self._log_layout(outcome.picture.layout, outcome.frame)
            if self._problems.recovered():
                self._logger.info('frames are good again')

    def _log_layout(self, layout: str, frame: Frame) -> None:
        if self._is_new(frame.note):
            self._logger.info(replace_invalid_utf8(f'images of {self._topic}: {frame.note}'))
        dark = self._bit_depth.judge(frame)
        if self._is_new(dark):
            self._logger.warning(f'images of {self._topic}: {dark}')
        if layout != self.layout:
            before, self.layout = self.layout, layout
            text = f'{layout}, before {before}' if before else layout
            # Two cameras on one topic would fill the disk.
            if self._news.should_log(text):
                self._logger.info(replace_invalid_utf8(f'images of {self._topic}: {text}'))

    def _is_new(self, note: str) -> bool:
        new = bool(note) and note not in self._notes and len(self._notes) < _MOST_NOTES
        if new:
            self._notes.add(note)
        return new

    def _log_problem(self, error: BaseException) -> None:
        # An engine that rests was logged when it failed.
        if isinstance(error, EngineRestsError):
            return
        reason = describe_problem(error)
        if self._problems.should_log(reason, most_alike=_MOST_ALIKE):
            self._logger.warning(replace_invalid_utf8(
                f'no result for a frame of {self._topic}: {reason}'))
