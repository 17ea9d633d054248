# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A validated, zero-copy view of one camera picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import struct
from types import MappingProxyType

import cv2
from edgenext_ros import MOST_PIXELS
from edgenext_ros.core.jpeg import read_header, strongest_reduction
import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]

_IMREAD = {1: cv2.IMREAD_COLOR, 2: cv2.IMREAD_REDUCED_COLOR_2, 4: cv2.IMREAD_REDUCED_COLOR_4,
           8: cv2.IMREAD_REDUCED_COLOR_8}
_LONGEST_NAME = 40
"""Characters of an unknown encoding that are told: a message may hold any number."""
_TAIL = 4096
"""Bytes at the end of a JPEG in which its end marker must stand."""
_MOST_CHUNKS = 100_000
"""Of a PNG; what comes from an encoder has one for 8 kB or more."""
_LONGEST = (1 << 15) - 1
"""Of a side: with more, OpenCV's exact nearest resize reads memory that is not the picture's."""


class FrameError(ValueError):
    """A picture cannot be used; the text says why."""


class UnknownEncodingError(FrameError):
    """The encoding is not one of ``ENCODINGS``; somebody else may know it."""


@dataclass(frozen=True)
class Layout:
    """How an encoding lies in memory."""

    pixel_bytes: int
    """Bytes from one pixel to the next in a row of the first plane."""
    half_rows: int = 2
    """Rows of ``step`` bytes in the whole picture, per two rows of pixels."""
    even_width: bool = False
    """Pixels come in pairs along a row."""
    even_height: bool = False
    """Pixels come in pairs across rows."""
    smallest: int = 1
    """Least width and height: OpenCV leaves thinner mosaics black."""


_HALF_CHROMA = Layout(1, half_rows=3, even_width=True, even_height=True)
_YUV422 = Layout(2, even_width=True)
_BAYER = Layout(1, even_width=True, even_height=True, smallest=4)

ENCODINGS: Mapping[str, Layout] = MappingProxyType({
    'bgr8': Layout(3), 'rgb8': Layout(3), 'bgra8': Layout(4), 'rgba8': Layout(4),
    'mono8': Layout(1), 'mono16': Layout(2),
    'yuv422_yuy2': _YUV422, 'yuyv': _YUV422, 'yuv422': _YUV422, 'uyvy': _YUV422,
    'nv12': _HALF_CHROMA, 'nv21': _HALF_CHROMA, 'nv24': Layout(1, half_rows=6),
    'bayer_rggb8': _BAYER, 'bayer_bggr8': _BAYER, 'bayer_gbrg8': _BAYER, 'bayer_grbg8': _BAYER,
})
"""Encodings by their sensor_msgs name; nv12 is what TROS cameras call theirs."""


@dataclass(frozen=True)
class Frame:
    """
    One picture: ``height`` rows of ``width`` pixels, ``step`` bytes from row to row.

    Nothing is copied; ``data`` is flat uint8. Bytes between a row's pixels and the next row
    are padding and never read.

    :raises UnknownEncodingError: the encoding is not in ``ENCODINGS``.
    :raises FrameError: size, step and data do not fit each other.
    """

    encoding: str
    width: int
    height: int
    step: int
    data: Bytes
    big_endian: bool = False
    """Byte order of mono16; drivers leave junk here for 8-bit pictures, so it is ignored there."""

    def __post_init__(self) -> None:
        layout = ENCODINGS.get(self.encoding)
        if layout is None:
            raise UnknownEncodingError(
                f'encoding {self.encoding[:_LONGEST_NAME]!r} is not supported; '
                f'use one of {", ".join(ENCODINGS)}')
        if min(self.width, self.height) < layout.smallest:
            raise FrameError(f'{self}: width and height must be at least {layout.smallest}')
        if max(self.width, self.height) > _LONGEST:
            raise FrameError(f'{self}: width and height must be at most {_LONGEST}')
        if layout.half_rows == 3 and self.data.size == self.step * self.height:
            # Some drivers count the chroma rows: height is then 1.5 times that of the picture.
            if self.height % 3:
                raise FrameError(f'{self}: {self.data.size} bytes are not 3/2 rows a pixel row')
            object.__setattr__(self, 'height', self.height * 2 // 3)
        if (layout.even_width and self.width % 2) or (layout.even_height and self.height % 2):
            odd = 'width' if layout.even_width and self.width % 2 else 'height'
            raise FrameError(f'{self}: {odd} must be even')
        row = self.width * layout.pixel_bytes
        if self.step < row:
            raise FrameError(f'{self}: a row has {row} bytes, but step is {self.step}')
        size = self.step * self.height * layout.half_rows // 2
        if self.data.size != size:
            kind = 'truncated' if self.data.size < size else 'oversized'
            raise FrameError(
                f'{self}: data is {kind}: expected {size} bytes '
                f'(step {self.step} x {size // self.step} rows), found {self.data.size}')

    def __str__(self) -> str:
        """Return encoding and size, for people."""
        return f'{self.encoding} {self.width}x{self.height}'

    @classmethod
    def from_image(cls, image: Bytes, encoding: str = 'bgr8') -> Frame:
        """View an OpenCV picture, uint8 (height, width, channels) or (height, width)."""
        image = np.ascontiguousarray(image)
        height, width = image.shape[:2]
        return cls(encoding, width, height, image.nbytes // height, image.reshape(-1))

    @classmethod
    def from_compressed(cls, data: Bytes, *,
                        enough: Callable[[int, int], bool] | None = None) -> Frame:
        """
        Decode a JPEG or PNG (or what else OpenCV reads) to bgr8, turned as its Exif data says.

        :param data: the whole file, flat uint8.
        :param enough: whether a picture of this width and height is still large enough, such as
            ``Nv12Converter.covers``: a JPEG is then decoded at 1/8, 1/4 or 1/2 of its size where
            that will do, which takes less than half the time. Without it, at its full size.
        :raises FrameError: empty, cut off, larger than 67 million pixels, or not a picture.
        """
        if not data.size:
            raise FrameError('compressed picture: no data')
        _refuse_cut_off(data)
        _refuse_huge(data)
        reduction = strongest_reduction(data, enough) if enough else 1
        try:
            image = cv2.imdecode(data, _IMREAD[reduction])
        except cv2.error as error:
            raise FrameError(f'compressed picture does not decode: {error.err}') from error
        if image is None:
            head = data[:4].tobytes().hex(' ')
            raise FrameError(f'compressed picture of {data.size} bytes does not decode: '
                             f'expected JPEG or PNG, found bytes {head}')
        return cls.from_image(image)

    def plane(self, channels: int, *, width: int, height: int, first_row: int = 0) -> Bytes:
        """
        View a part of the rows as pixels, without padding.

        :return: uint8 (height, width, channels), or (height, width) for one channel.
        """
        rows = self.data.reshape(-1, self.step)[first_row:first_row + height]
        pixels = rows[:, :width * channels]
        # Only the last axis is split, so this stays a view on padded rows too.
        return pixels if channels == 1 else pixels.reshape(height, width, channels)

    def chroma(self) -> Bytes:
        """
        View the second plane of nv12, nv21 or nv24.

        :return: uint8 (rows, columns, 2), half the picture's size, or for nv24 all of it.
        """
        if self.encoding != 'nv24':
            return self.plane(2, width=self.width // 2, height=self.height // 2,
                              first_row=self.height)
        # A row of chroma is 2 * width bytes in two rows of step bytes each.
        rows = self.data[self.step * self.height:].reshape(self.height, 2 * self.step)
        return rows[:, :2 * self.width].reshape(self.height, self.width, 2)


def _refuse_cut_off(data: Bytes) -> None:
    """Refuse a JPEG or PNG without its end: OpenCV would fill the rest with grey."""
    if data[:2].tobytes() == b'\xff\xd8':
        complete = b'\xff\xd9' in _tail(data)
    elif data[:4].tobytes() == b'\x89PNG':
        complete = _has_every_chunk(data)
    else:
        return
    if not complete:
        raise FrameError(f'compressed picture of {data.size} bytes is truncated: no end marker')


def _has_every_chunk(data: Bytes) -> bool:
    """
    Say whether the chunks of a PNG end with IEND, within the file.

    OpenCV allocates what a damaged chunk says of its length, up to 2 GB.
    """
    at = 8
    for _ in range(_MOST_CHUNKS):
        if at + 12 > data.size:
            return False
        head: tuple[int, bytes] = struct.unpack_from('>I4s', data.data, at)
        at += 12 + head[0]
        if head[1] == b'IEND':
            return at <= data.size
    return False


def _refuse_huge(data: Bytes) -> None:
    """Refuse a JPEG or PNG whose header, damaged perhaps, would cost minutes and all memory."""
    if data[:4].tobytes() == b'\x89PNG':
        width, height = (int.from_bytes(data[at:at + 4].tobytes(), 'big') for at in (16, 20))
    elif data[:2].tobytes() == b'\xff\xd8':
        header = read_header(data)
        if header is None:
            raise FrameError(f'compressed picture of {data.size} bytes does not decode: '
                             f'a JPEG without a size in its header')
        width, height = header[:2]
    else:
        return
    if width * height > MOST_PIXELS:
        raise FrameError(f'compressed picture of {data.size} bytes says it has {width}x{height} '
                         f'pixels: expected at most {MOST_PIXELS}')


def _tail(data: Bytes) -> bytes:
    """Return the end of a file: cameras hand over whole buffers, with zeros after the picture."""
    end = data.size
    while end > 0:
        kept = len(data[max(0, end - _TAIL):end].tobytes().rstrip(b'\0'))
        if kept:
            end = max(0, end - _TAIL) + kept
            break
        end -= _TAIL
    return data[max(0, end - _TAIL):max(0, end)].tobytes()
