# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A frame in, a prediction out, with the time of each stage."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
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
    Classify frames, one at a time.

    :param infer: the engine: NV12 of the converter's size in, one value per class out.
    :param converter: makes the NV12; may be exchanged between frames.
    :param probabilities: the engine gives probabilities, not logits.
    """

    def __init__(self, *, infer: Callable[[Bytes], Values], converter: Nv12Converter,
                 probabilities: bool = False) -> None:
        self.converter = converter
        self._infer = infer
        self._probabilities = probabilities

    def classify(self, frame: Frame, *, top_k: int = 5,
                 threshold: float = 0.0) -> Classification:
        """
        Classify one frame.

        :raises InferenceError: the engine failed on this frame.
        """
        start = perf_counter()
        nv12 = self.converter.convert(frame)
        converted = perf_counter()
        output = self._infer(nv12)
        inferred = perf_counter()
        prediction = Prediction.from_output(
            output, top_k=top_k, threshold=threshold, probabilities=self._probabilities)
        done = perf_counter()
        return Classification(prediction, Timings(
            1e3 * (converted - start), 1e3 * (inferred - converted), 1e3 * (done - inferred)))
