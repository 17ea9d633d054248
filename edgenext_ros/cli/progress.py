# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Progress of a verb: pictures and downloads on stderr, and the steps of long work."""

from __future__ import annotations

import sys
from time import monotonic

from edgenext_ros.toolchain.progress import duration, Passing

_EVERY_S, _EVERY = 5.0, 50
"""Seconds and pictures after which progress is printed without a terminal."""
_REDRAW_S = 0.1
"""Seconds after which the line is redrawn on a terminal."""


def _redraw(text: str, *, end: str = '') -> None:
    """Print on stderr; on a terminal, clear the present line first."""
    print(('\r\x1b[K' if sys.stderr.isatty() else '') + text, end=end, file=sys.stderr, flush=True)


class PictureMeter:
    """
    Print on stderr how many pictures are done and how long the others will take.

    :param title: name of the run.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._first: tuple[float, int] | None = None
        self._last: tuple[float, int] | None = None

    def __call__(self, done: int, total: int) -> None:
        """
        Record that ``done`` of ``total`` pictures are done.

        The first call starts the clock; a call with 0 after a run restarts it.
        """
        now, terminal = monotonic(), sys.stderr.isatty()
        if self._first is None or self._last is None or done == 0 < self._last[1]:
            self._first = self._last = (now, done)
            if done:
                print(f'{self._title}: resumes after {done} of {total} pictures of an '
                      'interrupted evaluation', file=sys.stderr, flush=True)
            return
        since = now - self._last[0], done - self._last[1]
        if since[1] <= 0:
            return
        if done < total and since[0] < (_REDRAW_S if terminal else _EVERY_S) and (
                terminal or since[1] < _EVERY):
            return
        self._last = (now, done)
        left = (total - done) * (now - self._first[0]) / (done - self._first[1])
        _redraw(f'{self._title}: {done}/{total} pictures, ' + (
            f'{duration(left)} left' if done < total else
            f'took {duration(now - self._first[0])}'),
            end='\n' if done == total or not terminal else '')


class DownloadBar:
    """
    Show the progress of a download on stderr if it is a terminal, and sentences in any case.

    :param name: name of the file.
    """

    def __init__(self, name: str) -> None:
        self._name, self._shown = name, 0.0

    def show(self, done: int, total: int | None) -> None:
        """Redraw the line, at most ten times a second; both numbers are bytes."""
        now = monotonic()
        if sys.stderr.isatty() and (now - self._shown >= _REDRAW_S or done == total):
            self._shown = now
            size = f' of {total / 1e6:.2f}' if total else ''
            percent = f'{100 * done / total:4.0f} %' if total else ''
            _redraw(f'{self._name}  {done / 1e6:.2f}{size} MB{percent}')

    def notice(self, text: str) -> None:
        """Print a sentence in place of the line."""
        _redraw(text, end='\n')

    def clear(self) -> None:
        """Remove the line."""
        _redraw('')


class Steps:
    """
    Print each step of long work, after the seconds since it began.

    :param stderr: print on stderr instead of stdout.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        self._stderr = stderr
        self._begin, self._passing = monotonic(), 0.0

    def __call__(self, text: str) -> None:
        """Print a step; ``Passing`` ones at most every five seconds."""
        seconds = monotonic() - self._begin
        if isinstance(text, Passing) and seconds - self._passing <= _EVERY_S:
            return
        print(f'{seconds:6.0f} s  {text}', file=sys.stderr if self._stderr else sys.stdout,
              flush=True)
        self._passing = seconds
