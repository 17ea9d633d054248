# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Orientation in the places where programs other than cameras write it."""

import struct
import zlib

from helpers.coded_pictures import coded, decoded, png_chunk, stored, tiff, with_exif
import pytest


def raw_profile(exif, *, name=b'exif', kind=b'zTXt'):
    """Make the chunk that ImageMagick writes for Exif data."""
    digits = exif.hex().encode()
    lines = b'\n'.join(digits[at:at + 72] for at in range(0, len(digits), 72))
    text = b'\n%s\n%8d\n%s\n' % (name, len(exif), lines)
    text = b'\0' + zlib.compress(text) if kind == b'zTXt' else text
    return png_chunk(kind, b'Raw profile type ' + name + b'\0' + text)


@pytest.mark.parametrize('kind', [b'zTXt', b'tEXt'])
@pytest.mark.parametrize('name,before', [(b'exif', b''), (b'exif', b'Exif\0\0'),
                                         (b'APP1', b'Exif\0\0')])
def test_exif_in_a_png_text_chunk_turns_the_picture(name, before, kind, photograph):
    data = coded('.png', stored(photograph, 6))
    chunk = raw_profile(before + tiff(6), name=name, kind=kind)
    assert (decoded(data[:33] + chunk + data[33:])[1] == photograph).all()


@pytest.mark.parametrize('chunk', [
    png_chunk(b'zTXt', b'Raw profile type exif\0\0junk'),
    png_chunk(b'zTXt', b'Raw profile type exif\0\0' + zlib.compress(bytes(10 ** 8))[:50_000]),
    png_chunk(b'tEXt', b'Raw profile type exif\0\nexif\n 9\nxyz'),
    png_chunk(b'tEXt', b'Raw profile type exif'), png_chunk(b'tEXt', b'Title\0a cup'),
    raw_profile(b'junk')], ids=range(6))
def test_damaged_png_text_chunk_turns_nothing(chunk, photograph):
    data = coded('.png', photograph)
    assert (decoded(data[:33] + chunk + data[33:])[1] == photograph).all()


@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp'])
@pytest.mark.parametrize('order', ['<', '>'])
@pytest.mark.parametrize('kind,value', [(1, 'B3x'), (3, 'H2x'), (4, 'I'), (9, 'i')])
def test_an_orientation_of_any_integer_type_turns(kind, value, order, suffix, photograph):
    exif = (b'MM' if order == '>' else b'II') + struct.pack(
        f'{order}HIHHHI{value}I', 42, 8, 1, 0x112, kind, 1, 6, 0)
    assert decoded(with_exif(suffix, stored(photograph, 6), exif))[1].shape == photograph.shape
