# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far a run is, on stderr."""

from __future__ import annotations

import sys
from time import monotonic

from edgenext_ros.toolchain.progress import duration

_EVERY_S, _EVERY = 5.0, 50
"""Without a terminal, progress is told after so many seconds or pictures."""


class Meter:
    """
    Tell on stderr how far a run is and how long it will still take.

    :param title: names the run.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._first: tuple[float, int] | None = None
        self._told: tuple[float, int] | None = None

    def __call__(self, done: int, total: int) -> None:
        """Take note that ``done`` of ``total`` pictures are done; the first call starts."""
        now, terminal = monotonic(), sys.stderr.isatty()
        if self._first is None or self._told is None:
            self._first = self._told = (now, done)
            if done:
                print(f'{self._title}: goes on after {done} of {total} pictures of an '
                      'interrupted evaluation', file=sys.stderr, flush=True)
            return
        since = now - self._told[0], done - self._told[1]
        if since[1] <= 0:
            return
        if done < total and since[0] < (0.1 if terminal else _EVERY_S) and (
                terminal or since[1] < _EVERY):
            return
        self._told = (now, done)
        left = (total - done) * (now - self._first[0]) / (done - self._first[1])
        text = f'{self._title}: {done}/{total} pictures, ' + (
            f'{duration(left)} left' if done < total else
            f'took {duration(now - self._first[0])}')
        # The line that is rewritten may have been longer.
        end = '\n' if done == total or not terminal else ''
        print(('\r\x1b[K' if terminal else '') + text, end=end, file=sys.stderr, flush=True)
