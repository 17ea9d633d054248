# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read the orientation in Exif data (CIPA DC-008, 4.6.4, tag 0x112) and turn a picture upright.

OpenCV 4.5 applies the orientation of JPEG files only.
"""

from __future__ import annotations

from collections.abc import Mapping
import struct
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

MARK = b'Exif\0\0'
"""First bytes of Exif data in a JPEG, and in some WebP files."""

_ORIENTATION = 0x112
_MOST_ENTRIES = 500
_BYTE_ORDERS: Mapping[bytes, str] = MappingProxyType({b'II*\0': '<', b'MM\0*': '>'})
_INTEGERS: Mapping[int, str] = MappingProxyType({1: 'B', 4: 'I', 9: 'i'})
"""Integer types that some writers use for the orientation; Exif requires SHORT."""
_FLIPS: Mapping[int, int] = MappingProxyType({2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0})
"""``cv2.flip`` code by orientation; orientations from 5 on transpose the picture first."""


def read_orientation(exif: bytes) -> int:
    """
    Find the orientation in Exif data.

    :param exif: at least the TIFF header and the first directory; ``MARK`` may come before them.
    :return: 1 to 8; 1 (upright) when there is none.
    """
    tiff = exif.removeprefix(MARK)
    order = _BYTE_ORDERS.get(tiff[:4])
    if order is None:
        return 1
    try:
        (at,) = struct.unpack_from(f'{order}I', tiff, 4)
        (entries,) = struct.unpack_from(f'{order}H', tiff, at)
        for index in range(min(entries, _MOST_ENTRIES)):
            tag, kind = struct.unpack_from(f'{order}HH', tiff, at + 2 + 12 * index)
            if tag == _ORIENTATION:
                (value,) = struct.unpack_from(f'{order}{_INTEGERS.get(kind, "H")}', tiff,
                                              at + 10 + 12 * index)
                return value if 1 <= value <= 8 else 1
    except struct.error:  # truncated
        pass
    return 1


def exif_from_text(text: bytes) -> bytes:
    """
    Decode Exif data that ImageMagick writes as text: a name, a length, hexadecimal lines.

    :return: the bytes; empty when the text has another form.
    """
    _, _, digits = text.strip().partition(b'\n')
    _, _, digits = digits.partition(b'\n')
    try:
        return bytes.fromhex(digits.decode('ascii'))
    except ValueError:
        return b''


def make_upright(image: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """
    Turn or mirror a picture by its orientation.

    :param image: uint8 (height, width, channels).
    :param orientation: 1 to 8, as in Exif data.
    """
    if orientation == 1 or image.shape[:2] == (1, 1):
        return image
    if orientation >= 5:
        image = cv2.transpose(image)
    return image if orientation == 5 else cv2.flip(image, _FLIPS[orientation])
