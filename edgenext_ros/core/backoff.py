# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""When to try again what keeps failing."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

_DOUBLINGS = 30


class Backoff:
    """
    Rests between tries, each twice as long as the one before; for one thread.

    After the first failure there is none: it may have been one bad picture.

    :param first: seconds of rest after the second failure in a row.
    :param longest: seconds, which no rest exceeds.
    :param clock: steady seconds.
    """

    def __init__(self, *, first: float = 0.25, longest: float = 8.0,
                 clock: Callable[[], float] = monotonic) -> None:
        self._first, self._longest, self._clock = first, longest, clock
        self._failures = 0
        self._until = float('-inf')

    @property
    def failures(self) -> int:
        """Failures in a row."""
        return self._failures

    @property
    def rest(self) -> float:
        """Seconds until the next try is due; 0 when it is."""
        return max(0.0, self._until - self._clock()) if self._failures > 1 else 0.0

    def fail(self) -> None:
        """Note a failure, which begins a rest unless it is the first in a row."""
        self._failures += 1
        if self._failures > 1:
            doublings = min(self._failures - 2, _DOUBLINGS)
            self._until = self._clock() + min(self._longest, self._first * 2.0 ** doublings)

    def succeed(self) -> None:
        """Note a success: all is forgotten."""
        self._failures, self._until = 0, float('-inf')
