# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks and arithmetic that the three BPU engines share; imports no vendor module."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from math import prod
from pathlib import Path

from edgenext_ros.engines.base import Scores
from edgenext_ros.models import ModelError
import numpy as np
import numpy.typing as npt

OUTPUT_DTYPES = ('int8', 'int16', 'int32', 'float32')
"""Output types that all BPU engines read correctly."""

_SPATIAL = {'NCHW': (1, 2, 3), 'NHWC': (3, 1, 2)}


def check_file(model: Path) -> None:
    """Raise ModelError unless ``model`` is a file; the vendor's errors do not name the file."""
    if not model.exists():
        raise ModelError(f'{model}: no such file; give the path of a .bin model')
    if not model.is_file():
        raise ModelError(f'{model}: not a file; give the path of a .bin model')


def picture_size(
        model: Path, *, count: int, kind: str, layout: str, shape: Sequence[int],
) -> tuple[int, int]:
    """
    Return width and height of a model's only input, in pixels.

    :param model: path of the file, for errors.
    :param count: number of inputs.
    :param kind: tensor type of the first input, as pyeasy_dnn names it.
    :param layout: NCHW or NHWC.
    :param shape: valid shape of the first input.
    :raises ModelError: the model does not take exactly one NV12 picture.
    """
    found = f'{count} input(s), the first {kind} {layout} {tuple(shape)}'
    if count == 1 and kind in ('NV12', 'NV12_SEPARATE') and layout in _SPATIAL and len(shape) == 4:
        channels, height, width = (shape[axis] for axis in _SPATIAL[layout])
        even = min(height, width) > 0 and height % 2 == 0 and width % 2 == 0
        if shape[0] == 1 and channels == 3 and even:
            return width, height
    raise ModelError(
        f'{model}: expected one NV12 input of shape (1, 3, H, W) or (1, H, W, 3), H and W even; '
        f'found {found}; compile the model with input_type_rt: nv12')


def class_count(model: Path, *, count: int, dtype: str, shape: Sequence[int]) -> int:
    """
    Return the number of values of a model's first output.

    :param model: path of the file, for errors.
    :param count: number of outputs.
    :param dtype: data type of the first output.
    :param shape: shape of the first output.
    :raises ModelError: the type is not in ``OUTPUT_DTYPES``, or the shape is empty.
    """
    if dtype not in OUTPUT_DTYPES or min(shape, default=0) < 1:
        raise ModelError(
            f'{model}: expected an output of type {", ".join(OUTPUT_DTYPES)}; '
            f'found {count} output(s), the first {dtype} {tuple(shape)}')
    return prod(shape)


@dataclass(frozen=True)
class Dequantiser:
    """Convert the BPU's values to scores: (value - zero) * scale."""

    scale: npt.NDArray[np.float64]
    """Broadcasts over the output."""
    zero: npt.NDArray[np.float64]
    """Broadcasts over the output."""
    shape: tuple[int, ...]
    """Shape of the output."""

    @classmethod
    def of(
            cls, model: Path, *, shape: Sequence[int], scale: npt.ArrayLike = (),
            zero: npt.ArrayLike = (), axis: int | None = None,
    ) -> Dequantiser:
        """
        Prepare the conversion; scale and zero point are copied.

        :param model: path of the file, for errors.
        :param shape: shape of the output.
        :param scale: one scale, or one per index of ``axis``; empty means 1.
        :param zero: one zero point, or one per index of ``axis``; empty means 0.
        :param axis: dimension of ``shape``; None means one scale per value of the output.
        :raises ModelError: a value is not finite, or their number does not fit ``shape``.
        """
        lanes = [1] * len(shape)
        if axis is None:
            lanes = list(shape)
        elif axis < len(shape):
            lanes[axis] = shape[axis]

        def spread(values: npt.ArrayLike, default: float) -> npt.NDArray[np.float64]:
            flat = np.array(values, np.float64).reshape(-1)
            if not np.isfinite(flat).all() or 1 < flat.size < prod(lanes):
                raise ModelError(
                    f'{model}: expected 1 or {prod(lanes)} finite scales or zero points for the '
                    f'output {tuple(shape)} (axis {axis}), found {flat.size}: {flat[:3]}...')
            if flat.size < 2:
                return np.full((), flat[0] if flat.size else default)
            # The scales of a padded output include its padding.
            return flat[:prod(lanes)].reshape(lanes)

        return cls(scale=spread(scale, 1), zero=spread(zero, 0), shape=tuple(shape))

    def __call__(self, values: npt.NDArray[np.generic]) -> Scores:
        """Return flat float32 scores in new memory."""
        if values.size != prod(self.shape):  # check_scores refuses the wrong number
            return np.zeros(values.size, np.float32)
        # float64 represents every int32 and every float32 exactly.
        scores = (values.reshape(self.shape).astype(np.float64) - self.zero) * self.scale
        return scores.astype(np.float32).reshape(-1)


def version_of(*distributions: str) -> str:
    """Return the version of the first distribution that is installed."""
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return 'of unknown version'
