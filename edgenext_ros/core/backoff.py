# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Delays between the attempts of an operation that keeps failing."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

_FIRST_S, _LONGEST_S = 0.25, 8.0
"""Delay after the second failure in a row, and maximum delay, in seconds."""
_DOUBLINGS = 30


class Backoff:
    """
    Exponential backoff: each delay between two attempts is twice as long as the previous one.

    A single failure causes no delay, because one bad picture may have caused it. The class is not
    thread-safe.

    :param clock: returns monotonic seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._failures = 0
        self._until = float('-inf')

    @property
    def failures(self) -> int:
        """Number of failures in a row."""
        return self._failures

    @property
    def rest(self) -> float:
        """Seconds until the next attempt; 0 when it is due now."""
        return max(0.0, self._until - self._clock()) if self._failures > 1 else 0.0

    def fail(self) -> None:
        """Count a failure; the second in a row and each further one start a delay."""
        self._failures += 1
        if self._failures > 1:
            doublings = min(self._failures - 2, _DOUBLINGS)
            self._until = self._clock() + min(_LONGEST_S, _FIRST_S * 2.0 ** doublings)

    def succeed(self) -> None:
        """Reset the count of failures and end the delay."""
        self._failures, self._until = 0, float('-inf')
