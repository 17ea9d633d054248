# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures as the BPU sees them at run time: for calibration, and to compare engines."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.runtime.base import Nv12
from edgenext_ros.runtime.onnx import RGB_FROM_YUV
from edgenext_ros.toolchain.dataset import SUFFIXES
import numpy as np

MAX_BYTES = 256 << 20
"""Largest picture file that is read."""


def picture_files(folder: Path, *, limit: int) -> list[Path]:
    """
    Choose picture files of a folder and all folders in it, evenly over their sorted paths.

    :raises ValueError: there is none.
    """
    if not folder.is_dir():
        raise ValueError(f'{folder}: expected a folder of pictures, found '
                         f'{"a file" if folder.exists() else "nothing there"}')
    files = sorted(file for file in folder.rglob('*') if file.suffix.lower() in SUFFIXES)
    if not files:
        raise ValueError(f'{folder}: expected pictures ({", ".join(SUFFIXES)}), found none')
    count = min(limit, len(files))
    return [files[index * len(files) // count] for index in range(count)]


def read_pictures(files: list[Path], *, width: int, height: int,
                  fit: str) -> Iterator[tuple[Path, Nv12 | str]]:
    """
    Yield each file with its NV12 picture, made as the node makes it; or why there is none.

    :return: see ``base.Nv12``; each array is the caller's.
    """
    converter = Nv12Converter(width=width, height=height, fit=fit)
    for file in files:
        try:
            if file.is_fifo():
                raise FrameError('a pipe')
            if file.stat().st_size > MAX_BYTES:
                raise FrameError(f'a file of {file.stat().st_size} bytes, over the limit of '
                                 f'{MAX_BYTES}')
            frame = Frame.from_compressed(np.fromfile(file, np.uint8))
            yield file, converter.convert(frame).copy()
        except (FrameError, OSError) as error:
            yield file, str(error)


def yuv444(nv12: Nv12, *, width: int, height: int) -> np.ndarray:
    """Return Y, U, V, uint8 (height, width, 3): chroma is repeated, as the BPU does."""
    chroma = nv12[width * height:].reshape(height // 2, width // 2, 2)
    return np.concatenate([nv12[:width * height].reshape(height, width, 1),
                           chroma.repeat(2, 0).repeat(2, 1)], axis=2)


def rgb(nv12: Nv12, *, width: int, height: int) -> np.ndarray:
    """Return what hb_mapper calibrates on: RGB, float32 (3, height, width), 0..255."""
    yuv = yuv444(nv12, width=width, height=height).astype(np.float32)
    yuv[..., 1:] -= 128
    return np.einsum('cy,hwy->chw', RGB_FROM_YUV.astype(np.float32), yuv)
