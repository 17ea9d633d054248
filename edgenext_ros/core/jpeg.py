# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read the segments of a JPEG file without decoding it (ITU-T T.81, annex B)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import re
import struct
from types import MappingProxyType
from typing import NamedTuple

from edgenext_ros.core import exif
import numpy as np
import numpy.typing as npt

_START = b'\xff\xd8'
_START_OF_SCAN = 0xDA
_END = 0xD9
_APP1 = 0xE1
_MOST_SEGMENTS = 1000
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers without a length."""
_IN_SCANS = frozenset((0xC4, 0xCC, _START_OF_SCAN, 0xDB, 0xDC, 0xDD, 0xDF, *range(0xE0, 0xF0),
                       0xFE))
"""Markers of segments that may follow a scan."""
_MARKER = re.compile(rb'\xff([^\xff\x00])', re.DOTALL)
# In a scan, ff 00 is a byte of data and ff d0 to ff d7 are restart markers.
_MARKER_IN_SCAN = re.compile(rb'\xff([^\xff\x00\xd0-\xd7])', re.DOTALL)
_LONGEST_EXIF = 1 << 16
# SOF0 to SOF15 without the markers for tables and the reserved one; 0xF7 is JPEG-LS.
_START_OF_FRAME = frozenset((*range(0xC0, 0xD0), 0xF7)) - {0xC4, 0xC8, 0xCC}
_RARE: Mapping[int, str] = MappingProxyType({
    0xC3: 'lossless JPEG', 0xF7: 'JPEG-LS',
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), 'hierarchical JPEG'),
    **dict.fromkeys((0xC9, 0xCA, 0xCB), 'arithmetic-coded JPEG')})


class JpegHeader(NamedTuple):
    """Header of a JPEG picture: its segments before the first scan."""

    width: int
    height: int
    exif: bool
    """There is Exif data, so the picture may have to be turned by 90 degrees."""
    orientation: int
    """Orientation from Exif data, 1 to 8."""
    components: int
    """1 for grey, 3 for colour, 4 for CMYK."""
    bits: int
    """Bits per sample; nearly always 8."""
    frame: int
    """Marker of the frame: 0xC0 for baseline, 0xC2 for progressive."""
    scan: int
    """Offset of the first scan's marker in bytes; 0 when there is no scan."""

    @property
    def rare(self) -> str:
        """Name of a JPEG variant that few decoders support; empty for a common one."""
        if self.frame in _RARE:
            return _RARE[self.frame]
        return f'JPEG with {self.bits} bits a sample' if self.bits != 8 else ''


def read_header(data: npt.NDArray[np.uint8]) -> JpegHeader | None:
    """
    Read the header of a JPEG picture.

    :param data: the whole file, flat uint8, contiguous.
    :return: None for another kind of file and for a damaged one.
    """
    if data[:2].tobytes() != _START:
        return None
    orientation, at, scan, frame = 0, 2, 0, b''
    for _ in range(_MOST_SEGMENTS):
        match = _MARKER.search(data.data, at)  # decoders skip any bytes before a marker
        if match is None:
            break
        at = match.start(1)
        segment = data[at:at + 10].tobytes()
        if len(segment) < 9 or segment[0] == _START_OF_SCAN:
            scan = at if segment[0] == _START_OF_SCAN else 0
            break
        if segment[0] in _START_OF_FRAME:
            frame = frame or segment
        elif segment[0] == _APP1 and not orientation and segment[3:9] == exif.MARK:
            orientation = exif.read_orientation(data[at + 3:at + _LONGEST_EXIF].tobytes())
        at += 1 if segment[0] in _ALONE else 1 + int.from_bytes(segment[1:3], 'big')
    if not frame:
        return None
    marker, bits, height, width, components = struct.unpack_from('>B2xBHHB', frame.ljust(10))
    if not width or not height:
        return None
    return JpegHeader(width, height, bool(orientation), orientation or 1, components, bits,
                      marker, scan)


def has_end(data: npt.NDArray[np.uint8], header: JpegHeader) -> bool:
    """
    Return whether an end marker follows the scans of a JPEG; bytes after it are ignored.

    A marker that is not allowed between scans, such as the start of another picture, means that
    this picture is truncated.
    """
    at = header.scan
    for _ in range(_MOST_SEGMENTS if at else 0):
        at += 1 + int.from_bytes(data[at + 1:at + 3].tobytes(), 'big')
        match = _MARKER_IN_SCAN.search(data.data, at)
        if match is None:
            break
        at = match.start(1)
        if data[at] == _END:
            return True
        if data[at] not in _IN_SCANS:
            break
    return False


def strongest_reduction(header: JpegHeader, enough: Callable[[int, int], bool]) -> int:
    """
    Return the largest factor by which a decoder may divide the sides of this picture.

    :param enough: returns whether a picture of this width and height is large enough.
    :return: 8, 4 or 2; 1 when no reduced size is large enough.
    """
    for reduction in (8, 4, 2):
        width, height = -(-header.width // reduction), -(-header.height // reduction)
        if enough(width, height) and (not header.exif or enough(height, width)):
            return reduction
    return 1
