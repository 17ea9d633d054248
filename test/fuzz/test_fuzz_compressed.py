# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Damaged JPEG, PNG and other files: decoded, or refused with FrameError."""

import struct

from edgenext_ros.core.frame import Frame, FrameError
from helpers.fuzz_pictures import (
    CONVERTER,
    encoded,
    JPEGS,
    OTHERS,
    read_file,
    read_jpeg_header,
)
from helpers.fuzzing import cases, damaged
from hypothesis import given, strategies as st
import numpy as np
import pytest

pytestmark = pytest.mark.slow

FORMATS = ['', 'jpeg', 'bayer_rggb8; jpeg compressed ', 'bayer_gbrg16; png compressed ',
           '16UC1; compressedDepth png', '16UC1; png compressed ', 'rgb8; png compressed rgb8',
           'nv12', 'h264', 'mono16; png compressed ']


@pytest.mark.parametrize('originals', [JPEGS, OTHERS], ids=['jpeg', 'others'])
@pytest.mark.parametrize('enough', [None, CONVERTER.covers], ids=['whole', 'reduced'])
@cases
@given(draw=st.data())
def test_damaged_picture_is_refused_or_decoded(originals, enough, draw):
    read_file(draw.draw(damaged(originals, near=200)), enough)


@cases
@given(data=st.one_of(damaged(JPEGS + OTHERS, near=60), st.sampled_from(JPEGS + OTHERS)),
       picture_format=st.one_of(damaged([text.encode() for text in FORMATS]).map(
           lambda text: text.decode('utf-8', 'replace')), st.text(max_size=80)))
def test_any_compressed_format_is_refused_or_read(data, picture_format):
    read_file(data, picture_format=picture_format)


@pytest.mark.parametrize('suffix,mark,skipped,code', [
    ('.jpg', b'\xff\xc0', 5, '>HH'), ('.png', b'IHDR', 4, '>II')])
def test_a_header_that_would_take_all_memory_is_refused(suffix, mark, skipped, code):
    # OpenCV would need 27 s and 5 GB for this JPEG of a kilobyte.
    data = bytearray(encoded(suffix))
    struct.pack_into(code, data, data.index(mark) + skipped, 30_000, 30_000)
    with pytest.raises(FrameError, match='says it has 30000x30000 pixels'):
        Frame.from_compressed(np.frombuffer(data, np.uint8), enough=CONVERTER.covers)


def test_a_png_chunk_that_would_take_all_memory_is_refused():
    # OpenCV 4.14 would need 2 s and 2.3 GB for the 2 GB of this chunk.
    data = bytearray(encoded('.png'))
    struct.pack_into('>I', data, data.index(b'IDAT') - 4, 0x7FFFFFFF)
    with pytest.raises(FrameError, match='truncated'):
        Frame.from_compressed(np.frombuffer(data, np.uint8))


@cases
@given(data=st.one_of(
    damaged(JPEGS, near=60), st.binary(max_size=200).map(lambda junk: b'\xff\xd8' + junk)))
def test_damaged_jpeg_header_is_read_or_ignored(data):
    read_jpeg_header(data)
