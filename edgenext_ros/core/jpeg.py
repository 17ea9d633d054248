# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the header of a JPEG file says, without decoding it (ITU-T T.81, annex B)."""

from __future__ import annotations

from collections.abc import Callable
import re
import struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_START = b'\xff\xd8'
_START_OF_SCAN = 0xDA
_EXIF = 0xE1
_MOST_SEGMENTS = 1000
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers without a length."""
_MARKER = re.compile(rb'\xff([^\xff\x00])', re.DOTALL)
_PART = 4096
"""Bytes that are searched for a marker at a time: nearly always the first is one."""
# All but the tables for Huffman and arithmetic coding, and one that is reserved.
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class JpegHeader(NamedTuple):
    """The stored size of a JPEG picture."""

    width: int
    height: int
    exif: bool
    """There is Exif data, which may say that the picture is to be turned by 90 degrees."""


def read_header(data: npt.NDArray[np.uint8]) -> JpegHeader | None:
    """
    Find the size of a JPEG picture.

    :param data: the whole file, flat uint8.
    :return: None for other files, and for damaged ones.
    """
    if data[:2].tobytes() != _START:
        return None
    exif, at = False, 2
    for _ in range(_MOST_SEGMENTS):
        at = _next_marker(data, at)
        segment = data[at:at + 8].tobytes()
        if len(segment) < 8 or segment[0] == _START_OF_SCAN:
            break
        if segment[0] in _START_OF_FRAME:
            height, width = struct.unpack('>4xHH', segment)
            return JpegHeader(width, height, exif) if width and height else None
        exif = exif or segment[0] == _EXIF
        at += 1 if segment[0] in _ALONE else 1 + int.from_bytes(segment[1:3], 'big')
    return None


def _next_marker(data: npt.NDArray[np.uint8], at: int) -> int:
    """Return where the next marker's code is; decoders go over whatever stands before it."""
    while at < data.size:
        part = data[at:at + _PART].tobytes()
        match = _MARKER.search(part)
        if match:
            return at + match.start(1)
        at += max(1, len(part) - 1)  # its last byte may begin a marker
    return at


def strongest_reduction(data: npt.NDArray[np.uint8],
                        enough: Callable[[int, int], bool]) -> int:
    """
    Say by how much a JPEG decoder may divide the sides of this picture.

    :param enough: whether a picture of this width and height is still large enough.
    :return: 8, 4 or 2, at which a decoder does less work; else 1.
    """
    header = read_header(data)
    if header is None:
        return 1
    for reduction in (8, 4, 2):
        width, height = -(-header.width // reduction), -(-header.height // reduction)
        if enough(width, height) and (not header.exif or enough(height, width)):
            return reduction
    return 1
