# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read picture files, allowing only documented errors; files to damage."""

import struct

import cv2
from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.core.jpeg import read_header, strongest_reduction
from edgenext_ros.core.nv12 import Nv12Converter
import numpy as np

PICTURE = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8), (9, 9), 0)
EXIF = b'Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0'
CONVERTER = Nv12Converter(width=16, height=16)


def encoded(suffix, picture=PICTURE, *options):
    """Encode a picture as a file of this suffix."""
    return cv2.imencode(suffix, picture, options)[1].tobytes()


def with_exif(jpeg):
    """Put an orientation into a JPEG."""
    return jpeg[:2] + b'\xff\xe1' + struct.pack('>H', len(EXIF) + 2) + EXIF + jpeg[2:]


JPEGS = [encoded('.jpg'), with_exif(encoded('.jpg')), encoded('.jpg', PICTURE[..., 0]),
         encoded('.jpg', PICTURE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
         encoded('.jpg', PICTURE, cv2.IMWRITE_JPEG_RST_INTERVAL, 2), encoded('.jpg') + bytes(5000)]
OTHERS = [encoded('.png'), encoded('.png', PICTURE[..., 0]), encoded('.bmp'), encoded('.ppm'),
          encoded('.webp'), encoded('.tiff'), encoded('.png', PICTURE[..., 0].astype('u2') * 257),
          encoded('.webp') + b'EXIF\x1a\0\0\0' + EXIF[6:],
          encoded('.png')[:33] + struct.pack('>I', 26) + b'eXIf' + EXIF[6:] + bytes(4)
          + encoded('.png')[33:], b'\x89PNG', b'\xff\xd8\xff\xd9', b'GIF89a', b'']


def read_file(data, enough=CONVERTER.covers, picture_format=''):
    """Decode and convert a file, or check that it is refused in one line."""
    try:
        frame = Frame.from_compressed(np.frombuffer(data, np.uint8), enough=enough,
                                      picture_format=picture_format)
    except FrameError as error:
        assert '\n' not in str(error)
        return
    assert frame.encoding == 'bgr8'
    CONVERTER.convert(frame)


def read_jpeg_header(data):
    """Read the size and the strongest reduction that a header allows."""
    file = np.frombuffer(data, np.uint8)
    header = read_header(file)
    if header is not None:
        assert 0 < header.width < 1 << 16
        assert 0 < header.height < 1 << 16
        assert strongest_reduction(header, lambda width, height: True) == 8
        assert strongest_reduction(header, lambda width, height: False) == 1
