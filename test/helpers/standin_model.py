# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Models for the stand-in libraries: write their files, and compute their answers."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path

from helpers import bin_writer
import numpy as np
import numpy.typing as npt

NV12, NV12_SEPARATE, RGB = 1, 2, 4
NHWC, NCHW = 0, 2
S8, U8, S16, F32, S32 = 8, 9, 11, 13, 14
DTYPES = {S8: np.int8, S16: np.int16, F32: np.float32, S32: np.int32}
# The same types in the file, whose numbers differ from libdnn's.
IR_TYPES = {NV12: 7, NV12_SEPARATE: 13, RGB: 10}
IR_DTYPES = {F32: 1, U8: 2, S8: 3, S16: 5, S32: 6}


@dataclass(frozen=True)
class StandInModel:
    """
    The keys of a model file; each stand-in reads those that it needs.

    They are written as text in place of the BPU program; the rest of the ``.bin`` is real.
    """

    models: int = 1
    inputs: int = 1
    outputs: int = 1
    type: int = NV12
    layout: int = NCHW
    n: int = 1
    c: int = 3
    h: int = 16
    w: int = 32
    bytes: int = -1
    classes: int = 10
    dtype: int = F32
    pad: int = 0
    stride: int = 0
    quanti: int = 0
    axis: int = 1
    scales: int = 0
    zeros: int = 0
    short_by: int = 0
    wait_code: int = 0
    refuse: int = 0
    not_finite: int = 0
    hang: int = 0
    busy_us: int = 0

    @classmethod
    def read(cls, path: Path) -> StandInModel:
        """Read a file; ValueError if it is something else."""
        _, found, text = path.read_bytes().partition(b'STANDIN ')
        if not found:
            raise ValueError(f'{path}: not a stand-in model')
        given = dict(pair.split('=') for pair in text.partition(b'\0')[0].decode().split())
        return cls(**{f.name: int(given[f.name]) for f in fields(cls) if f.name in given})

    def write(self, path: Path) -> Path:
        """Write the file and return its path."""
        text = ' '.join(['STANDIN', *(f'{k}={v}' for k, v in asdict(self).items())])
        path.write_bytes(bin_writer.container(
            name='standin', instructions=text.encode() + b'\0',
            inputs=[(f'image{i}', IR_TYPES.get(self.type, self.type), self.shape)
                    for i in range(self.inputs)],
            outputs=[(f'prob{i}', IR_DTYPES.get(self.dtype, 0), (1, self.classes, 1, 1))
                     for i in range(self.outputs)]))
        return path

    @property
    def shape(self) -> tuple[int, ...]:
        """The valid shape of the input."""
        if self.layout == NHWC:
            return self.n, self.h, self.w, self.c
        return self.n, self.c, self.h, self.w

    @property
    def size(self) -> int:
        """Bytes of a picture."""
        return self.w * self.h * 3 // 2

    @property
    def scale(self) -> npt.NDArray[np.float32]:
        """The scales of the output."""
        return (0.5 + np.arange(self.scales) / 64).astype(np.float32)

    @property
    def zero(self) -> npt.NDArray[np.int8]:
        """The zero points of the output."""
        return (np.arange(self.zeros) % 5 - 2).astype(np.int8)

    def raw(self, nv12: npt.NDArray[np.uint8]) -> npt.NDArray[np.generic]:
        """Return the output as the BPU writes it; it depends on each byte and its position."""
        places, classes = np.arange(nv12.size), np.arange(self.classes)
        weights = (places * 7 + classes[:, None] * 13) % 31 + 1
        sums = weights @ nv12.reshape(-1).astype(np.int64)
        if self.dtype == F32:
            return (sums / 1024).astype(np.float32)
        modulus, offset = {
            S8: (251, 125), S16: (60001, 30000), S32: (2000000011, 1000000000)}[self.dtype]
        return (sums % modulus - offset).astype(DTYPES[self.dtype])

    def scores(self, nv12: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the scores that an engine must return."""
        zero = self.zero.astype(np.float64) if self.zeros else 0
        scale = self.scale.astype(np.float64) if self.scales else 1
        return ((self.raw(nv12).astype(np.float64) - zero) * scale).astype(np.float32)


def picture(size: int, *, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Return random NV12 bytes, different for each seed."""
    return np.random.default_rng(seed).integers(0, 256, size, np.uint8)
