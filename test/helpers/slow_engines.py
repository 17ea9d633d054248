# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Engines with deliberate faults of speed, on a clock of their own or on the real one.

``SerialBpu`` is a BPU on a fake clock: one task at a time, in the order of their arrival.
``opener`` returns engines on the real clock, which the self-test measures as those of a board.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import CDLL, PyDLL
from random import Random
from threading import Event, Lock, Thread

from edgenext_ros.engines.base import Engine, ModelInfo
from edgenext_ros.engines.slot_pool import SlotPool
from edgenext_ros.selftest.fast_latency import TimedRun, TimedSeries
import numpy as np

SIZE, CLASSES = 224, 100
ESTIMATE_MS = 0.6941
"""The compiler's estimate for the bundled ``.bin``."""


class SerialBpu:
    """
    A BPU on a fake clock.

    :param task_ms: returns the duration of one of our tasks.
    :param other_ms: duration of a task of another user; 0 for none.
    :param rest_ms: pause of the other user between two tasks.
    :param waits_ms: returns how long our thread waits for a processor core in a run.
    """

    def __init__(self, task_ms: Callable[[], float], *, other_ms: float = 0.0,
                 rest_ms: float = 0.0, waits_ms: Callable[[], float] = lambda: 0.0) -> None:
        self._task, self._waits = task_ms, waits_ms
        self._other, self._rest = other_ms, rest_ms
        self._now = self._other_begin = 0.0

    def run(self) -> TimedRun:
        """Run one picture, and return its time."""
        begin, start = self._now, self._now
        if self._other:
            # The other user's tasks up to now; a task that it submitted before ours runs first.
            while self._other_begin + self._other <= begin:
                self._other_begin += self._other + self._rest
            if self._other_begin <= begin:
                start = self._other_begin + self._other
                self._other_begin = start + self._rest
        waited = self._waits()
        self._now = start + self._task() + waited
        if self._other and self._other_begin < self._now:
            self._other_begin = self._now  # a task of the other user waits for ours
        return TimedRun(self._now - begin, waited)

    def series(self, *, seconds: float = 2.0, paced: int = 150, seed: int = 0) -> TimedSeries:
        """Run a steady series for so many seconds, then paced pictures."""
        random, end, steady = Random(seed), self._now + 1e3 * seconds, []
        while self._now < end:
            steady.append(self.run())
        after_pause = []
        for _ in range(paced):
            self._now += random.uniform(0, 30)
            after_pause.append(self.run())
        return TimedSeries(tuple(steady), tuple(after_pause))


class StandInSlot:
    """Memory of one picture; its inference takes as long as ``work``."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.picture = np.zeros(SIZE * SIZE * 3 // 2, np.uint8)
        self._work = work
        self._scores = np.zeros(CLASSES, np.float32)

    def run(self):
        """Wait, and return constant scores."""
        self._work()
        return self._scores


class SlowEngine:
    """
    An engine that runs one picture at a time, with a fault or none.

    :param fault: a key of ``fault_table.OF_SPEED``; anything else for none.
    """

    def __init__(self, fault: str, *, slots: int = 4) -> None:
        self._bpu, self._random, self._ended = Lock(), Random(0), Event()
        sleep_us = (PyDLL if fault == 'held GIL' else CDLL)(None).usleep
        times_us = {
            'slow core': lambda: 8_000, 'held GIL': lambda: 1_000,
            'jitter': lambda: 700 + round(self._random.expovariate(1 / 6_000))}
        time_us = times_us.get(fault, lambda: 700)

        def work() -> None:
            if fault == 'held GIL':  # a lock would release the GIL
                sleep_us(time_us())
                return
            with self._bpu:
                sleep_us(time_us())

        self._detector = Thread(target=self._detect, daemon=True) \
            if fault == 'shared BPU' else None
        if self._detector is not None:
            self._detector.start()
        self.info = ModelInfo('demo', 'stand-in', width=SIZE, height=SIZE, classes=CLASSES,
                              slots=slots)
        self._pool = SlotPool(self.info, [StandInSlot(work) for _ in range(slots)])

    def _detect(self) -> None:
        """Keep the BPU busy for 20 ms of each 30 ms, as a detector does."""
        while not self._ended.wait(0.01):
            with self._bpu:
                CDLL(None).usleep(20_000)

    def slot(self):
        """Lend a slot."""
        return self._pool.slot()

    def close(self) -> None:
        """End the detector too."""
        self._pool.close()
        self._ended.set()
        if self._detector is not None:
            self._detector.join()


def opener(fault: str) -> Callable[..., tuple[Engine, ModelInfo]]:
    """Return a function like ``open_model`` that opens an engine with a fault."""

    def open_(model, *, runtime='auto', options=None):
        engine = SlowEngine(fault)
        return engine, engine.info

    return open_


def times(random: Random, middle_ms: float, spread: float = 0.03) -> Callable[[], float]:
    """Return a function that returns times near a value, as of a machine with little jitter."""
    return lambda: middle_ms * (1 + spread * abs(random.gauss(0, 1)))
