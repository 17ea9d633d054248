# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The orientation in a picture's Exif data (CIPA DC-008, 4.6.4, tag 0x112), and turning by it.

OpenCV 4.5 does it for JPEG only.
"""

from __future__ import annotations

from collections.abc import Mapping
import struct
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

MARK = b'Exif\0\0'
"""What Exif data begins with in a JPEG, and in some WebP files."""

_ORIENTATION = 0x112
_MOST_ENTRIES = 500
_BYTE_ORDERS: Mapping[bytes, str] = MappingProxyType({b'II*\0': '<', b'MM\0*': '>'})
_INTEGERS: Mapping[int, str] = MappingProxyType({1: 'B', 4: 'I', 9: 'i'})
"""Types other than SHORT, which Exif asks for, that some writers give the orientation."""
_FLIPS: Mapping[int, int] = MappingProxyType({2: 1, 3: -1, 4: 0, 6: 1, 7: -1, 8: 0})
"""OpenCV's code of the flip that follows; from 5 on, after transposing."""


def read_orientation(exif: bytes) -> int:
    """
    Find the orientation in Exif data.

    :param exif: TIFF header and first directory at least; ``MARK`` before it is left out.
    :return: 1 to 8; 1, which is upright, where none is found.
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
    except struct.error:  # cut off
        pass
    return 1


def exif_from_text(text: bytes) -> bytes:
    """
    Return the Exif data that ImageMagick writes as text: its name, length, and hexadecimal lines.

    :return: empty where it is none.
    """
    _, _, digits = text.strip().partition(b'\n')
    _, _, digits = digits.partition(b'\n')
    try:
        return bytes.fromhex(digits.decode('ascii'))
    except ValueError:
        return b''


def make_upright(image: npt.NDArray[np.uint8], orientation: int) -> npt.NDArray[np.uint8]:
    """
    Return a picture upright, as its orientation says.

    :param image: uint8 (height, width, channels).
    """
    if orientation == 1 or image.shape[:2] == (1, 1):
        return image
    if orientation >= 5:
        image = cv2.transpose(image)
    return image if orientation == 5 else cv2.flip(image, _FLIPS[orientation])
