# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Damaged JPEG, PNG and other files: decoded, or refused with FrameError."""

import struct

import cv2
from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.core.jpeg import read_header, strongest_reduction
from edgenext_ros.core.nv12 import Nv12Converter
from fuzzing import cases, damaged
from hypothesis import given, strategies as st
import numpy as np
import pytest

PICTURE = cv2.GaussianBlur(
    np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8), (9, 9), 0)
EXIF = b'Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0'
CONVERTER = Nv12Converter(width=16, height=16)


def encoded(suffix, picture=PICTURE, *options):
    return cv2.imencode(suffix, picture, options)[1].tobytes()


def with_exif(jpeg):
    return jpeg[:2] + b'\xff\xe1' + struct.pack('>H', len(EXIF) + 2) + EXIF + jpeg[2:]


JPEGS = [encoded('.jpg'), with_exif(encoded('.jpg')), encoded('.jpg', PICTURE[..., 0]),
         encoded('.jpg', PICTURE, cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
         encoded('.jpg', PICTURE, cv2.IMWRITE_JPEG_RST_INTERVAL, 2), encoded('.jpg') + bytes(5000)]
OTHERS = [encoded('.png'), encoded('.png', PICTURE[..., 0]), encoded('.bmp'), encoded('.ppm'),
          encoded('.webp'), encoded('.tiff'), encoded('.png', PICTURE[..., 0].astype('u2') * 257),
          encoded('.webp') + b'EXIF\x1a\0\0\0' + EXIF[6:],
          encoded('.png')[:33] + struct.pack('>I', 26) + b'eXIf' + EXIF[6:] + bytes(4)
          + encoded('.png')[33:], b'\x89PNG', b'\xff\xd8\xff\xd9', b'GIF89a', b'']


FORMATS = ['', 'jpeg', 'bayer_rggb8; jpeg compressed ', 'bayer_gbrg16; png compressed ',
           '16UC1; compressedDepth png', '16UC1; png compressed ', 'rgb8; png compressed rgb8',
           'nv12', 'h264', 'mono16; png compressed ']


def read_file(data, enough=CONVERTER.covers, picture_format=''):
    try:
        frame = Frame.from_compressed(np.frombuffer(data, np.uint8), enough=enough,
                                      picture_format=picture_format)
    except FrameError as error:
        assert '\n' not in str(error)
        return
    assert frame.encoding == 'bgr8'
    CONVERTER.convert(frame)


@pytest.mark.parametrize('originals', [JPEGS, OTHERS], ids=['jpeg', 'others'])
@pytest.mark.parametrize('enough', [None, CONVERTER.covers], ids=['whole', 'reduced'])
@cases
@given(draw=st.data())
def test_a_damaged_file_is_refused_or_decoded(originals, enough, draw):
    read_file(draw.draw(damaged(originals, near=200)), enough)


@cases
@given(data=st.one_of(damaged(JPEGS + OTHERS, near=60), st.sampled_from(JPEGS + OTHERS)),
       picture_format=st.one_of(damaged([text.encode() for text in FORMATS]).map(
           lambda text: text.decode('utf-8', 'replace')), st.text(max_size=80)))
def test_any_format_is_refused_or_read(data, picture_format):
    read_file(data, picture_format=picture_format)


@pytest.mark.parametrize('suffix,mark,skipped,code', [
    ('.jpg', b'\xff\xc0', 5, '>HH'), ('.png', b'IHDR', 4, '>II')])
def test_a_header_that_would_take_all_memory_is_refused(suffix, mark, skipped, code):
    # For this JPEG of a kilobyte OpenCV takes 27 s and 5 GB.
    data = bytearray(encoded(suffix))
    struct.pack_into(code, data, data.index(mark) + skipped, 30_000, 30_000)
    with pytest.raises(FrameError, match='says it has 30000x30000 pixels'):
        Frame.from_compressed(np.frombuffer(data, np.uint8), enough=CONVERTER.covers)


def test_a_png_chunk_that_would_take_all_memory_is_refused():
    # For the 2 GB of this chunk OpenCV 4.14 takes 2 s and 2.3 GB.
    data = bytearray(encoded('.png'))
    struct.pack_into('>I', data, data.index(b'IDAT') - 4, 0x7FFFFFFF)
    with pytest.raises(FrameError, match='truncated'):
        Frame.from_compressed(np.frombuffer(data, np.uint8))


def read_jpeg_header(data):
    file = np.frombuffer(data, np.uint8)
    header = read_header(file)
    if header is not None:
        assert 0 < header.width < 1 << 16
        assert 0 < header.height < 1 << 16
    assert strongest_reduction(file, lambda width, height: True) == (1 if header is None else 8)
    assert strongest_reduction(file, lambda width, height: False) == 1


@cases
@given(data=st.one_of(
    damaged(JPEGS, near=60), st.binary(max_size=200).map(lambda junk: b'\xff\xd8' + junk)))
def test_the_header_is_read_or_there_is_none(data):
    read_jpeg_header(data)
