# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Convert and resize each encoding to Y and interleaved U, V.

A function of ``CONVERSIONS`` prepares what depends only on encoding and size, and returns the
function that converts each frame. The preparation runs once, because a frame takes about a hundred
microseconds, and the time of the interpreter matters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import cv2
from edgenext_ros.core.frame import Bytes, ENCODINGS, Frame
from edgenext_ros.core.layout import BAYER_TO_BGR
from edgenext_ros.core.resize import Chroma, Linear, Plane, resize_into, Words
import numpy as np

NEUTRAL: Final = 128
"""Value of U and V in a grey pixel."""

_CODES: Final = {'bgr': (cv2.COLOR_BGR2GRAY, cv2.COLOR_BGR2YCrCb),
                 'rgb': (cv2.COLOR_RGB2GRAY, cv2.COLOR_RGB2YCrCb)}
"""OpenCV's conversions to Y, and to Y, V, U; both accept a fourth channel."""
YUV422_ORDER: Final = {'yuv422_yuy2': (0, 1, 3), 'yuyv': (0, 1, 3),
                       'yuv422': (1, 0, 2), 'uyvy': (1, 0, 2)}
"""Indices of the first Y, of U and of V in the four bytes of two pixels."""


class Rectangle(NamedTuple):
    """A part of a picture, in pixels."""

    x: int
    y: int
    width: int
    height: int

    def slices(self, *, divide: int = 1) -> tuple[slice, slice]:
        """Return rows and columns of this part; ``divide`` reduces all coordinates."""
        x, y, width, height = (value // divide for value in self)
        return slice(y, y + height), slice(x, x + width)

    def of(self, image: Bytes, *, divide: int = 1) -> Bytes:
        """Return a view of this part of ``image``, which is smaller by the factor ``divide``."""
        return image[self.slices(divide=divide)]


Write = Callable[[Bytes, Bytes, Bytes], None]
"""Convert a frame's data into Y (height, width) and U, V (height / 2, width / 2, 2)."""


class _View:
    """
    View a part of a plane as pixels, without padding.

    :param channels: bytes of a pixel.
    :param first: offset of the plane in the frame, in bytes.
    :param step: bytes from row to row; 0 means the frame's.
    """

    def __init__(self, frame: Frame, part: Rectangle, channels: int, *, first: int = 0,
                 step: int = 0) -> None:
        step = step or frame.step
        self._first = first + part.y * step + part.x * channels
        self._shape: tuple[int, ...] = (part.height, part.width)
        self._strides: tuple[int, ...] = (step, channels)
        if channels > 1:
            self._shape, self._strides = (*self._shape, channels), (*self._strides, 1)

    def __call__(self, data: Bytes) -> Bytes:
        """Return uint8 (height, width, channels), or (height, width) for one channel."""
        return np.ndarray(self._shape, np.uint8, data, self._first, self._strides)

    def words(self, data: Bytes) -> Words:
        """View two channels as one of little-endian uint16 (height, width)."""
        return np.ndarray(self._shape[:2], '<u2', data, self._first, self._strides[:2])


def _plan_colour(frame: Frame, source: Rectangle, width: int, height: int) -> Write:
    view = _View(frame, source, ENCODINGS[frame.encoding].pixel_bytes)
    split = _plan_split(frame, source, width, height)
    return lambda data, y, uv: split(view(data), y, uv)


def _plan_bayer(frame: Frame, source: Rectangle, width: int, height: int) -> Write:
    view = _View(frame, Rectangle(0, 0, frame.width, frame.height), 1)
    code, split = BAYER_TO_BGR[frame.encoding], _plan_split(frame, source, width, height)
    part = source.slices()
    return lambda data, y, uv: split(cv2.cvtColor(view(data), code)[part], y, uv)


def _plan_split(frame: Frame, source: Rectangle, width: int, height: int) -> Write:
    """Resize pixels of three or four channels and split them into Y and half-size U and V."""
    to_grey, to_ycrcb = _CODES['rgb' if frame.encoding.startswith('rgb') else 'bgr']
    channels = 4 if frame.encoding in ('bgra8', 'rgba8') else 3
    linear = Linear(source.height, width=width, height=height)
    # The half-size picture has two columns or more: OpenCV 4.5 cannot convert a 1x1 picture.
    half_size = (width // 2, height // 2)
    columns = width // 2 + ((width, height) == (2, 2))
    small = np.empty((height, width, channels), np.uint8)
    half = np.zeros((height // 2, columns, channels), np.uint8)
    ycrcb = np.empty((height // 2, columns, 3), np.uint8)
    part, converted = half[:, :width // 2], ycrcb[:, :width // 2]

    def split(pixels: Bytes, y: Bytes, uv: Bytes) -> None:
        linear(pixels, small)
        cv2.cvtColor(small, to_grey, dst=y)
        # U and V are converted at half size, with a quarter of the work.
        resize_into(part, small, half_size, cv2.INTER_AREA)
        cv2.cvtColor(half, to_ycrcb, dst=ycrcb)
        cv2.mixChannels([converted], [uv], [2, 0, 1, 1])

    return split


def _plan_grey(frame: Frame, source: Rectangle, width: int, height: int) -> Write:
    wide = frame.encoding == 'mono16'
    view = _View(frame, source, 2 if wide else 1)
    pixels = view.words if wide else view
    plane = Plane(source.height, source.width, width=width, height=height,
                  byte=int(not frame.big_endian) if wide else None)

    def write(data: Bytes, y: Bytes, uv: Bytes) -> None:
        plane(pixels(data), y)
        uv.fill(NEUTRAL)

    return write


def _plan_yuv422(frame: Frame, source: Rectangle, width: int, height: int) -> Write:
    at_y, at_u, at_v = YUV422_ORDER[frame.encoding]
    pixels = _View(frame, source, 2)
    pairs = _View(frame, Rectangle(source.x // 2, source.y, source.width // 2, source.height), 4)
    luma = Plane(source.height, source.width, width=width, height=height, byte=at_y)
    chroma = Chroma(source.height, source.width // 2, width=width // 2, height=height // 2)
    small = np.empty((height // 2, width // 2, 4), np.uint8)

    def write(data: Bytes, y: Bytes, uv: Bytes) -> None:
        luma(pixels.words(data), y)
        chroma(pairs(data), small)
        cv2.mixChannels([small], [uv], [at_u, 0, at_v, 1])

    return write


def _plan_planes(frame: Frame, source: Rectangle, width: int, height: int) -> Write:
    # A row of nv24's chroma is 2 * width bytes in two rows of step bytes each.
    divide, rows_each = (1, 2) if frame.encoding == 'nv24' else (2, 1)
    part = Rectangle(*(side // divide for side in source))
    view_y = _View(frame, source, 1)
    view_uv = _View(frame, part, 2, first=frame.step * frame.luma_rows,
                    step=rows_each * frame.step)
    luma = Plane(source.height, source.width, width=width, height=height)
    chroma = Chroma(part.height, part.width, width=width // 2, height=height // 2)
    swapped = np.empty((height // 2, width // 2, 2), np.uint8)

    def write(data: Bytes, y: Bytes, uv: Bytes) -> None:
        luma(view_y(data), y)
        chroma(view_uv(data), uv)

    def write_nv21(data: Bytes, y: Bytes, uv: Bytes) -> None:
        write(data, y, swapped)
        cv2.mixChannels([swapped], [uv], [1, 0, 0, 1])

    return write_nv21 if frame.encoding == 'nv21' else write


CONVERSIONS: Final[dict[str, Callable[[Frame, Rectangle, int, int], Write]]] = {
    **dict.fromkeys(('bgr8', 'rgb8', 'bgra8', 'rgba8'), _plan_colour),
    **dict.fromkeys(BAYER_TO_BGR, _plan_bayer),
    **dict.fromkeys(('mono8', 'mono16'), _plan_grey),
    **dict.fromkeys(YUV422_ORDER, _plan_yuv422),
    **dict.fromkeys(('nv12', 'nv21', 'nv24'), _plan_planes),
}
YUV: Final = frozenset(encoding for encoding, plan in CONVERSIONS.items()
                       if plan in (_plan_yuv422, _plan_planes))
"""Encodings that store Y, U and V."""
