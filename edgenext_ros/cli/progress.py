# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How far a verb is: pictures and downloads on stderr, the steps of long work line by line."""

from __future__ import annotations

import sys
from time import monotonic

from edgenext_ros.toolchain.progress import duration, Passing

_EVERY_S, _EVERY = 5.0, 50
"""Without a terminal, progress is told after so many seconds or pictures."""
_REDRAW_S = 0.1
"""On a terminal, the line is drawn anew after so many seconds."""


def _redraw(text: str, *, end: str = '') -> None:
    """Print on stderr; on a terminal in place of the last line, which may have been longer."""
    print(('\r\x1b[K' if sys.stderr.isatty() else '') + text, end=end, file=sys.stderr, flush=True)


class PictureMeter:
    """
    Tell on stderr how many pictures are done and how long the others will take.

    :param title: names the run.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._first: tuple[float, int] | None = None
        self._told: tuple[float, int] | None = None

    def __call__(self, done: int, total: int) -> None:
        """
        Take note that ``done`` of ``total`` pictures are done.

        The first call starts the time, and so does 0 after a run, for the next one.
        """
        now, terminal = monotonic(), sys.stderr.isatty()
        if self._first is None or self._told is None or done == 0 < self._told[1]:
            self._first = self._told = (now, done)
            if done:
                print(f'{self._title}: goes on after {done} of {total} pictures of an '
                      'interrupted evaluation', file=sys.stderr, flush=True)
            return
        since = now - self._told[0], done - self._told[1]
        if since[1] <= 0:
            return
        if done < total and since[0] < (_REDRAW_S if terminal else _EVERY_S) and (
                terminal or since[1] < _EVERY):
            return
        self._told = (now, done)
        left = (total - done) * (now - self._first[0]) / (done - self._first[1])
        _redraw(f'{self._title}: {done}/{total} pictures, ' + (
            f'{duration(left)} left' if done < total else
            f'took {duration(now - self._first[0])}'),
            end='\n' if done == total or not terminal else '')


class DownloadBar:
    """
    Show on stderr how much of a file is here, only where that is a terminal; sentences always.

    :param name: of the file.
    """

    def __init__(self, name: str) -> None:
        self._name, self._shown = name, 0.0

    def show(self, done: int, total: int | None) -> None:
        """Draw the line anew, ten times a second at most; both are bytes."""
        now = monotonic()
        if sys.stderr.isatty() and (now - self._shown >= _REDRAW_S or done == total):
            self._shown = now
            whole = f' of {total / 1e6:.2f}' if total else ''
            percent = f'{100 * done / total:4.0f} %' if total else ''
            _redraw(f'{self._name}  {done / 1e6:.2f}{whole} MB{percent}')

    def notice(self, text: str) -> None:
        """Print a sentence in place of the line."""
        _redraw(text, end='\n')

    def clear(self) -> None:
        """Remove the line."""
        _redraw('')


class Steps:
    """
    Print each step of long work, behind the seconds since it began.

    :param stderr: print there; else on stdout, which is right where the steps are the output.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        self._stderr = stderr
        self._begin, self._passing = monotonic(), 0.0

    def __call__(self, text: str) -> None:
        """Print a step; of ``Passing`` ones, one in five seconds."""
        seconds = monotonic() - self._begin
        if isinstance(text, Passing) and seconds - self._passing <= _EVERY_S:
            return
        print(f'{seconds:6.0f} s  {text}', file=sys.stderr if self._stderr else sys.stdout,
              flush=True)
        self._passing = seconds
