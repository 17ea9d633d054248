# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Classify a frame and measure the time of each stage."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Lock
from time import perf_counter
from typing import Protocol

from edgenext_ros.core.frame import Bytes, Frame
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.prediction import Prediction, softmax, Values


@dataclass(frozen=True)
class Timings:
    """Duration of each stage in milliseconds."""

    convert_ms: float
    infer_ms: float
    postprocess_ms: float

    @property
    def total_ms(self) -> float:
        """Sum of all stages."""
        return self.convert_ms + self.infer_ms + self.postprocess_ms


@dataclass(frozen=True)
class Classification:
    """The prediction for one frame and the time that it took."""

    prediction: Prediction
    timings: Timings
    probabilities: Values | None = None
    """Probabilities of all classes, float32 (classes,); None unless requested."""


class Slot(Protocol):
    """
    Input memory and inference task of one picture; one thread at a time holds it.

    Batches start here: ``picture`` becomes (batch, bytes) and ``run`` returns (batch, classes).
    ``check_scores``, the warm-up and each engine's check of shapes follow.
    """

    @property
    def picture(self) -> Bytes:
        """
        Memory for one NV12 picture of the model's size, flat uint8; the caller writes all of it.

        The memory belongs to the engine where possible. Its initial contents are undefined.
        """

    def run(self) -> Values:
        """
        Run the network on the picture; may be called again, also after a failure.

        :return: one value per class, flat float32; later runs do not overwrite the array.
        :raises InferenceError: the engine failed or returned values that are not finite.
        """


class Classifier:
    """
    Classify frames, in as many threads at a time as the engine has slots.

    >>> from contextlib import nullcontext
    >>> import numpy as np
    >>> class ExampleSlot:
    ...     picture = np.empty(224 * 224 * 3 // 2, np.uint8)
    ...     def run(self):
    ...         return np.array([0, 5, 1], np.float32)
    >>> classifier = Classifier(slot=lambda: nullcontext(ExampleSlot()),
    ...                         converter=Nv12Converter(width=224, height=224))
    >>> result = classifier.classify(Frame.from_image(np.zeros((480, 640, 3), np.uint8)))
    >>> result.prediction.class_ids
    (1, 2, 0)

    :param slot: waits for a free slot of the engine and lends it; ``Engine.slot``.
    :param converter: makes the NV12 picture.
    :param probabilities: the engine returns probabilities, not logits.
    """

    def __init__(self, *, slot: Callable[[], AbstractContextManager[Slot]],
                 converter: Nv12Converter, probabilities: bool = False) -> None:
        self.converter = converter
        self._converting = Lock()  # protects the internal buffers of the converter
        self._slot, self._probabilities = slot, probabilities

    def classify(self, frame: Frame, *, top_k: int = 5, threshold: float = 0.0,
                 converted: Callable[[], None] | None = None,
                 all_classes: bool = False) -> Classification:
        """
        Classify one frame.

        :param frame: the picture.
        :param top_k: maximum number of classes in the result, at least 1.
        :param threshold: classes with a lower score are left out.
        :param converted: called between conversion and inference; the frame is no longer read.
        :param all_classes: also return the probabilities of all classes.
        :raises InferenceError: the engine failed on this frame.
        :raises FrameError: ``frame`` is not a Frame.
        :raises ValueError: ``top_k`` is less than 1.
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
        probabilities = None
        if all_classes:
            probabilities = output if self._probabilities else softmax(output)
        done = perf_counter()
        return Classification(prediction, Timings(
            1e3 * (ready - start), 1e3 * (inferred - ready), 1e3 * (done - inferred)),
            probabilities)
