# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read pictures as the node does, for calibration and to compare engines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.engines.base import Nv12
from edgenext_ros.engines.onnx import RGB_FROM_YUV
from edgenext_ros.models import pictures
from edgenext_ros.models.left_out import Account, LeftOut
from edgenext_ros.models.pictures import PictureError
import numpy as np


@dataclass(frozen=True)
class Inputs:
    """The pictures of a folder as NV12."""

    files: tuple[Path, ...]
    pictures: tuple[Nv12, ...]
    """One for each file."""
    account: Account
    """Files of the folder that were left out, by reason."""


def read_folder(folder: Path, *, limit: int, width: int, height: int, fit: str) -> Inputs:
    """
    Read at most ``limit`` pictures of a folder, at any depth, evenly over the sorted paths.

    :param folder: the folder.
    :param limit: number of files to read.
    :param width: width of the NV12 pictures, in pixels.
    :param height: height of the NV12 pictures, in pixels.
    :param fit: how another shape is fitted, one of ``choices.FITS``.
    :raises ValueError: there is no picture, or none decodes.
    """
    listing = pictures.find(folder).expect_some()
    chosen = [folder / file for file in listing.evenly(limit)]
    found, failed = [], []
    for file, nv12 in read_pictures(chosen, width=width, height=height, fit=fit):
        if isinstance(nv12, PictureError):
            failed.append(LeftOut(file.relative_to(folder).as_posix(), nv12.reason))
        else:
            found.append((file, nv12))
    account = listing.account(failed)
    if not found:
        raise ValueError(f'{folder}: none of {len(chosen)} pictures decodes; {account}')
    files, inputs = zip(*found, strict=True)
    return Inputs(files, inputs, account)


def read_pictures(files: list[Path], *, width: int, height: int,
                  fit: str) -> Iterator[tuple[Path, Nv12 | PictureError]]:
    """
    Yield each file with its NV12 picture, or the reason why it does not decode.

    :param files: picture files.
    :param width: width of the NV12 pictures, in pixels.
    :param height: height of the NV12 pictures, in pixels.
    :param fit: how another shape is fitted, one of ``choices.FITS``.
    :return: pairs; each array (see ``base.Nv12``) is a copy of its own.
    """
    converter = Nv12Converter(width=width, height=height, fit=fit)
    for file in files:
        try:
            frame = pictures.read(file)
        except PictureError as error:
            yield file, error
        else:
            yield file, converter.convert(frame).copy()


def yuv444(nv12: Nv12, *, width: int, height: int) -> np.ndarray:
    """
    Convert NV12 to YUV444 by repeating the chroma, as the BPU does.

    :param nv12: the picture, see ``base.Nv12``.
    :param width: picture width in pixels.
    :param height: picture height in pixels.
    :return: Y, U, V, uint8 (height, width, 3).
    """
    chroma = nv12[width * height:].reshape(height // 2, width // 2, 2)
    return np.concatenate([nv12[:width * height].reshape(height, width, 1),
                           chroma.repeat(2, 0).repeat(2, 1)], axis=2)


def rgb(nv12: Nv12, *, width: int, height: int) -> np.ndarray:
    """
    Convert NV12 to the RGB that hb_mapper calibrates on.

    :param nv12: the picture, see ``base.Nv12``.
    :param width: picture width in pixels.
    :param height: picture height in pixels.
    :return: float32 (3, height, width), 0..255.
    """
    yuv = yuv444(nv12, width=width, height=height).astype(np.float32)
    yuv[..., 1:] -= 128
    return np.einsum('cy,hwy->chw', RGB_FROM_YUV.astype(np.float32), yuv)
