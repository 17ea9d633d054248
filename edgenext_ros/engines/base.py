# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The protocol that every inference engine follows, and its errors.

The module of an engine has a function ``available()``, which returns a version or raises
``EngineUnavailableError``, and a class without constructor arguments that follows ``Engine`` and
is derived from ``slot_pool.PooledEngine``. ``choices.ENGINES`` and ``engines.select`` list it.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Protocol

from edgenext_ros.core.classifier import Slot
from edgenext_ros.libraries import MissingPartError
import numpy as np
import numpy.typing as npt

Nv12 = npt.NDArray[np.uint8]
"""
A picture of the model's size: uint8, flat, C-contiguous, height * width * 3 / 2 bytes.

Y plane (height x width), then interleaved U and V (height / 2 x width / 2 x 2), BT.601 full
range, as the BPU's NV12 input expects (hb_mapper's ``nv12``, ``regular``).
"""
Scores = npt.NDArray[np.float32]
"""The network's output: float32, flat, one value per class, owned by the caller."""


class EngineUnavailableError(MissingPartError):
    """An engine cannot be used on this machine; the text says why and what to install."""


class InferenceError(RuntimeError):
    """The inference of one picture failed; the next one may succeed."""


class EngineRestsError(InferenceError):
    """A picture was not run, because the failed engine backs off until its next attempt."""


MIN_HANG_TIMEOUT_S = 5.0
"""Minimum time after which an inference counts as hung; on a board it takes milliseconds."""


@dataclass(frozen=True)
class EngineOptions:
    """Options of an engine; an engine ignores those that it does not support."""

    bpu_core: int = 0
    """BPU core: 0 any, 1 the first (an RDK X5 has one)."""
    priority: int = 0
    """BPU task priority, 0 (lowest) to 255."""


@dataclass(frozen=True)
class ModelInfo:
    """Facts about an open model, from its engine."""

    name: str
    """Name of the model in its file."""
    engine: str
    """Name and version of the engine, as text."""
    width: int
    """Input width in pixels, even."""
    height: int
    """Input height in pixels, even."""
    classes: int
    """Number of values in the output."""
    probabilities: bool = False
    """Whether the output has probabilities (the network ends in Softmax), not logits."""
    slots: int = 1
    """Number of slots, at least 1; this many threads may use the engine concurrently."""
    hang_timeout_s: float = field(default=MIN_HANG_TIMEOUT_S, compare=False, repr=False)
    """
    Seconds after which an inference counts as hung; ``open_model`` sets this value.

    It is twice the time for loading the model and running two pictures, at least
    ``MIN_HANG_TIMEOUT_S``. No healthy inference on the same machine takes longer.
    """

    @property
    def nv12_size(self) -> int:
        """Bytes of one input picture."""
        return self.width * self.height * 3 // 2


class Engine(Protocol):
    """
    An inference engine with one model.

    ``close`` may be called twice and after a failed ``open``.
    """

    def open(self, model: Path, options: EngineOptions) -> ModelInfo:
        """
        Load a model file; a model that was open is closed first.

        :raises EngineUnavailableError: this engine does not work on this machine.
        :raises ModelError: the file is missing, damaged, or not a classifier on NV12.
        :raises InferenceError: there is not enough memory, or the open model cannot be closed.
        """

    def slot(self) -> AbstractContextManager[Slot]:
        """
        Wait for a free slot and lend it to this thread until the end of the block.

        A thread that holds a slot must not request another one.

        :raises InferenceError: no model is open.
        """

    def close(self) -> None:
        """
        Free the model and all of its memory.

        :raises InferenceError: a slot is lent or an inference still runs, so nothing was freed.
            Call ``close`` again later; ``deferred_close.close_or_defer`` does this.
        """


def infer(engine: Engine, nv12: Nv12) -> Scores:
    """
    Run the network once on a picture.

    :param nv12: a picture of the model's size, see ``Nv12``; it is copied.
    :return: one value per class.
    :raises ValueError: dtype, size or memory layout of the picture is wrong; nothing was run.
    :raises InferenceError: see ``Slot.run``.
    """
    with engine.slot() as slot:
        check_nv12(nv12, slot.picture)
        np.copyto(slot.picture, nv12.reshape(-1))
        return slot.run()


def check_nv12(nv12: Nv12, picture: Nv12) -> None:
    """Raise ValueError unless ``nv12`` has the type and size of a slot's ``picture``."""
    if not isinstance(nv12, np.ndarray):
        raise ValueError(f'the model reads {picture.size} uint8 values of NV12, got '
                         f'{type(nv12).__name__}: Nv12Converter.convert(frame) makes them')
    if nv12.dtype != np.uint8 or nv12.size != picture.size or not nv12.flags.c_contiguous:
        raise ValueError(
            f'the model reads {picture.size} contiguous uint8 values of NV12, got {nv12.size} of '
            f'{nv12.dtype}{"" if nv12.flags.c_contiguous else ", not contiguous"}')


def check_scores(scores: Scores, info: ModelInfo) -> Scores:
    """Flatten ``scores``; raise InferenceError if their number is wrong or one is not finite."""
    scores = np.asarray(scores).reshape(-1)
    if scores.size != info.classes:
        raise InferenceError(
            f'model {info.name!r}: expected {info.classes} output values, got {scores.size}; '
            f'the result is dropped; if this goes on, fetch or compile the model again')
    # The dot product takes a third of the time. It may overflow, so each value is checked then.
    if not isfinite(scores.dot(scores)) and not (finite := np.isfinite(scores)).all():
        raise InferenceError(
            f'model {info.name!r}: the output is not finite: expected {info.classes} numbers, '
            f'found {info.classes - int(finite.sum())} NaN or infinite among them; the result is '
            f'dropped; if this goes on, restart the node, or try another runtime')
    return scores
