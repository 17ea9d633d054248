# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A frame in, a prediction out, with the time of each stage."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from typing import Protocol

from edgenext_ros.core.frame import Bytes, Frame
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.prediction import Prediction, Values


@dataclass(frozen=True)
class Timings:
    """How long each stage took, in milliseconds."""

    convert_ms: float
    infer_ms: float
    postprocess_ms: float

    @property
    def total_ms(self) -> float:
        """All stages together."""
        return self.convert_ms + self.infer_ms + self.postprocess_ms


@dataclass(frozen=True)
class Classification:
    """The prediction for one frame and what it cost."""

    prediction: Prediction
    timings: Timings


class Slot(Protocol):
    """
    Memory and task of one picture in an engine, lent to one thread at a time.

    A model compiled for a batch would begin here: ``picture`` as (batch, bytes), ``run`` returning
    (batch, classes); ``check_scores``, the warm-up and each engine's check of shapes follow.
    """

    @property
    def picture(self) -> Bytes:
        """
        Memory for one NV12 picture of the model's size, flat uint8, to be written whole.

        It is the engine's own where it has some, and says nothing before it is written.
        """

    def run(self) -> Values:
        """
        Run the network on the picture; it may be run again, also after a failure.

        :return: flat float32, one value per class; later runs do not change it.
        :raises InferenceError: the engine failed or gave values that are not finite.
        """


class Classifier:
    """
    Classify frames, in as many threads at a time as the engine has slots.

    :param slot: lends a slot of the engine; waits for a free one.
    :param converter: makes the NV12 picture.
    :param probabilities: the engine gives probabilities, not logits.
    """

    def __init__(self, *, slot: Callable[[], AbstractContextManager[Slot]],
                 converter: Nv12Converter, probabilities: bool = False) -> None:
        self.converter = converter
        self._converting = Lock()  # the converter has buffers of its own
        self._slot, self._probabilities = slot, probabilities

    def classify(self, frame: Frame, *, top_k: int = 5, threshold: float = 0.0,
                 converted: Callable[[], None] | None = None) -> Classification:
        """
        Classify one frame.

        :param frame: the picture.
        :param top_k: classes in the result, at most.
        :param threshold: classes with a lower score are left out.
        :param converted: called once the frame is read; from then on the engine works.
        :raises InferenceError: the engine failed on this frame.
        """
        with self._slot() as slot:
            with self._converting:
                start = perf_counter()
                self.converter.convert(frame, out=slot.picture)
                ready = perf_counter()
            if converted is not None:
                converted()
            output = slot.run()
            inferred = perf_counter()
        prediction = Prediction.from_output(
            output, top_k=top_k, threshold=threshold, probabilities=self._probabilities)
        done = perf_counter()
        return Classification(prediction, Timings(
            1e3 * (ready - start), 1e3 * (inferred - ready), 1e3 * (done - inferred)))
