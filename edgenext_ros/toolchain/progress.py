# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Progress reports of long work."""

from __future__ import annotations

from collections.abc import Callable

StepProgress = Callable[[str], None]
"""Called with a line for each step."""


class Passing(str):
    """A line that the next one may replace, such as the number of pictures done."""


def duration(seconds: float) -> str:
    """Format a duration: ``57 s``, ``12 min``, ``2 h 30 min``."""
    if round(seconds) < 100:
        return f'{round(seconds)} s'
    minutes = round(seconds / 60)
    return f'{minutes} min' if minutes < 100 else f'{minutes // 60} h {minutes % 60} min'
