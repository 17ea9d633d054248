# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Count frames that never arrived, from the stamps of the frames that did.

A camera stamps its frames at a steady period. A missing frame makes the gap between two stamps a
multiple of that period. The period is unknown, and at high losses few gaps have its length, so
``period_of`` fits it to the gaps.

A missing frame was not necessarily lost on the way. The middleware stores one frame for this
process, and a newer frame overwrites it while the process is busy. Therefore each arrival has the
time in which no thread waited for a frame.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from edgenext_ros.core.period import LEAST_GAPS, period_of
import numpy as np

_WINDOW = 128
"""Number of gaps that the period is fitted to."""
_SAME = 4
"""This many equal gaps of several periods in a row mean that the camera changed its rate."""
_LONGEST_S, _LONGEST_PERIODS = 2.0, 25
"""Gaps longer than both limits are pauses of the camera, not losses."""
_SHORTEST_S = 0.012
"""Minimum distance of frames that are counted by their stamps (83 Hz). Closer ones are overwritten
before a process can take them, or arrive in bursts, whose stamps show no losses. What is not
counted is listed in docs/interface.md, "Missing images"."""
_LONGEST_CYCLE, _REPEATS = 6, 3
"""A cycle of up to 6 gaps that repeats 3 times means that the camera itself leaves out frames."""
_UNATTENDED = 0.5
"""A frame may have been overwritten when no thread waited for this many periods."""
_LEAST_LOSSES, _LEAST_SHARE, _LEAST_FRAMES = 3, 0.03, 20
_SHARE_S, _EVIDENCE_S = 30.0, 120.0
_CALM_S, _CALM_INTERVALS, _CALM_FRAMES, _CALM_SHARE = 8.0, 10, 8, 0.01
"""Losses have ended after 8 s and 10 usual intervals with 8 frames or more, under 1 % lost."""
_FEW_LOSSES, _FEW_CALM_S = 10, 30.0
"""With fewer losses, their usual interval is unknown, and the longer time applies."""
_NEW = 4096


class _Arrival(NamedTuple):
    stamp: int
    arrived: float
    unattended: float
    stream: str
    sequence: int | None


class _Gap(NamedTuple):
    seconds: float
    """Time between the two stamps."""
    waited: float
    """Time between the two arrivals, by this computer's clock."""
    unattended: float
    skipped: int | None
    """Sequence numbers between the two; None when the middleware provides none."""


class _Second(NamedTuple):
    """Result of one call of ``update``."""

    at: float
    received: int
    lost: int
    losses: int
    """Number of gaps with lost frames."""
    overwrites: int
    """Number of gaps with overwritten frames."""


@dataclass(frozen=True)
class Loss:
    """Counts of the frames that did not arrive."""

    lost: int = 0
    """Frames that never reached this process."""
    overwritten: int = 0
    """Frames that a newer one overwrote in the middleware while this process was busy."""
    share: float = 0.0
    """Share of lost frames in all frames of the last half minute, 0..1."""
    rate: float = 0.0
    """Frames that the camera sends per second; 0 while unknown."""
    goes_on: bool = False
    """Losses are frequent enough, for long enough, for a warning."""
    arrives: bool = False
    """A frame arrived in the last half minute."""


class LostFrames:
    """
    Count the frames that are missing between those that arrive.

    The receiving thread calls ``note`` and ``interrupt``, which only append. One other thread
    calls ``update``, which counts.
    """

    def __init__(self) -> None:
        self._new: deque[_Arrival | None] = deque(maxlen=_NEW)
        self._last: _Arrival | None = None
        self._gaps: deque[_Gap] = deque(maxlen=_WINDOW)
        self._uncounted = 0
        self._seconds: deque[_Second] = deque()
        self._lost = self._overwritten = 0
        self._unsure = 0  # counted as lost once there are enough losses
        self._last_loss = float('-inf')
        self._goes_on = False

    def note(self, stamp: int, *, arrived: float, unattended: float, stream: str = '',
             sequence: int | None = None) -> None:
        """
        Record the arrival of a frame.

        :param stamp: the camera's stamp in nanoseconds; 0 means unknown.
        :param arrived: monotonic seconds.
        :param unattended: seconds before the arrival in which no thread waited, so that a frame
            would have been overwritten.
        :param stream: name of the stream whose stamps are compared, such as the ``frame_id``.
        :param sequence: number of frames that the publisher has sent; None if unknown.
        """
        self._new.append(_Arrival(stamp, arrived, unattended, stream, sequence)
                         if stamp else None)

    def interrupt(self) -> None:
        """Record a pause, so that the next stamp is not compared with the previous one."""
        self._new.append(None)

    def reset_counts(self) -> None:
        """Count lost and overwritten frames from zero."""
        self._lost = self._overwritten = self._unsure = 0

    def update(self, now: float, *, several: bool = False, stalled: bool = False) -> Loss:
        """
        Count the frames that are missing since the last call.

        :param now: monotonic seconds.
        :param several: several cameras share the stream, so their stamps show no losses.
        :param stalled: the process did not run for a while, so missing frames were overwritten.
        :return: all counts up to now.
        """
        received = self._take_new(stalled)
        if several:
            self._last, self._uncounted = None, 0
            self._gaps.clear()
        period = period_of(np.array([gap.seconds for gap in self._gaps]))
        second = _Second(now, received, 0, 0, 0)
        # Without a period, only sequence numbers show what is missing.
        numbered = len(self._gaps) >= LEAST_GAPS and self._gaps[-1].skipped is not None
        if period is not None or numbered:
            second = self._count(period, second)
        self._seconds.append(second)
        while self._seconds[0].at < now - _EVIDENCE_S:
            self._seconds.popleft()
        arrives = self._arrives(now)  # _judge may forget the seconds
        share = self._judge(now, steady=period is not None or numbered)
        return Loss(self._lost, self._overwritten, share, 1 / period if period else 0.0,
                    self._goes_on, arrives)

    def _arrives(self, now: float) -> bool:
        return any(second.received for second in self._seconds if second.at > now - _SHARE_S)

    def _take_new(self, stalled: bool) -> int:
        """Turn the new arrivals into gaps and return the number of frames."""
        received = 0
        for _ in range(len(self._new)):
            arrival, last = self._new.popleft(), self._last
            received += arrival is not None
            if arrival is not None and last is not None and arrival.stream == last.stream:
                gap = (arrival.stamp - last.stamp) / 1e9
                if gap == 0:  # the same frame again
                    continue
                if gap > 0:
                    waited = arrival.arrived - last.arrived
                    self._gaps.append(_Gap(
                        gap, waited, waited if stalled else arrival.unattended,
                        _skipped(last.sequence, arrival.sequence)))
                    self._uncounted = min(self._uncounted + 1, _WINDOW)
            self._last = arrival
        return received

    def _count(self, period: float | None, second: _Second) -> _Second:
        """Count the missing frames of the gaps that were not counted yet."""
        gaps = list(self._gaps)
        first, end = len(gaps) - self._uncounted, len(gaps)
        missing, usual = [0] * len(gaps), 0.0
        if period is not None:
            # A bag may be played at another rate than it was recorded.
            usual = period * sum(gap.waited for gap in gaps) / sum(gap.seconds for gap in gaps)
            missing, end = _missing(gaps, period, pace=usual / period)
        self._uncounted = len(gaps) - max(first, end)
        for gap, by_stamps in zip(gaps[first:end], missing[first:end], strict=True):
            # Sequence numbers do not count frames that the camera itself left out.
            frames = by_stamps if gap.skipped is None else gap.skipped
            spacing = usual or gap.waited / (frames + 1)
            if not frames or (gap.skipped is None and spacing < _SHORTEST_S):
                continue
            if spacing < _SHORTEST_S or gap.unattended > _UNATTENDED * spacing:
                self._overwritten += frames
                second = second._replace(overwrites=second.overwrites + 1)
            else:
                second = second._replace(lost=second.lost + frames, losses=second.losses + 1)
        self._unsure += second.lost
        return second

    def _judge(self, now: float, *, steady: bool) -> float:
        """Decide whether losses go on, and return their share."""
        if self._seconds[-1].losses:
            self._last_loss = now
        frames, share = self._share(now, _SHARE_S)
        losses = sum(second.losses for second in self._seconds)
        # A frame may be overwritten between its arrival and the wake-up of this process.
        if losses >= _LEAST_LOSSES and losses > sum(second.overwrites for second in self._seconds):
            self._lost, self._unsure = self._lost + self._unsure, 0
        if not self._goes_on:
            self._goes_on = (self._last_loss == now and not self._unsure
                             and share >= _LEAST_SHARE and frames >= _LEAST_FRAMES)
        elif not losses:
            self._goes_on = False
        elif steady:
            begin = next(second.at for second in self._seconds if second.losses)
            usual = (self._last_loss - begin) / losses
            calm = max(_CALM_S if losses >= _FEW_LOSSES else _FEW_CALM_S, _CALM_INTERVALS * usual)
            frames, late_share = self._share(now, calm)
            if frames >= _CALM_FRAMES and late_share < _CALM_SHARE:
                self._goes_on = False
                self._seconds.clear()
        return share

    def _share(self, now: float, seconds: float) -> tuple[int, float]:
        """Return the number of frames in the last seconds, and the share that was lost."""
        recent = [second for second in self._seconds if second.at > now - seconds]
        lost = sum(second.lost for second in recent)
        frames = lost + sum(second.received for second in recent)
        return frames, lost / max(1, frames)


def _missing(gaps: list[_Gap], period: float, *, pace: float) -> tuple[list[int], int]:
    """Return the missing stamps of each gap, and the number of gaps whose count is final."""
    periods = [max(1, round(gap.seconds / period)) for gap in gaps]
    lengths, cyclic = _run_lengths(periods), _in_cycle(periods)
    longest = max(_LONGEST_S, _LONGEST_PERIODS * period)
    missing = [
        # The camera's clock was set when stamps are further apart than arrivals.
        0 if length >= _SAME or repeats or gap.seconds > longest
        or gap.waited < pace * gap.seconds / 2 else count - 1
        for gap, count, length, repeats in zip(gaps, periods, lengths, cyclic, strict=True)]
    # The last run of gaps may still turn out to be a new rate.
    grows = periods[-1] > 1 and lengths[-1] < _SAME
    return missing, len(gaps) - (lengths[-1] if grows else 0)


def _skipped(before: int | None, after: int | None) -> int | None:
    """Return how many sequence numbers lie between two; 0 after a restart of the publisher."""
    if before is None or after is None:
        return None
    return after - before - 1 if before < after < before + _NEW else 0


def _in_cycle(values: list[int]) -> list[bool]:
    """Say for each value whether it is in a short cycle that repeats, such as 1 2 1 2 1 2 1 2."""
    found = [False] * len(values)
    for cycle in range(2, _LONGEST_CYCLE + 1):
        matches = 0
        for at in range(cycle, len(values)):
            matches = matches + 1 if values[at] == values[at - cycle] else 0
            if matches >= _REPEATS * cycle:
                found[at - matches - cycle + 1:at + 1] = [True] * (matches + cycle)
    return found


def _run_lengths(values: list[int]) -> list[int]:
    """Return for each value the length of its run of equal values."""
    lengths: list[int] = []
    while len(lengths) < len(values):
        begin = len(lengths)
        end = next((index for index in range(begin, len(values))
                    if values[index] != values[begin]), len(values))
        lengths += [end - begin] * (end - begin)
    return lengths
