# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Shrink pictures with less noise and aliasing than plain sampling, at about the same cost.

OpenCV's linear resize reads four neighbouring pixels for each pixel of the target, whatever the
ratio, so noise and fine patterns of a large frame remain. Its area resize reads all pixels and
takes many times longer. Two cheap steps come before the linear resize here. A view of every n-th
row spreads the samples. Averaging 2 x 2 pixels of one channel has a fast path in OpenCV. Pixels
of several channels only get the view, because averaging them costs more than all other steps
together. ``bench.resize_accuracy`` measures the effect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import cv2
from edgenext_ros.core.frame import Bytes
import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint16]

# Minimum number of source rows per target row. With fewer, bilinear samples differ more from an
# area resize, at ratios from 2 to 9.
_LEAST_ROWS: Final = 1.4


def resize_into(target: Bytes, source: Bytes, size: tuple[int, int], interpolation: int) -> None:
    """
    Resize a picture into existing memory.

    :param target: uint8 (height, width[, channels]), written.
    :param source: uint8 (rows, columns[, channels]).
    :param size: width and height of the target.
    :param interpolation: OpenCV's code, such as ``cv2.INTER_LINEAR``.
    """
    if size == (1, 1):
        # OpenCV 4.5 refuses a target of a single pixel with several channels, but returns one.
        small = cv2.resize(source, size, interpolation=interpolation)
        target[...] = small.reshape(target.shape)
    else:
        cv2.resize(source, size, dst=target, interpolation=interpolation)


class Linear:
    """
    Resize any number of channels by bilinear samples of every n-th row.

    :param rows: rows of the source.
    :param width: width of the target, in pixels.
    :param height: height of the target, in pixels.
    """

    def __init__(self, rows: int, *, width: int, height: int) -> None:
        self._rows = _every(max(1, int(rows / (height * _LEAST_ROWS))))
        self._size = (width, height)

    def __call__(self, source: Bytes, target: Bytes) -> None:
        """Resize uint8 (rows, columns[, channels]) into a picture of the target's size."""
        source = source[self._rows]
        if source.shape[:2] == (1, 1):
            # OpenCV 4.5 refuses a source of a single pixel with several channels.
            source = source.repeat(2, axis=1)
        resize_into(target, source, self._size, cv2.INTER_LINEAR)


class Chroma:
    """
    Resize any number of chroma channels: nearest at ratios of 2 and more, else bilinear.

    Nearest samples change the network's output no more than bilinear ones, which take four times
    as long.

    :param rows: rows of the source.
    :param columns: columns of the source.
    :param width: width of the target, in pixels.
    :param height: height of the target, in pixels.
    """

    def __init__(self, rows: int, columns: int, *, width: int, height: int) -> None:
        self._size = (width, height)
        self._resize: Callable[[Bytes, Bytes], None] = self._nearest \
            if rows >= 2 * height and columns >= 2 * width \
            else Linear(rows, width=width, height=height)

    def __call__(self, source: Bytes, target: Bytes) -> None:
        """Resize uint8 (rows, columns[, channels]) into a picture of the target's size."""
        self._resize(source, target)

    def _nearest(self, source: Bytes, target: Bytes) -> None:
        resize_into(target, source, self._size, cv2.INTER_NEAREST_EXACT)


class Plane:
    """
    Resize one channel: take every n-th row, average 2 x 2 pixels, then sample bilinearly.

    :param rows: rows of the source.
    :param columns: columns of the source.
    :param width: width of the target, in pixels.
    :param height: height of the target, in pixels.
    :param byte: byte of a uint16 source to use: 0 the low one, 1 the high one; None for uint8.
    """

    def __init__(self, rows: int, columns: int, *, width: int, height: int,
                 byte: int | None = None) -> None:
        self._rows, self._columns, self._half = slice(rows), slice(columns), None
        if rows >= 2 * height and columns >= 2 * width:
            step = rows // (2 * height)
            self._rows, self._columns = _every(step), slice(columns & ~1)
            pairs = len(range(rows)[self._rows]) // 2
            self._rows = slice(self._rows.start, self._rows.start + 2 * pairs * step, step)
            self._half = np.empty((pairs, columns // 2), np.uint8)
            rows, columns = pairs, columns // 2
        self._byte = byte
        self._linear = Linear(rows, width=width, height=height)

    def __call__(self, source: Bytes | Words, target: Bytes) -> None:
        """Resize (rows, columns), uint8 or little-endian uint16, into uint8 (height, width)."""
        part: Any = source[self._rows, self._columns]
        if self._byte is not None:
            # Five times faster than OpenCV's extractChannel.
            part = (part >> 8 if self._byte else part).astype(np.uint8)
        if self._half is not None:
            cv2.resize(part, self._half.shape[::-1], dst=self._half,
                       interpolation=cv2.INTER_AREA)
            part = self._half
        self._linear(part, target)


def _every(step: int) -> slice:
    """Return a slice of every ``step``-th row, the middle one of each group."""
    return slice((step - 1) // 2, None, step)
