# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Make picture files with an orientation, and decode them with Frame."""

import struct
import zlib

import cv2
from edgenext_ros.core.frame import Frame, FrameError
import numpy as np
import pytest


def coded(suffix, picture, *options):
    """Encode a picture as a file of this suffix."""
    return cv2.imencode(suffix, picture, options)[1].tobytes()


def decoded(data, picture_format='', enough=None):
    """Return the frame and its picture; BGR, uint8."""
    frame = Frame.from_compressed(np.frombuffer(data, np.uint8), enough=enough,
                                  picture_format=picture_format)
    assert frame.encoding == 'bgr8'
    return frame, frame.data.reshape(frame.height, frame.width, 3)


def refusal(data, picture_format=''):
    """Return the sentence of the error, which must be one line."""
    with pytest.raises(FrameError) as caught:
        decoded(data, picture_format)
    assert '\n' not in str(caught.value)
    return str(caught.value)


def segment(marker, payload):
    """Make a segment of a JPEG."""
    return bytes((0xFF, marker)) + struct.pack('>H', len(payload) + 2) + payload


def tiff(orientation, order='>'):
    """Make Exif data with an orientation."""
    mark = b'MM' if order == '>' else b'II'
    return mark + struct.pack(f'{order}HIHHHIIHHIHHI', 42, 8, 2, 0x10F, 2, 4, 0x41424300, 0x112, 3,
                              1, orientation, 0, 0)


def png_chunk(kind, payload):
    """Make a chunk of a PNG."""
    return struct.pack('>I', len(payload)) + kind + payload + \
        struct.pack('>I', zlib.crc32(kind + payload))


def with_exif(suffix, picture, exif, late=False):
    """Encode a picture and put Exif data into the file."""
    data = coded(suffix, picture, *((cv2.IMWRITE_WEBP_QUALITY, 101) if suffix == '.webp' else ()))
    if suffix == '.jpg':
        xmp = segment(0xE1, b'http://ns.adobe.com/xap/1.0/\0<x/>')
        return data[:2] + xmp + segment(0xE1, b'Exif\0\0' + exif) + data[2:]
    if suffix == '.png':
        at = len(data) - 12 if late else 33
        return data[:at] + png_chunk(b'eXIf', exif) + data[at:]
    height, width = picture.shape[:2]
    extended = struct.pack('<B3x', 8) + (width - 1).to_bytes(3, 'little') \
        + (height - 1).to_bytes(3, 'little')
    exif = b'Exif\0\0' + exif if late else exif
    chunks = b'WEBPVP8X' + struct.pack('<I', 10) + extended + data[12:] \
        + b'EXIF' + struct.pack('<I', len(exif)) + exif + b'\0' * (len(exif) % 2)
    return b'RIFF' + struct.pack('<I', len(chunks)) + chunks


def stored(upright, orientation):
    """Return the picture as a camera stores it with this Exif orientation."""
    picture = upright.swapaxes(0, 1) if orientation >= 5 else upright
    rows = -1 if orientation in (3, 4, 6, 7) else 1
    columns = -1 if orientation in (2, 3, 7, 8) else 1
    return np.ascontiguousarray(picture[::rows, ::columns])
