# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Time an engine's inferences, and name the likely cause when they are far from the estimate.

Two series tell the causes apart. In the steady one each picture follows the last; in the paced one
a random pause comes before each picture, so that it meets another user's task at any of its
moments. A slow core delays all pictures alike. A task of another user delays by its own length at
most, and in the steady series by the whole of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter, sleep

from edgenext_ros.engines.base import Engine, ModelInfo
import numpy as np
import numpy.typing as npt

_Times = npt.NDArray[np.float64]

LONGEST_PAUSE_S = 0.03
"""Longest pause of the paced series; more than the longest task of a usual detector."""
ATTEMPTS = 3
"""Maximum number of attempts at the times of an engine."""
_SCHEDSTAT = Path('/proc/thread-self/schedstat')
_FACTOR, _CALL_MS = 1.5, 0.4
"""An inference may take ``_FACTOR`` times the estimate, and ``_CALL_MS`` for the call."""
_LATE_FACTOR, _LATE_MS = 0.5, 0.5
"""A picture is late when it takes this share, and this time, more than the fastest ones."""
_FEW = 0.05
"""Share of late pictures up to which they count as single events."""
_MANY = 0.2
"""Share of late pictures from which their times count as jitter, whatever their lengths."""
_STEP_SPREAD = 0.3
"""Delays are of one length when their middle half spreads by less than this share of it."""
_LEAST_STEPS = 4
_ALIKE = 3.0
"""Factor within which two estimates of the other user's share of the BPU agree."""
BUSY_PERCENT = 5.0
"""BPU load before the test from which the BPU counts as used by another program."""


@dataclass(frozen=True)
class TimedRun:
    """The time of one inference."""

    latency_ms: float
    waited_ms: float = 0.0
    """Part of it in which the thread was ready and waited for a free processor core."""

    @property
    def judged_ms(self) -> float:
        """The time without the wait for a core, which says nothing about the engine."""
        return max(0.0, self.latency_ms - self.waited_ms)


@dataclass(frozen=True)
class TimedSeries:
    """The times of one attempt."""

    steady: tuple[TimedRun, ...]
    """Each picture follows the last."""
    paced: tuple[TimedRun, ...] = ()
    """A random pause comes before each picture."""


class TimingCause(Enum):
    """The likely cause of an engine's times."""

    NONE = 'as estimated'
    SLOW = 'slow core or clock'
    SHARED = 'BPU shared with another user'
    JITTER = 'jitter'


@dataclass(frozen=True)
class Diagnosis:
    """The cause of an engine's times, and what shows it."""

    cause: TimingCause
    text: str
    """What shows it, as the end of a sentence; empty for ``TimingCause.NONE``."""
    step_ms: float | None = None
    """Length of the other user's task, where the delays show one."""


def time_runs(engine: Engine, info: ModelInfo, *, count: int, within_s: float,
              longest_pause_s: float = 0.0) -> tuple[TimedRun, ...]:
    """
    Run pictures of noise, and time each inference without the copy of its picture.

    :param engine: an engine with an open model.
    :param info: facts about the model.
    :param count: number of pictures.
    :param within_s: stop early after so many seconds, but not before two pictures.
    :param longest_pause_s: pause up to so many seconds before each picture, at random.
    :raises InferenceError: the inference of a picture failed.
    """
    picture = np.random.default_rng(0).integers(0, 256, info.nv12_size, np.uint8)
    random, runs = Random(0), list[TimedRun]()
    end = perf_counter() + within_s
    while len(runs) < count and (len(runs) < 2 or perf_counter() < end):
        if longest_pause_s:
            sleep(random.uniform(0, longest_pause_s))
        with engine.slot() as slot:
            np.copyto(slot.picture, picture)
            waited, begin = _waited_ms(), perf_counter()
            slot.run()
            latency_ms = 1e3 * (perf_counter() - begin)
            runs.append(TimedRun(latency_ms, min(latency_ms, _waited_ms() - waited)))
    return tuple(runs)


def _waited_ms() -> float:
    """Return how long this thread has waited for a core (proc(5)); 0 where that is not known."""
    try:
        return int(_SCHEDSTAT.read_text().split()[1]) / 1e6
    except (OSError, ValueError, IndexError):
        return 0.0


def figures(runs: Sequence[TimedRun]) -> dict[str, float]:
    """Return median, 95th percentile, maximum and jitter (p95 - p5), in ms, waits included."""
    times = np.array([run.latency_ms for run in runs])
    low, middle, high = np.percentile(times, (5, 50, 95))
    return {'median_ms': float(middle), 'p95_ms': float(high), 'max_ms': float(times.max()),
            'jitter_ms': float(high - low)}


def limit_ms(estimate_ms: float) -> float:
    """Return the longest median time that fits an estimate of the compiler."""
    return _FACTOR * estimate_ms + _CALL_MS


def exceeded(series: TimedSeries, diagnosis: Diagnosis, *, estimate_ms: float) -> str:
    """
    Say which expectation about the times is not met.

    :param series: the times of one attempt.
    :param diagnosis: what ``diagnose`` found for them.
    :param estimate_ms: the compiler's estimate.
    """
    long = median(run.judged_ms for run in series.steady) > limit_ms(estimate_ms)
    return ' and '.join((
        *(('a longer median',) if long else ()),
        *(('times that are not steady',) if diagnosis.cause is not TimingCause.SLOW else ())))


def diagnose(series: TimedSeries, *, estimate_ms: float,
             load_before: float | None = None, clock: str = '',
             remedy: str = '') -> Diagnosis:
    """
    Name the likely cause of an engine's times.

    :param series: the times of one attempt.
    :param estimate_ms: the compiler's estimate.
    :param load_before: BPU load before the test in per cent; None where it cannot be read.
    :param clock: the clock of the BPU, as text; empty where it cannot be read.
    :param remedy: what to do about a low clock; empty where that is not known.
    """
    steady = np.array([run.judged_ms for run in series.steady])
    paced = np.array([run.judged_ms for run in series.paced or series.steady])
    fastest = float(min(np.percentile(steady, 5), paced.min()))
    steady_late = _late(steady, fastest)
    # After a pause all pictures may take longer, because clocks fall: that is no delay.
    paced_late = _late(paced, float(np.percentile(paced, 5)))
    share, paced_share = len(steady_late) / len(steady), len(paced_late) / len(paced)
    step = _step(steady_late)
    # The other user's share of the time is the chance to meet it.
    taken = float(steady_late.sum() / steady.sum())
    if step is not None and paced_share > _FEW and taken / _ALIKE < paced_share < taken * _ALIKE:
        return Diagnosis(TimingCause.SHARED, (
            f'{len(paced_late)} of {len(paced)} pictures at random moments wait up to '
            f'{paced_late.max():.1f} ms longer than the fastest, and pictures without a pause '
            f'wait {step:.1f} ms, as for one task of another program; stop the other users of '
            'the BPU, or count on this wait'), step)
    if (load_before is not None and load_before >= BUSY_PERCENT
            and max(share, paced_share) > _FEW):
        return Diagnosis(TimingCause.SHARED, (
            f'{100 * max(share, paced_share):.0f} % of the pictures wait, and the BPU load was '
            f'already {load_before:.0f} % before the test; stop the other users of the BPU, or '
            'count on this wait'))
    limit, middle = limit_ms(estimate_ms), median(steady)
    if middle > limit and (share <= _MANY or np.percentile(steady, 5) > limit):
        others = 'the others about as long' if share <= _MANY else \
            f'{100 * share:.0f} % of the others longer still'
        return Diagnosis(TimingCause.SLOW, (
            f'the fastest pictures take {fastest:.2f} ms and {others}'
            f'{f", at a BPU clock of {clock}" if clock else ""}'
            f'{f"; {remedy}" if remedy else ""}'))
    if middle > limit or share > _MANY:
        return Diagnosis(TimingCause.JITTER, (
            f'{100 * share:.0f} % of the pictures take over {_tolerated_ms(fastest):.2f} ms '
            'longer than the fastest, by no common length; programs on the processor, its '
            'governor, or several users of the BPU may cause that'))
    return Diagnosis(TimingCause.NONE, '')


def _late(times: _Times, fastest: float) -> _Times:
    """Return the delays of the late pictures."""
    delays = times - fastest
    return delays[delays > _tolerated_ms(fastest)]


def _tolerated_ms(fastest: float) -> float:
    """Return the delay up to which a picture is not late."""
    return max(_LATE_FACTOR * fastest, _LATE_MS)


def _step(delays: _Times) -> float | None:
    """Return the common length of delays; None if they have none."""
    if len(delays) < _LEAST_STEPS:
        return None
    low, middle, high = np.percentile(delays, (25, 50, 75))
    return float(middle) if high - low < _STEP_SPREAD * middle else None


def measure(engine: Engine, info: ModelInfo, *, quick: bool) -> TimedSeries:
    """
    Run one attempt: the steady series, then the paced one.

    :param engine: an engine with an open model.
    :param info: facts about the model.
    :param quick: take 2 s instead of 6.
    :raises InferenceError: the inference of a picture failed.
    """
    return TimedSeries(
        time_runs(engine, info, count=1000 if quick else 4000, within_s=0.8 if quick else 3.0),
        time_runs(engine, info, count=60 if quick else 150, within_s=1.5 if quick else 4.0,
                  longest_pause_s=LONGEST_PAUSE_S))


def repeated(attempt: Callable[[], TimedSeries], judge: Callable[[TimedSeries], Diagnosis],
             ) -> tuple[TimedSeries, Diagnosis]:
    """
    Measure until an attempt has no fault; a real fault shows in each attempt.

    :param attempt: measures one attempt.
    :param judge: names the cause of its times.
    :return: the attempt without a fault, or the last one, with its diagnosis.
    """
    for _ in range(ATTEMPTS):
        series = attempt()
        diagnosis = judge(series)
        if diagnosis.cause is TimingCause.NONE:
            break
    return series, diagnosis
