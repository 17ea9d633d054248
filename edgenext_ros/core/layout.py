# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Memory layout of the encodings, and the position of the rows in the data of a message.

Drivers disagree on ``height`` and ``step`` of pictures with a chroma plane. The number of bytes
shows which reading is right; see ``read_rows``.
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
"""Maximum side; OpenCV's INTER_NEAREST_EXACT reads out of bounds in a larger picture."""
ROW_ALIGNMENTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
"""Row alignments of nearly all drivers, in bytes."""
_PLANE_ALIGNMENTS = (1, 8, 16, 32, 64)
"""Alignments of the luma plane in hardware video codecs, in rows."""
_LEAST_PADDED_HEIGHT = 128
"""
Minimum height for which padding of the luma plane is tried together with the other readings. In a
lower picture, padding rows could be mistaken for chroma rows.
"""


class FrameError(ValueError):
    """A picture cannot be used; the text says why."""


class UnknownEncodingError(FrameError):
    """The encoding is not one of ``ENCODINGS``; cv_bridge may know it."""


@dataclass(frozen=True)
class Layout:
    """Memory layout of an encoding."""

    pixel_bytes: int
    """Bytes per pixel in the first plane."""
    half_rows: int = 2
    """Rows of ``step`` bytes in all planes together, for two rows of pixels."""
    even_width: bool = False
    """The width must be even."""
    even_height: bool = False
    """The height must be even."""
    smallest: int = 1
    """Minimum width and height; OpenCV decodes a smaller mosaic to black."""


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
"""Encodings by their sensor_msgs name, and ``nv12``, which TROS cameras use."""

_BAYER16 = Layout(2, even_width=True, even_height=True, smallest=4)
OF_16_BITS: Mapping[str, Layout] = MappingProxyType({
    'bgr16': Layout(6), 'rgb16': Layout(6), 'bgra16': Layout(8), 'rgba16': Layout(8),
    'bayer_rggb16': _BAYER16, 'bayer_bggr16': _BAYER16, 'bayer_gbrg16': _BAYER16,
    'bayer_grbg16': _BAYER16,
})
"""Encodings that ``Frame.from_high_bytes`` reduces to one of ``ENCODINGS``."""
_LAYOUTS: Mapping[str, Layout] = MappingProxyType({**ENCODINGS, **OF_16_BITS})

BAYER_TO_BGR: Mapping[str, int] = MappingProxyType({
    # OpenCV names a Bayer pattern by its second row, ROS by its first.
    'bayer_rggb8': cv2.COLOR_BayerBG2BGR, 'bayer_bggr8': cv2.COLOR_BayerRG2BGR,
    'bayer_gbrg8': cv2.COLOR_BayerGR2BGR, 'bayer_grbg8': cv2.COLOR_BayerGB2BGR,
})

_PLAIN: Mapping[int, str] = MappingProxyType({
    2: 'yuyv or uyvy', 3: 'bgr8 or rgb8', 4: 'bgra8 or rgba8'})
"""The usual encodings without a chroma plane, by their bytes per pixel."""


class Rows(NamedTuple):
    """Position of a picture's rows in its data."""

    height: int
    """Rows of pixels."""
    step: int
    """Bytes from row to row."""
    luma_rows: int
    """Rows of ``step`` bytes before the second plane, if there is one."""
    note: str = ''
    """Differences from the fields of the message; empty when there are none."""


@lru_cache(maxsize=32)
def read_rows(encoding: str, width: int, height: int, step: int, size: int) -> Rows:
    """
    Find the position of the rows from the fields of a message and its number of bytes.

    The definition of ROS is tried first: ``height`` rows of pixels, ``step`` bytes each. When the
    number of bytes contradicts it, other meanings that drivers give to these fields are tried:

    - the height includes the rows of chroma;
    - the luma plane has padding rows, up to a multiple of 8, 16, 32 or 64;
    - the step is size / height, counts pixels or bits, or belongs to another encoding; with a
      chroma plane it may be 0 or anything less than a row. The rows then have no padding, or
      padding to a power of two, and the number of bytes shows which.

    A reading is used only when it is the only one that fits. A plausible step is never replaced.

    :param encoding: a key of ``ENCODINGS`` or ``OF_16_BITS``.
    :param width: field of the message, in pixels.
    :param height: field of the message, in rows.
    :param step: field of the message, in bytes.
    :param size: number of bytes of the message's data.
    :raises FrameError: no reading fits, or several do.
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
        raise FrameError(f'{text}: {_without_chroma(width, height, step)}')
    expected = step * height * twice // 2
    kind = 'truncated' if size < expected else 'oversized'
    raise FrameError(f'{text}: data is {kind}: expected {expected} bytes '
                     f'(step {step} x {expected // step} rows), found {size}')


def _without_chroma(width: int, height: int, step: int) -> str:
    """Explain data of ``height`` rows, in place of the 3/2 * ``height`` that chroma needs."""
    each = step // width
    # Below two bytes a pixel the rows may be padded; above, the bytes are those of other pixels.
    row = width if each > 1 else step
    plain = _PLAIN.get(each) if step == each * width else None
    cause = f'these are {each} bytes a pixel, as in {plain}: let the driver name the encoding ' \
        'that it sends' if plain else 'the chroma is missing: let the driver send it, or mono8'
    return (f'expected {row * height * 3 // 2} bytes ({height} rows of luma and {height // 2} of '
            f'chroma, {row} bytes each), found {step * height} bytes ({height} rows of {step} '
            f'bytes); {cause}')


def _maybe_wider(layout: Layout, width: int, step: int) -> str:
    """
    Return a note when padding may be more channels, as in mono8 with a step of 3 x width.

    Either the rows are padded, as ROS allows, for example in a crop of a wider picture. Or the
    pixels have more bytes, and the driver names the wrong encoding.
    """
    each, rest = divmod(step, width)
    if rest or layout.half_rows != 2 or each <= layout.pixel_bytes \
            or each not in {known.pixel_bytes for known in _LAYOUTS.values()} \
            or step in {_ceil(width * layout.pixel_bytes, to) for to in ROW_ALIGNMENTS}:
        return ''
    return (f'step {step} is {each} bytes a pixel, the encoding has {layout.pixel_bytes}: the '
            'rest of each row is taken as padding; where the colours are wrong, let the driver '
            'name the encoding that it sends')


def checked_rows(encoding: str, width: int, height: int, step: int, size: int) -> Rows:
    """
    Check width and height, then find the rows with ``read_rows``.

    :param encoding: a key of ``ENCODINGS`` or ``OF_16_BITS``.
    :param width: field of the message, in pixels.
    :param height: field of the message, in rows.
    :param step: field of the message, in bytes.
    :param size: number of bytes of the message's data.
    :raises FrameError: the encoding does not allow these sides, or no single reading fits.
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
    steps = {_ceil(row, to) for to in ROW_ALIGNMENTS}
    usual = step in steps
    if step < row and twice == 2:
        steps &= {step * layout.pixel_bytes}  # the step counts pixels
    elif step > row and not usual and step % row and step * height != size:
        return []  # unusual padding: more than the step may be wrong
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
        # No reading without padding fits, and the step is wrong: also try padding of a low plane.
        padded = _fitting(height, steps, twice, size, padded=True)
        found += [reading for reading in padded if reading not in found]
    if usual and step < 2 * row and all(reading[1] != step for reading in found):
        return []  # the step may be right and the data truncated
    return [_explained(height, step, size, *reading) for reading in found]


def _fitting(rows: int, steps: set[int], twice: int, size: int, *,
             padded: bool) -> list[tuple[int, int, int]]:
    """Return each (rows, step, rows of the luma plane) that matches the number of bytes."""
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
