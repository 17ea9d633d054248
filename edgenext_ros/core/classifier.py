# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A frame in, a prediction out, with the time of each stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import perf_counter

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


class Classifier:
    """
    Classify frames, one at a time, or with ``infer_from`` as many as the engine takes at once.

    :param infer: the engine: NV12 of the converter's size in, one value per class out.
    :param converter: makes the NV12; may be exchanged between frames.
    :param probabilities: the engine gives probabilities, not logits.
    :param infer_from: where the engine lends its own memory, used instead of ``infer``: calls
        what it is given with a flat NV12 picture to be written.
    """

    def __init__(self, *, infer: Callable[[Bytes], Values], converter: Nv12Converter,
                 probabilities: bool = False,
                 infer_from: Callable[[Callable[[Bytes], object]], Values] | None = None) -> None:
        self.converter = converter
        self._converting = Lock()
        self._infer, self._infer_from = infer, infer_from
        self._probabilities = probabilities

    def classify(self, frame: Frame, *, top_k: int = 5, threshold: float = 0.0,
                 converted: Callable[[], None] = lambda: None) -> Classification:
        """
        Classify one frame.

        :param converted: called when the frame is read: from here on the engine works.
        :raises InferenceError: the engine failed on this frame.
        """
        start = ready = perf_counter()

        def write(out: Bytes | None = None) -> Bytes:
            nonlocal start, ready
            with self._converting:
                start = perf_counter()
                nv12 = self.converter.convert(frame, out=out)
                ready = perf_counter()
            converted()
            return nv12

        output = self._infer_from(write) if self._infer_from else self._infer(write())
        inferred = perf_counter()
        prediction = Prediction.from_output(
            output, top_k=top_k, threshold=threshold, probabilities=self._probabilities)
        done = perf_counter()
        return Classification(prediction, Timings(
            1e3 * (ready - start), 1e3 * (inferred - ready), 1e3 * (done - inferred)))
