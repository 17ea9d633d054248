# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Counts and times of the images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic, time_ns

from edgenext_ros.core.classifier import Timings
from edgenext_ros.core.frame import FrameError
from edgenext_ros.ros.outcome import describe_problem, Outcome


@dataclass
class Counts:
    """Frames since the node was configured."""

    received: int = 0
    classified: int = 0
    skipped: int = 0
    """Left out because of ``max_rate``, ``skip_repeated``, or a pause while it was in work."""
    refused: int = 0
    """Not a usable picture."""
    failed: int = 0
    """No result because of the engine, of publishing, or of a bug."""
    empty: int = 0
    """Classified, but no class was over ``score_threshold``."""


@dataclass(frozen=True)
class StatisticsReport:
    """One look at the statistics."""

    counts: Counts
    fps: float
    """Of the last results; 0 when none has come for a second, and for twice their interval."""
    image_age: float | None
    """Steady seconds since the last image; None before the first."""
    result_age_ms: float | None
    """Newest result: node's clock minus camera stamp; None when the clocks do not agree."""
    timings: Timings | None
    problem: str
    """What went wrong since the last good frame; empty when nothing did."""
    failing: int = 0
    """Frames that the engine failed on since the last good one."""
    empty: bool = False
    """None of the results since the look before, or of the last ones, holds a class."""


class Rate:
    """
    How many results come in a second, from one of the last ones to the newest.

    A look from time to time that counted what came since the one before would see 1, 0, 1, 0 of
    a result every two seconds. Times are steady seconds.
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._newest, self._count, self._rate = 0.0, 0, 0.0

    def note(self, now: float) -> None:
        """Note a result."""
        if self._first is None:
            self._first = now
        else:
            self._count += 1
        self._newest = now

    def update(self, now: float) -> float:
        """Return the rate, and measure the next one from the newest result on."""
        if self._first is not None and self._count:
            self._rate = self._count / max(self._newest - self._first, 1e-9)
            self._first, self._count = self._newest, 0
        if self._rate and now - self._newest > max(1.0, 2 / self._rate):
            self._rate, self._first = 0.0, None  # what comes after a pause begins anew
        return self._rate


class Statistics:
    """
    Counts and times of the frames; any thread may call.

    :param now_ns: the time that the camera's stamps are compared with, in nanoseconds.
    """

    def __init__(self, *, now_ns: Callable[[], int] = time_ns) -> None:
        self._now_ns = now_ns
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._last_image: float | None = None
        self.reset_counts()

    def on_outcome(self, outcome: Outcome) -> None:
        """Count what became of an image."""
        if outcome.result is not None and outcome.picture is not None:
            # Plain arithmetic: rclpy's Time raises on stamps that a broken driver may send.
            stamp = outcome.picture.sec + outcome.picture.nanosec / 1e9
            self.count_result(outcome.result.timings, self._now_ns() / 1e9 - stamp,
                              empty=not outcome.result.prediction.class_ids)
        elif outcome.error is not None:
            self.count_problem(describe_problem(outcome.error),
                               engine=not isinstance(outcome.error, FrameError))
        else:
            self.count_skipped()

    @property
    def last_image(self) -> float:
        """Steady time of the last image; minus infinity before the first."""
        return float('-inf') if self._last_image is None else self._last_image

    def reset_counts(self) -> None:
        """Forget all but when the last image came."""
        with self._lock:
            self._counts = Counts()
            self._rate = Rate()
            self._fresh = self._empty = 0
            self._all_empty = False
            self._age: float | None = None
            self._timings: Timings | None = None
            self._problem = ''
            self._failing = 0

    def count_received(self) -> None:
        """Count an image that arrived."""
        with self._lock:
            self._counts.received += 1
            self._last_image = monotonic()

    def count_skipped(self) -> None:
        """Count an image that was left out on purpose."""
        with self._lock:
            self._counts.skipped += 1

    def count_problem(self, reason: str, *, engine: bool) -> None:
        """Count an image that gave no result, because of the engine or of itself."""
        with self._lock:
            if engine:
                self._counts.failed += 1
                self._failing += 1
            else:
                self._counts.refused += 1
            self._problem = reason

    def count_result(self, timings: Timings, age: float, *, empty: bool = False) -> None:
        """
        Count a result.

        :param age: node's clock minus camera stamp in seconds; absurd values mean unknown.
        :param empty: no class was over the threshold.
        """
        with self._lock:
            self._counts.classified += 1
            self._counts.empty += empty
            self._fresh, self._empty = self._fresh + 1, self._empty + empty
            self._rate.note(monotonic())
            self._timings = timings
            self._age = 1e3 * age if 0 <= age < 3600 else None
            self._problem, self._failing = '', 0

    def report(self) -> StatisticsReport:
        """Look at the statistics and begin a new period."""
        with self._lock:
            now = monotonic()
            if self._fresh:
                self._all_empty = self._empty == self._fresh
                self._fresh = self._empty = 0
            return StatisticsReport(
                counts=Counts(**vars(self._counts)), fps=self._rate.update(now),
                image_age=None if self._last_image is None else now - self._last_image,
                result_age_ms=self._age, timings=self._timings, problem=self._problem,
                failing=self._failing, empty=self._all_empty)
