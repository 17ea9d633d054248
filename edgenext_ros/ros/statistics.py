# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Counts and times of images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic, time_ns

from edgenext_ros.core.classifier import Timings
from edgenext_ros.core.frame import FrameError
from edgenext_ros.ros.outcome import describe_problem, Outcome

_LONGEST_AGE_S = 3600.0


def known_age(seconds: float) -> float | None:
    """Return an age; None if it is negative, or an hour or more, as when two clocks differ."""
    return seconds if 0 <= seconds < _LONGEST_AGE_S else None


@dataclass
class Counts:
    """Frames since the node was configured, or since the time last jumped back."""

    received: int = 0
    classified: int = 0
    skipped: int = 0
    """No result because of ``max_rate``, ``skip_repeated``, or a pause during the work."""
    refused: int = 0
    """No result because the message holds no usable picture."""
    failed: int = 0
    """No result because the engine or publishing failed, or because of a bug."""
    empty: int = 0
    """Classified images in which no class reached ``score_threshold``."""


@dataclass(frozen=True)
class StatisticsReport:
    """The statistics at one moment."""

    counts: Counts
    fps: float
    """Rate of the last results; 0 if none was given for 1 s and for twice their interval."""
    image_age: float | None
    """Monotonic seconds since the last image arrived; None before the first."""
    result_age_ms: float | None
    """Node's clock minus camera stamp of the newest result; None if the clocks differ."""
    timings: Timings | None
    problem: str
    """The newest problem since the last result; empty if there was none."""
    failing: int = 0
    """Failed frames since the last result; refused ones do not count."""
    empty: bool = False
    """All results since the previous report had no class; unchanged if there were no results."""


class Rate:
    """
    The rate of results, measured from result to result; times are monotonic seconds.

    A count of the results between two updates would be wrong at low rates: a result every two
    seconds and an update each second would give 1, 0, 1, 0.
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._newest, self._count, self._rate = 0.0, 0, 0.0

    def note(self, now: float) -> None:
        """Count a result."""
        if self._first is None:
            self._first = now
        else:
            self._count += 1
        self._newest = now

    def update(self, now: float) -> float:
        """Return the rate in results a second, and begin a new period at the newest result."""
        if self._first is not None and self._count:
            self._rate = self._count / max(self._newest - self._first, 1e-9)
            self._first, self._count = self._newest, 0
        if self._rate and now - self._newest > max(1.0, 2 / self._rate):
            self._rate, self._first = 0.0, None  # the pause must not count when results resume
        return self._rate


class Statistics:
    """
    Counts and times of images; any thread may call.

    :param now_ns: returns the time in nanoseconds, which is compared with the camera's stamps.
    """

    def __init__(self, *, now_ns: Callable[[], int] = time_ns) -> None:
        self._now_ns = now_ns
        self._lock = Lock()
        self.reset()

    def reset(self) -> None:
        """Reset everything."""
        self._last_image: float | None = None
        self.reset_counts()

    def on_outcome(self, outcome: Outcome) -> None:
        """Count the outcome of an image."""
        if outcome.result is not None and outcome.picture is not None:
            # rclpy's Time is not used, because it raises on invalid stamps of broken drivers.
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
        """Arrival of the last image in monotonic seconds; minus infinity before the first."""
        return float('-inf') if self._last_image is None else self._last_image

    @property
    def fps(self) -> float:
        """Rate of results in the newest report."""
        return self._fps

    def reset_counts(self) -> None:
        """Reset everything except the time of the last image."""
        with self._lock:
            self._counts = Counts()
            self._rate = Rate()
            self._fps = 0.0
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
        """
        Count an image without a result.

        :param reason: one sentence for the diagnostics.
        :param engine: False if the message holds no usable picture; True for all other reasons.
        """
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

        :param timings: times of the stages of its classification.
        :param age: node's clock minus camera stamp in seconds; see ``known_age``.
        :param empty: no class reached the threshold.
        """
        with self._lock:
            self._counts.classified += 1
            self._counts.empty += empty
            self._fresh, self._empty = self._fresh + 1, self._empty + empty
            self._rate.note(monotonic())
            self._timings = timings
            known = known_age(age)
            self._age = None if known is None else 1e3 * known
            self._problem, self._failing = '', 0

    def report(self) -> StatisticsReport:
        """Return the statistics and begin a new period."""
        with self._lock:
            now = monotonic()
            if self._fresh:
                self._all_empty = self._empty == self._fresh
                self._fresh = self._empty = 0
            self._fps = self._rate.update(now)
            return StatisticsReport(
                counts=Counts(**vars(self._counts)), fps=self._fps,
                image_age=None if self._last_image is None else now - self._last_image,
                result_age_ms=self._age, timings=self._timings, problem=self._problem,
                failing=self._failing, empty=self._all_empty)
