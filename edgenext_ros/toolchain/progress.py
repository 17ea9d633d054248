# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How long work says how far it is."""

from __future__ import annotations

from collections.abc import Callable

StepProgress = Callable[[str], None]
"""Is told what was done, for people."""


class Passing(str):
    """News that the next may replace, such as the number of pictures done."""


def duration(seconds: float) -> str:
    """Write a time for people."""
    whole = round(seconds)
    if whole < 100:
        return f'{whole} s'
    minutes = round(seconds / 60)
    return f'{minutes} min' if minutes < 100 else f'{minutes // 60} h {minutes % 60} min'
