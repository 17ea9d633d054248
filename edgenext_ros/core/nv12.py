# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Any frame to NV12 of the model's size: the hot path.

The BPU reads NV12 as BT.601 full range (JFIF: Y = 0.299 R + 0.587 G + 0.114 B, 0..255), which
is hb_mapper's meaning of ``nv12`` with ``regular`` range. OpenCV's I420 conversions write the
limited range (16..235) instead, which a model then sees as a greyer picture, so they are not
used here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import cv2
from edgenext_ros.core.frame import Bytes, Frame
import numpy as np

FITS: Final = ('stretch', 'letterbox', 'crop')
"""Ways to fit a picture of another shape: distort, pad with grey, or cut the middle out."""
DEFAULT_FIT: Final = 'crop'
"""The most accurate one on the bundled model (docs/accuracy.md), and timm's."""
YUV_RANGES: Final = ('limited', 'full')
"""What a camera's YUV bytes mean: 16..235 (V4L2's and OpenCV's reading) or 0..255."""

_GREY: Final = 127
_NEUTRAL: Final = 128

_TO_YCRCB: Final = {'bgr8': cv2.COLOR_BGR2YCrCb, 'rgb8': cv2.COLOR_RGB2YCrCb}
_TO_BGR: Final = {
    'bgra8': cv2.COLOR_BGRA2BGR, 'rgba8': cv2.COLOR_RGBA2BGR,
    # OpenCV names a Bayer pattern by its second row, ROS by its first.
    'bayer_rggb8': cv2.COLOR_BayerBG2BGR, 'bayer_bggr8': cv2.COLOR_BayerRG2BGR,
    'bayer_gbrg8': cv2.COLOR_BayerGR2BGR, 'bayer_grbg8': cv2.COLOR_BayerGB2BGR,
}
YUV422_ORDER: Final = {'yuv422_yuy2': (0, 1, 3), 'yuyv': (0, 1, 3),
                       'yuv422': (1, 0, 2), 'uyvy': (1, 0, 2)}
"""Where Y, U and V stand in the bytes of two pixels."""

_levels = np.arange(256, dtype=np.float64)
EXPAND_Y: Final = np.rint((_levels - 16) * 255 / 219).clip(0, 255).astype(np.uint8)
EXPAND_C: Final = np.rint((_levels - 128) * 255 / 224 + 128).clip(0, 255).astype(np.uint8)
"""Full-range value of each limited-range byte: luma, and chroma."""


class Rectangle(NamedTuple):
    """A part of a picture, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def of(self, image: Bytes, *, divide: int = 1) -> Bytes:
        """View this part of ``image``, which has ``divide`` times fewer pixels a side."""
        x, y, width, height = (value // divide for value in self)
        return image[y:y + height, x:x + width]


def fit_rectangles(*, source: tuple[int, int], target: tuple[int, int],
                   fit: str) -> tuple[Rectangle, Rectangle]:
    """
    Say which part of the source goes to which part of the target.

    :param source: width and height of the frame.
    :param target: width and height of the model, both even.
    :return: source and target parts; even wherever chroma has half the pixels.
    """
    whole, full = Rectangle(0, 0, *source), Rectangle(0, 0, *target)
    (sw, sh), (tw, th) = source, target
    if fit == 'crop':
        width, height = min(sw, max(1, sh * tw // th)), min(sh, max(1, sw * th // tw))
        return _centred(width, height, whole), full
    if fit == 'letterbox':
        scale = min(tw / sw, th / sh)
        width, height = (max(2, 2 * round(side * scale / 2)) for side in source)
        return whole, _centred(min(width, tw), min(height, th), full)
    return whole, full


def _centred(width: int, height: int, outer: Rectangle) -> Rectangle:
    """Put a part into the middle, on even pixels where there are two or more."""
    width, height = (side & ~1 or side for side in (width, height))
    return Rectangle((outer.width - width) // 2 & ~1, (outer.height - height) // 2 & ~1,
                     width, height)


def _resize(source: Bytes, target: Bytes) -> None:
    """
    Resize into ``target`` at a cost that does not grow with the frame.

    Along an axis that shrinks to less than half, two bilinear samples per target pixel are
    averaged: less aliasing than one, without reading every pixel.
    """
    height, width = target.shape[:2]
    doubled = (min(source.shape[1], 2 * width), min(source.shape[0], 2 * height))
    if doubled != (source.shape[1], source.shape[0]):
        source = cv2.resize(source, doubled, interpolation=cv2.INTER_LINEAR)
    exact_half = source.shape[:2] == (2 * height, 2 * width)
    cv2.resize(source, (width, height), dst=target,
               interpolation=cv2.INTER_AREA if exact_half else cv2.INTER_LINEAR)


class Nv12Converter:
    """
    Convert frames of any supported encoding and size to NV12 of one size.

    :param width: model's input width in pixels, even.
    :param height: model's input height in pixels, even.
    :param fit: one of ``FITS``.
    :param yuv_range: one of ``YUV_RANGES``, for frames that are YUV already.
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
        self._buffer = np.empty(width * height * 3 // 2, np.uint8)

    def convert(self, frame: Frame, *, out: Bytes | None = None) -> Bytes:
        """
        Convert one frame.

        :param out: where to write, flat uint8 of height * width * 3 / 2; else a buffer that
            the next call uses again.
        :return: Y plane, then interleaved U and V; BT.601 full range.
        """
        out = self._buffer if out is None else out
        width, height = self._size
        y = out[:width * height].reshape(height, width)
        uv = out[width * height:].reshape(height // 2, width // 2, 2)
        source, target = fit_rectangles(
            source=(frame.width, frame.height), target=self._size, fit=self._fit)
        if target[2:] != self._size:
            y.fill(_GREY)
            uv.fill(_NEUTRAL)
        part_y, part_uv = target.of(y), target.of(uv, divide=2)
        _WRITERS[frame.encoding](frame, source, part_y, part_uv)
        if self._expand and frame.encoding in _YUV:
            cv2.LUT(part_y, EXPAND_Y, dst=part_y)
            cv2.LUT(part_uv, EXPAND_C, dst=part_uv)
        return out


def _write_colour(frame: Frame, source: Rectangle, y: Bytes, uv: Bytes) -> None:
    channels = 4 if frame.encoding in ('bgra8', 'rgba8') else 3
    pixels = frame.plane(channels, width=frame.width, height=frame.height)
    small = np.empty((*y.shape, channels), np.uint8)
    _resize(source.of(pixels), small)
    if frame.encoding in _TO_BGR:
        small = cv2.cvtColor(small, _TO_BGR[frame.encoding])
    _from_colour(small, _TO_YCRCB.get(frame.encoding, cv2.COLOR_BGR2YCrCb), y, uv)


def _write_bayer(frame: Frame, source: Rectangle, y: Bytes, uv: Bytes) -> None:
    mosaic = frame.plane(1, width=frame.width, height=frame.height)
    colour = cv2.cvtColor(mosaic, _TO_BGR[frame.encoding])
    small = np.empty((*y.shape, 3), np.uint8)
    _resize(source.of(colour), small)
    _from_colour(small, cv2.COLOR_BGR2YCrCb, y, uv)


def _from_colour(small: Bytes, code: int, y: Bytes, uv: Bytes) -> None:
    """Split a picture of the target's size into Y and half-size U and V."""
    ycrcb = cv2.cvtColor(small, code)
    cv2.extractChannel(ycrcb, 0, dst=y)
    half = cv2.resize(ycrcb, (uv.shape[1], uv.shape[0]), interpolation=cv2.INTER_AREA)
    cv2.mixChannels([half], [uv], [2, 0, 1, 1])


def _write_grey(frame: Frame, source: Rectangle, y: Bytes, uv: Bytes) -> None:
    channels = 2 if frame.encoding == 'mono16' else 1
    pixels = frame.plane(channels, width=frame.width, height=frame.height)
    if channels == 2:
        pixels = np.ascontiguousarray(pixels[..., 0 if frame.big_endian else 1])
    _resize(source.of(pixels), y)
    uv.fill(_NEUTRAL)


def _write_yuv422(frame: Frame, source: Rectangle, y: Bytes, uv: Bytes) -> None:
    at_y, at_u, at_v = YUV422_ORDER[frame.encoding]
    pixels = frame.plane(2, width=frame.width, height=frame.height)
    both = np.empty((*y.shape, 2), np.uint8)
    _resize(source.of(pixels), both)
    cv2.extractChannel(both, at_y, dst=y)
    pairs = frame.plane(4, width=frame.width // 2, height=frame.height)
    chroma = np.empty((*uv.shape[:2], 4), np.uint8)
    _resize(pairs[source.y:source.y + source.height,
                  source.x // 2:(source.x + source.width) // 2], chroma)
    cv2.mixChannels([chroma], [uv], [at_u, 0, at_v, 1])


def _write_planes(frame: Frame, source: Rectangle, y: Bytes, uv: Bytes) -> None:
    luma = frame.plane(1, width=frame.width, height=frame.height)
    _resize(source.of(luma), y)
    _resize(source.of(frame.chroma(), divide=1 if frame.encoding == 'nv24' else 2), uv)
    if frame.encoding == 'nv21':
        cv2.mixChannels([uv.copy()], [uv], [1, 0, 0, 1])


_WRITERS: Final[dict[str, Callable[[Frame, Rectangle, Bytes, Bytes], None]]] = {
    **dict.fromkeys(('bgr8', 'rgb8', 'bgra8', 'rgba8'), _write_colour),
    **dict.fromkeys(('bayer_rggb8', 'bayer_bggr8', 'bayer_gbrg8', 'bayer_grbg8'), _write_bayer),
    **dict.fromkeys(('mono8', 'mono16'), _write_grey),
    **dict.fromkeys(YUV422_ORDER, _write_yuv422),
    **dict.fromkeys(('nv12', 'nv21', 'nv24'), _write_planes),
}
_YUV: Final = frozenset((*YUV422_ORDER, 'nv12', 'nv21', 'nv24'))
