# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Stored NV12 pictures, and the outputs of the bundled model for them.

``resource/selftest`` has the pictures as exact bytes, so no decoder or resampler of this machine
takes part, and the outputs of the vendor's simulator for ``demo.bin`` and of ONNX Runtime for
``demo.onnx``. ``make_reference`` writes it. The outputs are also stored for the pictures as an
engine would see them that swaps the chroma or reads limited range, so that these faults are
recognised.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any
import zipfile
import zlib

from edgenext_ros.core.labels import LabelError
from edgenext_ros.core.nv12 import EXPAND_C, EXPAND_Y
from edgenext_ros.engines import select
from edgenext_ros.engines.base import Nv12
from edgenext_ros.models import checksum, ModelError
from edgenext_ros.models.formats import bin_file
from edgenext_ros.models.store import labels_of, locate, ModelNotFoundError, resource_folder
import numpy as np
import numpy.typing as npt

WIDTH = HEIGHT = 224
"""Size of the pictures in pixels."""
ONE_STEP = 1.02
"""
Difference in steps that counts as one.

Logits are stored as float32, whose neighbours are 0.000001 apart at 9.3, the largest logit: 1.6 %
of the smallest step.
"""
CLEARLY_NEARER = 0.75
"""
Share of the distance to all other outputs within which answers belong to one way of reading NV12.

Outputs for limited range are stored for pictures of rounded bytes, and int8 makes much of a
rounding: outputs of ``demo.bin`` for the same pictures rounded at random are 0.65 times as far
from the stored outputs for limited range as from those for full range. Answers with unrelated
differences are nearest to full range.
"""
COLOUR_PICTURES = ('grey ramp', 'saturated patches', 'colour blocks')
"""Names of the stored pictures that tell how an engine reads NV12."""
FLOAT_STEP = 1e-4
"""
Largest difference of two logits of ``demo.onnx`` that counts as rounding.

The float32 network has no quantisation step, but processors and versions of ONNX Runtime sum in
different orders. Versions 1.12.1 and 1.23.2 on x86-64, and 1.23.2 on aarch64 (emulated), gave
logits within 0.000003 of the stored ones.
"""

Outputs = npt.NDArray[np.float32]
"""Logits, float32 (pictures, classes)."""


class ReferenceMissingError(RuntimeError):
    """The stored pictures or outputs cannot be used; the text says why and what to do."""


@dataclass(frozen=True)
class Reference:
    """Stored pictures, and what one file of the bundled model answers."""

    model: Path
    """The file, ``demo.bin`` or ``demo.onnx``."""
    names: tuple[str, ...]
    """Names of the pictures."""
    pictures: npt.NDArray[np.uint8]
    """NV12 pictures, uint8 (pictures, bytes); see ``base.Nv12``."""
    outputs: Outputs
    """Outputs for the pictures."""
    misread_outputs: Mapping[str, Outputs]
    """Outputs for the pictures as a faulty engine sees them, by the names of ``MISREADINGS``."""
    steps: npt.NDArray[np.float32]
    """
    Quantisation step of each class: the difference in logits that counts as the same.

    The BPU's program of ``demo.bin`` ends with one integer per class. The Dequantize node after
    it, which runs on the processor, multiplies each by a scale of its class: the step. Equal
    integers may still give floats that differ in their last bit. ``FLOAT_STEP`` for an ONNX file.
    """
    source: str
    """Engine and version that gave the outputs."""
    classes: tuple[str, ...]
    """Names of the classes."""

    @property
    def step_name(self) -> str:
        """What ``steps`` are, in words."""
        return 'the rounding of float32' if self.model.suffix == '.onnx' else \
            'one quantisation step'

    def index(self, name: str) -> int:
        """Return the row of a picture."""
        return self.names.index(name)


def swap_chroma(nv12: Nv12) -> Nv12:
    """Return a picture as an engine sees it that reads NV21: V before U."""
    seen = nv12.copy()
    luma = WIDTH * HEIGHT
    seen[luma::2], seen[luma + 1::2] = nv12[luma + 1::2], nv12[luma::2]
    return seen


def expand_range(nv12: Nv12) -> Nv12:
    """Return a picture as an engine sees it that reads limited range, 16..235, clipped."""
    luma = WIDTH * HEIGHT
    return np.concatenate([EXPAND_Y[nv12[:luma]], EXPAND_C[nv12[luma:]]])


def is_within_range(nv12: Nv12) -> bool:
    """
    Return whether 99 % of a picture's bytes are within limited range.

    Only such a picture tells how an engine reads the range: engines that read limited range
    differ in whether they clip the other bytes.
    """
    luma, chroma = nv12[:WIDTH * HEIGHT], nv12[WIDTH * HEIGHT:]
    outside = ((luma < 16) | (luma > 235)).sum() + ((chroma < 16) | (chroma > 240)).sum()
    return bool(outside <= nv12.size / 100)


MISREADINGS: Mapping[str, Callable[[Nv12], Nv12]] = MappingProxyType(
    {'swapped chroma': swap_chroma, 'limited range': expand_range})
"""Functions that turn a picture into what a faulty engine sees."""


def folder() -> Path:
    """
    Return the folder of the stored pictures and outputs.

    :raises ReferenceMissingError: the installation is incomplete.
    """
    try:
        return resource_folder() / 'selftest'
    except FileNotFoundError as error:
        raise ReferenceMissingError(str(error)) from error


def model_of(engine: str) -> Path:
    """
    Return the file of the bundled model that an engine reads.

    :raises ReferenceMissingError: the file is missing.
    """
    try:
        return locate('demo', suffixes=select.suffixes(engine)).path
    except (ModelNotFoundError, FileNotFoundError) as error:
        raise ReferenceMissingError(str(error)) from error


def load(model: Path) -> Reference:
    """
    Read the stored pictures, and the outputs for a file of the bundled model.

    :raises ReferenceMissingError: a file is missing or damaged, or the outputs belong to another
        model file.
    """
    kind = model.suffix.removeprefix('.')
    place = folder()
    try:
        facts: dict[str, Any] = json.loads((place / 'reference.json').read_text(encoding='utf-8'))
        with np.load(place / 'reference.npz') as arrays:
            pictures, outputs = arrays['pictures'], arrays[f'{kind} outputs']
            otherwise = {name: arrays[f'{kind} {name}'] for name in MISREADINGS}
        of_model, names = facts[kind], tuple(facts['pictures'])
        expected, source = of_model['sha256'], of_model['engine']
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ReferenceMissingError(
            f'{place}: the stored pictures and outputs cannot be read '
            f'({type(error).__name__}: {error}); install the package again') from error
    try:
        found = checksum.digest(model)
        scales = bin_file.read(model).scales if kind == 'bin' else (FLOAT_STEP,)
        labels, _ = labels_of(locate('demo', suffixes=(model.suffix,)), classes=outputs.shape[1])
    except (ModelError, ModelNotFoundError, LabelError) as error:
        raise ReferenceMissingError(str(error)) from error
    if found.sha256 != expected:
        raise ReferenceMissingError(
            f'{model.name}: expected the file whose outputs are stored, SHA-256 {expected}, found '
            f'{found}; install the package again')
    steps = np.broadcast_to(np.array(scales, np.float32), outputs.shape[1:])
    return Reference(model, names, pictures, outputs, MappingProxyType(otherwise), steps, source,
                     labels.names)
