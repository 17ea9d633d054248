# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Test whether an engine holds Python's global interpreter lock (GIL) during an inference.

A second thread records the time as often as it can. An engine that holds the GIL leaves a gap in
these records for all of each inference. A busy processor leaves such gaps at times, never always.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from threading import Event, Thread
from time import perf_counter, sleep

from edgenext_ros.engines.base import Engine, ModelInfo
import numpy as np

_TICK_S = 5e-5
"""Pause between two records; the kernel adds about as much."""
_HELD_SHARE = 0.8
"""Gap, as a share of an inference, from which the GIL counts as held during it."""
_QUANTILE = 25
"""Percentile of the gaps that is judged, so that a busy processor does not decide."""


@dataclass(frozen=True)
class GilProgress:
    """Progress of another Python thread during inferences."""

    gaps: tuple[float, ...]
    """Longest time without progress during each inference, as a share of the inference."""

    @property
    def gap(self) -> float:
        """The gap that is judged, 0..1."""
        return float(np.percentile(self.gaps, _QUANTILE)) if self.gaps else 0.0

    @property
    def held(self) -> bool:
        """Whether the engine holds the GIL."""
        return self.gap > _HELD_SHARE


def measure(engine: Engine, info: ModelInfo, *, count: int, within_s: float) -> GilProgress:
    """
    Run pictures beside a thread that records its progress.

    :param engine: an engine with an open model.
    :param info: facts about the model.
    :param count: number of pictures.
    :param within_s: stop early after so many seconds, but not before two pictures.
    :raises InferenceError: the inference of a picture failed.
    """
    ticks: list[float] = []
    begun, ended = Event(), Event()

    def record() -> None:
        while not ended.is_set():
            ticks.append(perf_counter())
            begun.set()
            sleep(_TICK_S)

    inferences = list[tuple[float, float]]()
    thread = Thread(target=record, daemon=True)
    thread.start()
    try:
        begun.wait()
        limit = perf_counter() + within_s
        while len(inferences) < count and (len(inferences) < 2 or perf_counter() < limit):
            with engine.slot() as slot:
                slot.picture.fill(128)
                begin = perf_counter()
                slot.run()
                inferences.append((begin, perf_counter()))
            sleep(2 * _TICK_S)  # lets the other thread work between two inferences
    finally:
        ended.set()
        thread.join()
    return GilProgress(gaps(ticks, inferences))


def gaps(ticks: Sequence[float], inferences: Sequence[tuple[float, float]]) -> tuple[float, ...]:
    """Return the longest time without a tick in each inference, as a share of the inference."""
    result = []
    for begin, end in inferences:
        within = ticks[bisect(ticks, begin):bisect(ticks, end)]
        longest = max(after - before for before, after in pairwise((begin, *within, end)))
        result.append(longest / (end - begin) if end > begin else 0.0)
    return tuple(result)
