# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Resizing keeps positions, for all sizes."""

import cv2
from edgenext_ros.core.resize import Chroma, Linear, Plane
import numpy as np
import pytest

SIZES = [(1, 1), (1, 9), (9, 1), (10, 10), (20, 20), (21, 43), (27, 27), (85, 86), (61, 205),
         (400, 20), (20, 400), (201, 9), (9, 201)]
TARGET = (10, 10)


def ramp(width, height):
    """Return a plane whose values rise to the right and downwards, from 0 to 240."""
    x, y = ((np.arange(side) + 0.5) / side for side in (width, height))
    return np.rint(120 * (x + y[:, None])).astype(np.uint8)


def resized(way, source):
    target = np.full((*TARGET[::-1], *source.shape[2:]), 7, np.uint8)
    way(source, target)
    return target


@pytest.mark.parametrize('size', SIZES, ids=str)
def test_resized_plane_keeps_positions(size):
    found = resized(Plane(*size[::-1], width=10, height=10), ramp(*size))
    compare(found, size)


@pytest.mark.parametrize('channels', [2, 3, 4])
@pytest.mark.parametrize('size', SIZES, ids=str)
@pytest.mark.parametrize('way', [Linear, Chroma])
def test_resized_channels_keep_positions(way, size, channels):
    rows, columns = size[::-1]
    resize = way(rows, width=10, height=10) if way is Linear else \
        way(rows, columns, width=10, height=10)
    source = np.repeat(ramp(*size)[..., None], channels, axis=2)
    source[..., -1] = 255 - source[..., -1]
    found = resized(resize, source)
    compare(found[..., 0], size)
    assert np.abs(255 - found[..., -1].astype(int) - found[..., 0]).max() <= 1


def compare(found, size):
    # The ramp rises by 12 per pixel along each axis. A shift by less than half a pixel is allowed:
    # samples of every n-th row or at whole pixels are not all centred, and an odd last row or
    # column is dropped.
    smallest = min(side / 10 for side in size)
    expected = cv2.resize(ramp(*size), TARGET, interpolation=cv2.INTER_AREA if smallest > 1
                          else cv2.INTER_LINEAR)
    assert np.abs(found.astype(int) - expected).max() <= 10


@pytest.mark.parametrize('byte', [0, 1])
@pytest.mark.parametrize('size', SIZES, ids=str)
def test_resize_reads_one_byte_of_16_bit_words(size, byte):
    plane = ramp(*size)
    words = (plane.astype('<u2') << 8 | 99) if byte else (plane | np.uint16(99 << 8))
    both = Plane(*size[::-1], width=10, height=10, byte=byte)
    alone = Plane(*size[::-1], width=10, height=10)
    assert (resized_words(both, words) == resized(alone, plane)).all()


def resized_words(way, words):
    target = np.full(TARGET[::-1], 7, np.uint8)
    way(words, target)
    return target


@pytest.mark.parametrize('make', [
    lambda: Plane(90, 90, width=10, height=10), lambda: Linear(90, width=10, height=10),
    lambda: Chroma(90, 90, width=10, height=10)])
def test_resize_leaves_source_and_keeps_no_old_pixels(make):
    way = make()
    first, second = ramp(90, 90), 255 - ramp(90, 90)
    first.flags.writeable = second.flags.writeable = False
    alone = resized(make(), second)
    resized(way, first)
    assert (resized(way, second) == alone).all()
