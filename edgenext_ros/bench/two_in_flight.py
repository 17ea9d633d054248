# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Compare two pictures in flight with one, for a camera that always has the next frame.

A stand-in for the BPU runs one picture at a time, without the GIL, for the time that the compiler
estimates. So this measures the overlap of the node's own work, not a BPU's gap between two tasks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ctypes import CDLL
from threading import Event, Lock, Semaphore
from time import perf_counter

import cv2
from edgenext_ros.bench.repeatable import picture, quiet
from edgenext_ros.bench.table import BenchRow
from edgenext_ros.core.classifier import Classification, Classifier
from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.newest_frame import Pipeline
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.engines.base import ModelInfo, Scores
from edgenext_ros.engines.slot_pool import SlotPool
from edgenext_ros.toolchain.network.sizes import INPUT_SIZE
import numpy as np

_INFERENCES = {'xx_small': 723, 'base': 5200}
"""Estimated latency of the smallest and the largest size, in microseconds, from ``edgenext bench
bpu``."""
_WIDTH, _HEIGHT = 1920, 1080
_RUNS = 3
_LOGITS = np.zeros(1000, np.float32)


class _Slot:
    """Memory of one picture, and its inference."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.picture = np.empty(INPUT_SIZE * INPUT_SIZE * 3 // 2, np.uint8)
        self._work = work

    def run(self) -> Scores:
        """Wait for the duration of an inference; return constant logits."""
        self._work()
        return _LOGITS


def bpu(*, slots: int, microseconds: int) -> SlotPool[_Slot]:
    """Return an engine with ``slots`` pictures' memory that runs one picture at a time."""
    works, sleep = Lock(), CDLL(None).usleep

    def work() -> None:
        with works:
            sleep(microseconds)

    info = ModelInfo('net', 'stand-in', width=INPUT_SIZE, height=INPUT_SIZE,
                     classes=_LOGITS.size, slots=slots)
    return SlotPool(info, [_Slot(work) for _ in range(slots)])


class SaturatingSource:
    """
    The source of a pipeline; it has a frame whenever the pipeline can take one.

    :param make: returns the frame to classify.
    :param slots: pictures in flight.
    :param microseconds: duration of an inference.
    :param frames: number of frames to classify.
    """

    def __init__(self, make: Callable[[Nv12Converter], Frame], *, slots: int, microseconds: int,
                 frames: int) -> None:
        self._make, self._left = make, frames
        self._slots, self._places, self._ended = slots, Semaphore(0), Event()
        self._classifier = Classifier(
            slot=bpu(slots=slots, microseconds=microseconds).slot,
            converter=Nv12Converter(width=INPUT_SIZE, height=INPUT_SIZE))
        self._pipeline: Pipeline[bool, Classification] = Pipeline(
            self._work, self._finish, source=self, at_once=slots)

    def wait(self) -> bool:
        """Wait until the pipeline can take a frame."""
        return self._places.acquire()

    def take(self) -> None:
        """Submit a frame."""
        self._pipeline.submit(True)

    def wake(self) -> None:
        """End the wait."""
        self._places.release()

    def run(self) -> float:
        """Return the seconds from the first frame to the last result."""
        begin = perf_counter()
        self._places.release(self._slots)
        self._ended.wait()
        seconds = perf_counter() - begin
        self._pipeline.stop(1.0)
        return seconds

    def _work(self, item: bool) -> Classification:
        classifier = self._classifier
        return classifier.classify(
            self._make(classifier.converter), converted=self._pipeline.handover)

    def _finish(self, result: Classification) -> None:
        self._left -= 1
        if self._left <= 0:
            self._ended.set()
        else:
            self._places.release()


def rows(*, frames: int = 400) -> Iterator[BenchRow]:
    """
    Measure each kind of frame with the fastest and the slowest of the four sizes.

    :param frames: number of frames of a run; the fastest of ``_RUNS`` runs counts.
    """
    image = picture(_WIDTH, _HEIGHT)
    nv12 = encode(image, 'nv12')
    jpeg = cv2.imencode('.jpg', image)[1].reshape(-1)
    makes: dict[str, Callable[[Nv12Converter], Frame]] = {
        'nv12': lambda converter: nv12,
        'jpeg': lambda converter: Frame.from_compressed(jpeg, enough=converter.covers)}
    for size, microseconds in _INFERENCES.items():
        for kind, make in makes.items():
            rates = {1: 0.0, 2: 0.0}
            with quiet():
                for slots in (2, 1) * _RUNS:
                    seconds = SaturatingSource(
                        make, slots=slots, microseconds=microseconds, frames=frames).run()
                    rates[slots] = max(rates[slots], frames / seconds)
            yield BenchRow(f'{_WIDTH}x{_HEIGHT} {kind} in a second, {size}: two on their way',
                           'BPU with one', 'Hz', rates[2], rates[1], more=True)
