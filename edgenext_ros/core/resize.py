# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Make pictures smaller, with less noise and aliasing than by sampling, at about the same cost.

OpenCV's linear resize reads four neighbouring pixels for one, however many there are, so the noise
and the fine patterns of a large frame come through; its area resize reads them all, and takes many
times longer. Two things stand between them and cost next to nothing: averaging 2 x 2 pixels of one
channel, for which OpenCV has a fast way of its own, and a view of every n-th row, so that samples
lie further apart. Pixels of several channels get only the second: there averaging costs more than
all else together. ``bench.resize_accuracy`` measures what this is worth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import cv2
from edgenext_ros.core.frame import Bytes
import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint16]

# Rows for one of the target, at least: with fewer, bilinear samples differ more from area
# resizing, at ratios from 2 to 9.
_LEAST_ROWS: Final = 1.4


def resize_into(target: Bytes, source: Bytes, size: tuple[int, int], interpolation: int) -> None:
    """
    Resize uint8 (rows, columns[, channels]) into a picture of this size.

    :param size: width and height of the target.
    """
    if size == (1, 1):
        # OpenCV 4.5 takes no array of a single pixel with several channels, but returns one.
        small = cv2.resize(source, size, interpolation=interpolation)
        target[...] = small.reshape(target.shape)
    else:
        cv2.resize(source, size, dst=target, interpolation=interpolation)


class Linear:
    """
    Bilinear samples of every n-th row; for any number of channels.

    :param rows: of the source.
    :param width: of the target, in pixels.
    :param height: of the target, in pixels.
    """

    def __init__(self, rows: int, *, width: int, height: int) -> None:
        self._rows = _every(max(1, int(rows / (height * _LEAST_ROWS))))
        self._size = (width, height)

    def __call__(self, source: Bytes, target: Bytes) -> None:
        """Resize uint8 (rows, columns[, channels]) into a picture of the target's size."""
        source = source[self._rows]
        if source.shape[:2] == (1, 1):
            # OpenCV 4.5 does not take a single pixel of several channels.
            source = source.repeat(2, axis=1)
        resize_into(target, source, self._size, cv2.INTER_LINEAR)


class Chroma:
    """
    Single samples where there are many, else bilinear ones; for any number of channels.

    What a network says changes no more by it than by bilinear samples, which take four times as
    long.

    :param rows: of the source.
    :param columns: of the source.
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
    One channel: every n-th row, 2 x 2 of those averaged, then bilinear samples.

    :param rows: of the source.
    :param columns: of the source.
    :param byte: which of two, where a pixel of the source is uint16.
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
            # Five times as fast as OpenCV's extractChannel.
            part = (part >> 8 if self._byte else part).astype(np.uint8)
        if self._half is not None:
            cv2.resize(part, self._half.shape[::-1], dst=self._half,
                       interpolation=cv2.INTER_AREA)
            part = self._half
        self._linear(part, target)


def _every(step: int) -> slice:
    """Return every ``step``-th row, each from the middle of those that it stands for."""
    return slice((step - 1) // 2, None, step)
