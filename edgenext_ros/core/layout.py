# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
How encodings lie in memory, and what a message's size, step and bytes mean together.

Drivers disagree on ``height`` and ``step`` of pictures with a chroma plane. The number of bytes
tells which reading is right; see ``read_rows``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_LONGEST = (1 << 15) - 1
"""Of a side: with more, OpenCV's exact nearest resize reads memory that is not the picture's."""
_LONGEST_NAME = 40
"""Characters of an unknown encoding that are told: a message may hold any number."""
_ALIGNMENTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Rows are padded to a multiple of one of these, in bytes, by nearly all drivers."""
_PLANE_ALIGNMENTS = (1, 8, 16, 32, 64)
"""Rows of the luma plane are a multiple of one of these, where a video unit pads the plane."""
_LEAST_PADDED_HEIGHT = 128
"""
Of a luma plane whose padding is looked for beside other readings: with less, it may look like the
rows of chroma.
"""


class FrameError(ValueError):
    """A picture cannot be used; the text says why."""


class UnknownEncodingError(FrameError):
    """The encoding is not one of ``ENCODINGS``; somebody else may know it."""


@dataclass(frozen=True)
class Layout:
    """How an encoding lies in memory."""

    pixel_bytes: int
    """Bytes from one pixel to the next in a row of the first plane."""
    half_rows: int = 2
    """Rows of ``step`` bytes in the whole picture, per two rows of pixels."""
    even_width: bool = False
    """Pixels come in pairs along a row."""
    even_height: bool = False
    """Pixels come in pairs across rows."""
    smallest: int = 1
    """Least width and height: OpenCV leaves thinner mosaics black."""


_HALF_CHROMA = Layout(1, half_rows=3, even_width=True, even_height=True)
_YUV422 = Layout(2, even_width=True)
_BAYER = Layout(1, even_width=True, even_height=True, smallest=4)

ENCODINGS: Mapping[str, Layout] = MappingProxyType({
    'bgr8': Layout(3), 'rgb8': Layout(3), 'bgra8': Layout(4), 'rgba8': Layout(4),
    'mono8': Layout(1), 'mono16': Layout(2),
    'yuv422_yuy2': _YUV422, 'yuyv': _YUV422, 'yuv422': _YUV422, 'uyvy': _YUV422,
    'nv12': _HALF_CHROMA, 'nv21': _HALF_CHROMA, 'nv24': Layout(1, half_rows=6),
    'bayer_rggb8': _BAYER, 'bayer_bggr8': _BAYER, 'bayer_gbrg8': _BAYER, 'bayer_grbg8': _BAYER,
})
"""Encodings by their sensor_msgs name; nv12 is what TROS cameras call theirs."""

_BAYER16 = Layout(2, even_width=True, even_height=True, smallest=4)
OF_16_BITS: Mapping[str, Layout] = MappingProxyType({
    'bgr16': Layout(6), 'rgb16': Layout(6), 'bgra16': Layout(8), 'rgba16': Layout(8),
    'bayer_rggb16': _BAYER16, 'bayer_bggr16': _BAYER16, 'bayer_gbrg16': _BAYER16,
    'bayer_grbg16': _BAYER16,
})
"""Encodings that become one of ``ENCODINGS``; see ``Frame.from_high_bytes``."""
_LAYOUTS: Mapping[str, Layout] = MappingProxyType({**ENCODINGS, **OF_16_BITS})

BAYER_TO_BGR: Mapping[str, int] = MappingProxyType({
    # OpenCV names a Bayer pattern by its second row, ROS by its first.
    'bayer_rggb8': cv2.COLOR_BayerBG2BGR, 'bayer_bggr8': cv2.COLOR_BayerRG2BGR,
    'bayer_gbrg8': cv2.COLOR_BayerGR2BGR, 'bayer_grbg8': cv2.COLOR_BayerGB2BGR,
})

_ALIASES: Mapping[str, str] = MappingProxyType({
    # OpenCV's type names: cv2_to_imgmsg without an encoding writes them.
    '8uc1': 'mono8', '8uc3': 'bgr8', '8uc4': 'bgra8',
    # FFmpeg's and V4L2's names.
    'bgr24': 'bgr8', 'rgb24': 'rgb8', 'bgra': 'bgra8', 'rgba': 'rgba8', 'gray': 'mono8',
    'gray8': 'mono8', 'grey': 'mono8', 'y8': 'mono8', 'mono': 'mono8', 'yuyv422': 'yuyv',
    'yuy2': 'yuyv', 'uyvy422': 'uyvy', 'gray16': 'mono16', 'y16': 'mono16', 'bgr48': 'bgr16',
    'rgb48': 'rgb16', 'bgra64': 'bgra16', 'rgba64': 'rgba16',
})
_OTHERS: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(('16uc1', '16sc1', '32fc1'),
                    '; cameras send depth in it: give the topic of the colour picture'),
    '8uc2': "; if it is YUV, let the driver say 'yuyv' or 'uyvy'",
    **dict.fromkeys(('mono10', 'mono12', 'mono14'), '; let the driver send mono16 or mono8'),
})
"""What to do about encodings that are not taken, by their name in small letters."""


def known_encoding(name: str) -> tuple[str, str]:
    """
    Return the name of an encoding here, and a note where it is another one.

    :return: a key of ``ENCODINGS``, or of ``OF_16_BITS``.
    :raises UnknownEncodingError: it is in neither, and no other name of one of them.
    """
    if name in _LAYOUTS:
        return name, ''
    plain = name[:_LONGEST_NAME].strip().lower()
    known = _ALIASES.get(plain, plain)
    if known not in _LAYOUTS or len(name) > _LONGEST_NAME:
        raise UnknownEncodingError(
            f'encoding {name[:_LONGEST_NAME]!r} is not supported; use one of '
            f'{", ".join(ENCODINGS)}{_OTHERS.get(plain, "")}')
    return known, f'encoding {name!r} is taken as {known}'


class Rows(NamedTuple):
    """Where the rows of a picture lie in its data."""

    height: int
    """Rows of pixels."""
    step: int
    """Bytes from row to row."""
    luma_rows: int
    """Rows of ``step`` bytes before the second plane, where there is one."""
    note: str = ''
    """What was assumed, where the message says something else."""


@lru_cache(maxsize=32)
def read_rows(encoding: str, width: int, height: int, step: int, size: int) -> Rows:
    """
    Say how the rows lie, from what a message says and how many bytes it has.

    What ROS defines is taken first: ``height`` rows of pixels, ``step`` bytes each. Where the
    bytes do not fit that, other meanings are tried that drivers give to these fields:

    - the height counts the rows of chroma too;
    - the luma plane has padding rows, up to a multiple of 8, 16, 32 or 64;
    - the step is size / height, counts pixels or bits, or is another encoding's; with a chroma
      plane it may be 0 or anything less than a row. The rows then have no padding, or padding to
      a power of two, and the bytes say which.

    A reading is taken where it is the only one that fits. A step that may be right is believed.

    :raises FrameError: none fits, or several do.
    """
    layout, text = _LAYOUTS[encoding], f'{encoding} {width}x{height}'
    row, twice = width * layout.pixel_bytes, layout.half_rows
    if step >= row and 2 * size == step * height * twice:
        return Rows(height, step, height, _maybe_wider(layout, width, step))
    found = _readings(layout, width, height, step, size) if size else []
    if len(found) > 1:
        ways = ' or '.join(f'{rows.height} rows of {rows.step} bytes' for rows in found)
        raise FrameError(f'{text}: {size} bytes at step {step} may be {ways}, and their chroma: '
                         f'let the driver set step to the bytes of one row of luma')
    if found:
        return found[0]
    if layout.even_height and height % 2 and size != step * height:
        raise FrameError(f'{text}: height must be even')
    if step < row:
        raise FrameError(f'{text}: a row has {row} bytes, but step is {step}')
    if twice == 3 and size == step * height:
        raise FrameError(f'{text}: {size} bytes are not 3/2 rows a pixel row')
    expected = step * height * twice // 2
    kind = 'truncated' if size < expected else 'oversized'
    raise FrameError(f'{text}: data is {kind}: expected {expected} bytes '
                     f'(step {step} x {expected // step} rows), found {size}')


def _maybe_wider(layout: Layout, width: int, step: int) -> str:
    """
    Say that padding may be channels: rgb8 with a step of 4 x width, say.

    A driver may mean padded rows, or pixels of four bytes under the wrong name. ROS defines the
    former, which a view on a part of a wider picture has too.
    """
    each, rest = divmod(step, width)
    if rest or layout.half_rows != 2 or not layout.pixel_bytes < each <= 2 * layout.pixel_bytes \
            or each not in {known.pixel_bytes for known in _LAYOUTS.values()} \
            or step in {_ceil(width * layout.pixel_bytes, to) for to in _ALIGNMENTS}:
        return ''
    return (f'step {step} is {each} bytes a pixel, the encoding has {layout.pixel_bytes}: the '
            'rest of each row is taken as padding; where the colours are wrong, let the driver '
            'name the encoding that it sends')


def checked_rows(encoding: str, width: int, height: int, step: int, size: int) -> Rows:
    """
    Do what ``read_rows`` does, for any width and height.

    :raises FrameError: no picture of this encoding has these sides, or see there.
    """
    layout, text = _LAYOUTS[encoding], f'{encoding} {width}x{height}'
    if width < layout.smallest or height < layout.smallest:
        raise FrameError(f'{text}: width and height must be at least {layout.smallest}')
    if width > _LONGEST or height > _LONGEST:
        raise FrameError(f'{text}: width and height must be at most {_LONGEST}')
    if layout.even_width and width % 2:
        raise FrameError(f'{text}: width must be even')
    rows = read_rows(encoding, width, height, step, size)
    if layout.even_height and rows.height % 2:
        raise FrameError(f'{text}: height must be even')
    return rows


def _readings(layout: Layout, width: int, height: int, step: int, size: int) -> list[Rows]:
    row, twice = width * layout.pixel_bytes, layout.half_rows
    steps = {_ceil(row, to) for to in _ALIGNMENTS}
    usual = step in steps
    if step < row and twice == 2:
        steps &= {step * layout.pixel_bytes}  # it counts pixels
    elif step > row and not usual and step % row and step * height != size:
        return []  # unusual padding, so that more may be wrong than the step
    counted, rest = divmod(2 * height, twice)
    heights = [height] if twice == 2 or rest else [height, counted]
    found = []
    for rows in heights:
        if layout.even_height and rows % 2:
            continue
        found += _fitting(rows, steps, twice, size, padded=rows >= _LEAST_PADDED_HEIGHT)
        if rows != height and not usual and row <= step < min(2 * row, row * twice // 2) \
                and size == step * height:
            found.append((rows, step, rows))
    if step < row and all(true_step != row for _, true_step, _ in found) \
            and not (layout.even_height and height % 2):
        # The step says nothing, and no picture without padding fits: a low plane may have some.
        padded = _fitting(height, steps, twice, size, padded=True)
        found += [reading for reading in padded if reading not in found]
    if usual and step < 2 * row and all(reading[1] != step for reading in found):
        return []  # rows may be padded as it says, and some of them missing
    return [_explained(height, step, size, *reading) for reading in found]


def _fitting(rows: int, steps: set[int], twice: int, size: int, *,
             padded: bool) -> list[tuple[int, int, int]]:
    """Return rows, step and rows of the luma plane, which may be padded, that fit the bytes."""
    planes = {_ceil(rows, to) for to in _PLANE_ALIGNMENTS} if twice > 2 and padded else {rows}
    return [(rows, step, plane) for step in steps for plane in planes
            if step * plane * twice == 2 * size]


def _explained(height: int, step: int, size: int, rows: int, true_step: int,
               plane: int) -> Rows:
    notes = []
    if true_step != step:
        why = 'is size / height' if step * height == size else 'is ignored'
        notes.append(f'step {step} {why}, a row has {true_step} bytes')
    if rows != height:
        notes.append(f'height {height} counts the rows of chroma, the picture has {rows}')
    if plane != rows:
        notes.append(f'the luma plane has {plane} rows, {plane - rows} of them padding')
    return Rows(rows, true_step, plane, '; '.join(notes))


def _ceil(value: int, to: int) -> int:
    return -(-value // to) * to
