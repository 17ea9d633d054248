# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Decode the bytes of a picture file or of a CompressedImage to BGR.

The header is checked before OpenCV decodes. A truncated JPEG or PNG is refused, because OpenCV
fills the missing part with grey. A picture with too many pixels is refused, because OpenCV
allocates the size that a damaged header states.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import re
from types import MappingProxyType
from typing import NamedTuple

import cv2
from edgenext_ros import MOST_PIXELS
from edgenext_ros.core.bit_depth import low_values, LOWEST_USUAL
from edgenext_ros.core.exif import make_upright
from edgenext_ros.core.image_array import check_bytes
from edgenext_ros.core.layout import BAYER_TO_BGR, Bytes, ENCODINGS, FrameError
from edgenext_ros.core.picture_file import file_kind, FileHeader, read_file_header

_REDUCED = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
            8: cv2.IMREAD_REDUCED_COLOR_8}
_LONGEST_FORMAT = 60
"""Characters of a CompressedImage's format that are parsed and quoted in errors."""
_NO_PICTURE = re.compile(r'(8S|16[US]|32[SF]|64F)C\d*', re.ASCII | re.IGNORECASE)
"""OpenCV types that carry no colour picture, such as depth in 16UC1 or 32FC1."""
_MOSAIC = re.compile(r'(bayer_[rgb]{4})(8|16)', re.ASCII | re.IGNORECASE)
_VIDEO = frozenset(('h264', 'h.264', 'avc', 'h265', 'h.265', 'hevc', 'vp8', 'vp9', 'av1'))
_NO_DATA = 128
"""Value that libjpeg writes to each colour of missing blocks."""
_BROKEN_OFF = 'a JPEG has an end marker, but its last rows are plain grey, as when data is ' \
    'missing before the end; such pictures are classified with the grey'
_MOSAIC_FORMAT = '{} is a mosaic, but its file has colours already: taken as they are'
_RGB_FORMAT: Mapping[bool, str] = MappingProxyType({
    True: 'format {!r}: the colours are taken as the file has them; image_transport would swap '
          'red and blue, as its first releases did', False: ''})


class DecodedPicture(NamedTuple):
    """A decoded picture file."""

    image: Bytes
    """BGR, uint8 (height, width, 3)."""
    note: str
    """Assumptions, as text; empty when there are none."""
    reduced_from: tuple[int, int] | None = None
    """Width and height of the upright picture in the file, if ``image`` is smaller."""


def decode(data: Bytes, *, enough: Callable[[int, int], bool] | None = None,
           picture_format: str = '') -> DecodedPicture:
    """
    Decode a JPEG, PNG or other file that OpenCV reads, and apply its Exif orientation.

    :param data: the whole file, flat uint8.
    :param enough: see ``Frame.from_compressed``.
    :param picture_format: the field ``format`` of a CompressedImage, such as
        ``bayer_rggb8; jpeg compressed`` from image_transport: the encoding before compression,
        then the codec. It decides two things that the bytes do not show: a mosaic is demosaiced,
        and depth is refused.
    :raises FrameError: the file is not a picture, is truncated or damaged, or has more than
        ``MOST_PIXELS`` pixels.
    """
    check_bytes(data, name='compressed picture')
    said = picture_format[:_LONGEST_FORMAT]
    source = said.partition(';')[0].strip()
    _refuse_depth(data, said, source)
    if not data.size:
        raise FrameError('compressed picture: no data')
    if not data.flags.c_contiguous:
        data = data.copy()
    try:
        header = read_file_header(data)
    except ValueError as error:
        raise FrameError(f'compressed picture of {data.size} bytes {error}') from error
    if header.width * header.height > MOST_PIXELS:
        raise FrameError(f'compressed picture of {data.size} bytes says it has {header.width}x'
                         f'{header.height} pixels: expected at most {MOST_PIXELS}')
    mosaic = _MOSAIC.fullmatch(source)
    if mosaic and header.channels == 1:
        image = _imdecode(data, cv2.IMREAD_ANYDEPTH, header, said)
        highest = int(image.max())
        note = low_values(highest) if image.itemsize == 2 and highest < LOWEST_USUAL else ''
        image = make_upright(_demosaic(image, f'{mosaic[1].lower()}8'), header.orientation)
        return DecodedPicture(image, note)
    # A mosaic is never decoded at a reduced size, which would average its colours.
    reduction = header.reduction(enough) if enough else 1
    image = _imdecode(data, _REDUCED[reduction], header, said)
    size = header.width, header.height
    full = None if reduction == 1 else size if header.orientation < 5 else size[::-1]
    if header.kind == 'JPEG' and (image[-1] == _NO_DATA).all():
        return DecodedPicture(make_upright(image, header.orientation), _BROKEN_OFF, full)
    image = make_upright(image, header.orientation)
    if header.bits == 16 and image.max() < LOWEST_USUAL >> 8:
        return DecodedPicture(image, low_values(int(image.max()) << 8), full)
    if mosaic:
        return DecodedPicture(image, _MOSAIC_FORMAT.format(f'format {said!r}'), full)
    swapped = 'compressed rgb' in said and source.lower() in ('rgb8', 'bgr8', 'rgba8', 'bgra8')
    return DecodedPicture(image, _RGB_FORMAT[swapped].format(said), full)


def _refuse_depth(data: Bytes, said: str, source: str) -> None:
    depth = 'compresseddepth' in said.lower()
    # compressedDepth puts a header of 12 bytes before its PNG.
    if depth or data[12:16].tobytes() == b'\x89PNG':
        raise FrameError(f'format {said!r} is depth of the transport compressedDepth, not a '
                         f'picture: give the topic of the colour camera')
    if _NO_PICTURE.fullmatch(source):
        raise FrameError(f'format {said!r} is {source}, which is depth or another measurement, '
                         f'not a picture: give the topic of the colour camera')


def _imdecode(data: Bytes, flags: int, header: FileHeader, said: str) -> Bytes:
    if header.kind in ('JPEG', 'PNG', 'WebP'):
        # Only some OpenCV versions apply the orientation of PNG and WebP; make_upright does it.
        flags |= cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image: Bytes | None = cv2.imdecode(data, flags)
    except cv2.error as error:
        raise FrameError(f'compressed picture does not decode: {error.err}') from error
    if image is None:
        raise FrameError(f'compressed picture of {data.size} bytes does not decode: '
                         f'{_why_not(data, header, said)}')
    return image


def _why_not(data: Bytes, header: FileHeader, said: str) -> str:
    name = said.strip().lower()
    if header.rare:
        return f'{header.rare}, which OpenCV does not decode: expected 8 bits, baseline or ' \
               f'progressive'
    if header.kind:
        return f'a damaged {header.kind}'
    if name in ENCODINGS:
        return f'its format is {name!r}, but a CompressedImage has no width and height: let the ' \
               f'driver send raw pictures as sensor_msgs/Image, or JPEG'
    if name in _VIDEO:
        return f'its format is {name!r}, a video stream: let a decoder send sensor_msgs/Image, ' \
               f'or the camera JPEG'
    kind = file_kind(data)
    found = f'a {kind} file' if kind else f'bytes {data[:4].tobytes().hex(" ")}'
    return f'expected JPEG or PNG, found {found}'


def _demosaic(mosaic: Bytes, pattern: str) -> Bytes:
    height, width = mosaic.shape
    if height % 2 or width % 2 or min(height, width) < ENCODINGS[pattern].smallest:
        raise FrameError(f'compressed {pattern} {width}x{height}: width and height must be even, '
                         f'and at least {ENCODINGS[pattern].smallest}')
    if mosaic.itemsize == 2:
        mosaic = (mosaic >> 8).astype('uint8')
    image: Bytes = cv2.cvtColor(mosaic, BAYER_TO_BGR[pattern])
    return image
