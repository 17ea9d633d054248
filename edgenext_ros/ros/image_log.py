# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the log says of the images."""

from __future__ import annotations

import traceback
from typing import Any

from edgenext_ros.core.bit_depth import BitDepth
from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.engines.base import EngineRestsError, InferenceError
from edgenext_ros.ros.diagnostics import printable
from edgenext_ros.ros.guarded import harmless
from edgenext_ros.ros.log_limits import Complaints

_MOST_ALIKE = 3
"""Problems that differ in a number alone: each damaged frame may have another size."""
_MOST_NOTES = 20
"""That are logged: a driver that is odd in a new way in every frame must not fill the disk."""


class ImageLog:
    """
    Say what kind of images come, and which give no result; for one thread at a time.

    :param node: the classifier.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._complaints, self._news = Complaints(), Complaints()
        self.layout = ''
        """Of the pictures that come, in words; empty before the first."""
        self._bit_depth, self._notes = BitDepth(), set[str]()

    @harmless
    def tell_of_layout(self, layout: str, frame: Frame) -> None:
        """Log what kind of pictures come, when it is another than before, and what is odd."""
        if self._is_new(frame.note):
            self._node.get_logger().info(
                printable(f'images of {self._topic()}: {frame.note}'))
        dark = self._bit_depth.judge(frame)
        if self._is_new(dark):
            self._node.get_logger().warning(f'images of {self._topic()}: {dark}')
        if layout != self.layout:
            before, self.layout = self.layout, layout
            text = f'{layout}, before {before}' if before else layout
            # Two cameras on one topic would fill the disk.
            if self._news.deserves_a_line(text):
                self._node.get_logger().info(printable(f'images of {self._topic()}: {text}'))

    def _is_new(self, note: str) -> bool:
        new = bool(note) and note not in self._notes and len(self._notes) < _MOST_NOTES
        if new:
            self._notes.add(note)
        return new

    @harmless
    def complain(self, error: Exception) -> None:
        """Count and log what gave no result."""
        # Others are a bug of ours, which must not end the thread.
        reason = str(error) if isinstance(error, (FrameError, InferenceError)) else \
            ''.join(traceback.format_exception(type(error), error, error.__traceback__))
        self._node.statistics.count_problem(reason, engine=not isinstance(error, FrameError))
        # That the engine rests was to be expected when it was said why.
        if not isinstance(error, EngineRestsError) and self._complaints.deserves_a_line(
                reason, most_alike=_MOST_ALIKE):
            self._node.get_logger().warning(printable(
                f'no result for a frame of {self._topic()}: {reason}'))

    @harmless
    def settle(self) -> None:
        """Log the first good image after a problem."""
        if self._complaints.settle():
            self._node.get_logger().info('frames are good again')

    def _topic(self) -> str:
        name: str = self._node.resolve_topic_name('image')
        return name
