# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Convert any frame to NV12 of the model's size; every image runs through this module.

The BPU reads NV12 as BT.601 full range (JFIF: Y = 0.299 R + 0.587 G + 0.114 B, 0..255), which
hb_mapper calls ``nv12`` with ``regular`` range. OpenCV's I420 conversions are not used, because
they write limited range (16..235), which the model would see as a picture of less contrast.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import cv2
from edgenext_ros.choices import DEFAULT_FIT, FITS, YUV_RANGES
from edgenext_ros.core.frame import Bytes, check_frame, Frame
from edgenext_ros.core.to_yuv import CONVERSIONS, NEUTRAL, Rectangle, Write, YUV
import numpy as np

_GREY: Final = 127

_SCALE_Y: Final = 255 / 219
_SCALE_C: Final = 255 / 224
_levels = np.arange(256, dtype=np.float64)
EXPAND_Y: Final = np.rint((_levels - 16) * 255 / 219).clip(0, 255).astype(np.uint8)
EXPAND_C: Final = np.rint((_levels - 128) * 255 / 224 + 128).clip(0, 255).astype(np.uint8)
"""Lookup table from limited to full range: ``EXPAND_Y`` for luma, ``EXPAND_C`` for chroma."""


@lru_cache(maxsize=16)
def fit_rectangles(*, source: tuple[int, int], target: tuple[int, int],
                   fit: str) -> tuple[Rectangle, Rectangle]:
    """
    Return the part of the source that is drawn, and the part of the target that it fills.

    :param source: width and height of the frame, in pixels.
    :param target: width and height of the model's input, both even.
    :param fit: one of ``FITS``.
    :return: source part and target part, aligned to even pixels where they have two or more,
        because chroma has half the resolution.
    """
    whole, full = Rectangle(0, 0, *source), Rectangle(0, 0, *target)
    (sw, sh), (tw, th) = source, target
    if fit == 'crop':
        # A very narrow part keeps 2 luma pixels, because 2 share one chroma pixel.
        width, height = min(sw, max(2, sh * tw // th)), min(sh, max(2, sw * th // tw))
        return _centred(width, height, whole), full
    if fit == 'letterbox':
        scale = min(tw / sw, th / sh)
        width, height = (max(2, 2 * round(side * scale / 2)) for side in source)
        return whole, _centred(min(width, tw), min(height, th), full)
    return whole, full


def _centred(width: int, height: int, outer: Rectangle) -> Rectangle:
    """Centre a part, aligned to even pixels where it has two or more."""
    width, height = (side & ~1 or side for side in (width, height))
    return Rectangle((outer.width - width) // 2 & ~1, (outer.height - height) // 2 & ~1,
                     width, height)


class _Plan(NamedTuple):
    """What all frames of one size and encoding share; made as a whole, or not at all."""

    key: tuple[object, ...]
    write: Write
    letterbox: bool
    part_y: tuple[slice, slice]
    part_uv: tuple[slice, slice]
    limited: bool


class Nv12Converter:
    """
    Convert frames of any supported encoding and size to NV12 of one size.

    >>> import numpy as np
    >>> converter = Nv12Converter(width=224, height=224)
    >>> white = Frame.from_image(np.full((480, 640, 3), 255, np.uint8))
    >>> picture = converter.convert(white)
    >>> picture.size, int(picture[0]), int(picture[-1])  # bytes, first Y, last V
    (75264, 255, 128)

    :param width: width of the model's input in pixels, even.
    :param height: height of the model's input in pixels, even.
    :param fit: one of ``FITS``.
    :param yuv_range: value range of YUV frames, one of ``YUV_RANGES``.
    :raises ValueError: a side is odd or less than 2, or ``fit`` or ``yuv_range`` is unknown.
    """

    def __init__(self, *, width: int, height: int, fit: str = DEFAULT_FIT,
                 yuv_range: str = 'limited') -> None:
        if width < 2 or height < 2 or width % 2 or height % 2:
            raise ValueError(f'NV12 needs even width and height, got {width}x{height}')
        if fit not in FITS:
            raise ValueError(f'fit {fit!r} is not one of {", ".join(FITS)}')
        if yuv_range not in YUV_RANGES:
            raise ValueError(f'yuv_range {yuv_range!r} is not one of {", ".join(YUV_RANGES)}')
        self._size = (width, height)
        self._fit = fit
        self._expand = yuv_range == 'limited'
        self._out = np.empty(width * height * 3 // 2, np.uint8)
        self._planes = self._split(self._out)
        self._plan: _Plan | None = None

    def convert(self, frame: Frame, *, out: Bytes | None = None) -> Bytes:
        """
        Convert one frame.

        :param frame: the picture.
        :param out: memory for the result, flat uint8 of height * width * 3 / 2 bytes; without it,
            a buffer that the next call overwrites.
        :return: Y plane, then interleaved U and V; BT.601 full range.
        :raises FrameError: ``frame`` is not a Frame.
        :raises ValueError: ``out`` has another type, shape or memory layout.
        """
        check_frame(frame)
        if out is not None:
            self._check_out(out)
        key = (frame.encoding, frame.width, frame.height, frame.step, frame.luma_rows,
               frame.big_endian)
        plan = self._plan
        if plan is None or plan.key != key:
            plan = self._plan = self._plan_for(frame, key)
        y, uv = self._planes if out is None else self._split(out)
        if plan.letterbox:
            y.fill(_GREY)
            uv.fill(NEUTRAL)
            y, uv = y[plan.part_y], uv[plan.part_uv]
        plan.write(np.ascontiguousarray(frame.data), y, uv)
        if plan.limited:
            cv2.addWeighted(y, _SCALE_Y, y, 0, -16 * _SCALE_Y, dst=y)
            cv2.addWeighted(uv, _SCALE_C, uv, 0, 128 - 128 * _SCALE_C, dst=uv)
        return self._out if out is None else out

    def covers(self, width: int, height: int) -> bool:
        """
        Return whether a picture of this size has a pixel for each pixel of the model's input.

        A JPEG may be decoded at any reduced size that passes, because the model sees no further
        detail; see ``Frame.from_compressed``.
        """
        source, target = fit_rectangles(
            source=(width, height), target=self._size, fit=self._fit)
        return source.width >= target.width and source.height >= target.height

    def region(self, frame: Frame) -> Rectangle:
        """
        Return the part of a frame that the model sees, in pixels of the full picture.

        For a JPEG that was decoded at a reduced size, these are the pixels of the JPEG.
        """
        width, height = frame.width, frame.height
        part, _ = fit_rectangles(source=(width, height), target=self._size, fit=self._fit)
        if frame.reduced_from is None:
            return part
        full_width, full_height = frame.reduced_from
        # A decoder rounds the reduced sides up, so the last pixel may stand for fewer pixels.
        across, down = -(-full_width // width), -(-full_height // height)
        x, y = part.x * across, part.y * down
        return Rectangle(x, y, min(part.width * across, full_width - x),
                         min(part.height * down, full_height - y))

    def _check_out(self, out: Bytes) -> None:
        # OpenCV writes to memory of its own where the type of the target is another one.
        size = self._out.size
        if not isinstance(out, np.ndarray) or out.dtype != np.uint8 or out.shape != (size,) \
                or not (out.flags.c_contiguous and out.flags.writeable):
            found = type(out).__qualname__
            if isinstance(out, np.ndarray):
                found = (f'{out.dtype} {out.shape}'
                         f'{"" if out.flags.writeable else ", read-only"}'
                         f'{"" if out.flags.c_contiguous else ", not contiguous"}')
            raise ValueError(f'out: expected writable, contiguous uint8 of shape ({size},), '
                             f'got {found}: np.empty({size}, np.uint8) makes it')

    def _split(self, out: Bytes) -> tuple[Bytes, Bytes]:
        """Return views of Y, and of interleaved U and V, in a flat picture."""
        width, height = self._size
        return (out[:width * height].reshape(height, width),
                out[width * height:].reshape(height // 2, width // 2, 2))

    def _plan_for(self, frame: Frame, key: tuple[object, ...]) -> _Plan:
        """Prepare what all frames of this size and encoding share."""
        source, target = fit_rectangles(
            source=(frame.width, frame.height), target=self._size, fit=self._fit)
        return _Plan(
            key, CONVERSIONS[frame.encoding](frame, source, target.width, target.height),
            letterbox=target[2:] != self._size, part_y=target.slices(),
            part_uv=target.slices(divide=2), limited=self._expand and frame.encoding in YUV)
