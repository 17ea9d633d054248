# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read the header of a JPEG, PNG (ISO 15948) or WebP (RFC 9649) file, and name other kinds of file.

Nothing is decoded, and no length in the file is trusted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
import struct
import zlib

from edgenext_ros.core.exif import exif_from_text, read_orientation
from edgenext_ros.core.jpeg import has_end, JpegHeader, read_header, strongest_reduction
from edgenext_ros.core.layout import Bytes

_MOST_CHUNKS = 100_000
"""Maximum number of chunks in a PNG; encoders write one for every 8 kB or more."""
_LONGEST_EXIF = 1 << 16
_RAW_PROFILES = (b'Raw profile type exif', b'Raw profile type APP1')
_TRUNCATED = 'is truncated: no end marker'
_KINDS = (
    (0, b'BM', 'BMP'), (0, b'II*\0', 'TIFF'), (0, b'MM\0*', 'TIFF'), (0, b'GIF8', 'GIF'),
    (0, b'\0\0\0\x0cJXL ', 'JPEG XL'), (0, b'\xff\x0a', 'JPEG XL'),
    (0, b'\0\0\0\x0cjP  ', 'JPEG 2000'), (0, b'\xff\x4f\xff\x51', 'JPEG 2000'),
    (4, b'ftypavif', 'AVIF'), (4, b'ftyphei', 'HEIC'), (4, b'ftypmif1', 'HEIC'),
    (4, b'ftyp', 'MP4'), (0, b'%PDF', 'PDF'), (0, b'\0\0\0\x01', 'H.264 or H.265'),
    (0, b'\0\0\x01', 'H.264 or H.265'))
"""Offset, bytes at that offset, and kind of file; the first match counts."""


@dataclass(frozen=True)
class FileHeader:
    """Header fields of a picture file; 0 means unknown."""

    kind: str = ''
    """JPEG, PNG or WebP; empty for others."""
    width: int = 0
    height: int = 0
    channels: int = 0
    bits: int = 8
    """Bits per sample."""
    orientation: int = 1
    """Orientation from Exif data, 1 to 8."""
    jpeg: JpegHeader | None = None

    @property
    def rare(self) -> str:
        """Name of a JPEG variant that few decoders support; empty for other files."""
        return self.jpeg.rare if self.jpeg else ''

    def reduction(self, enough: Callable[[int, int], bool]) -> int:
        """Return the largest factor for the sides; see ``jpeg.strongest_reduction``."""
        return strongest_reduction(self.jpeg, enough) if self.jpeg else 1


def read_file_header(data: Bytes) -> FileHeader:
    """
    Read the header of a file and check that the file is complete.

    :param data: the whole file, flat uint8, contiguous.
    :raises ValueError: a JPEG or PNG is truncated or has no size; the text is a predicate, such
        as "is truncated: no end marker".
    """
    start = data[:12].tobytes()
    if start[:2] == b'\xff\xd8':
        return _read_jpeg(data)
    if start[:4] == b'\x89PNG':
        return _read_png(data)
    if start[:4] == b'RIFF' and start[8:] == b'WEBP':
        return FileHeader('WebP', orientation=_webp_orientation(data))
    return FileHeader()


def file_kind(data: Bytes) -> str:
    """Return the kind of a file from its first bytes; empty when it is unknown."""
    start = data[:16].tobytes()
    return next((kind for at, mark, kind in _KINDS if start[at:].startswith(mark)), '')


def _read_jpeg(data: Bytes) -> FileHeader:
    header = read_header(data)
    if header is None:
        reason = 'does not decode: a JPEG without a size in its header'
        raise ValueError(reason if data.size > 3 else _TRUNCATED)
    if not has_end(data, header):
        raise ValueError(_TRUNCATED)
    return FileHeader('JPEG', header.width, header.height, header.components, header.bits,
                      header.orientation, header)


def _read_png(data: Bytes) -> FileHeader:
    """
    Read the chunks of a PNG and check that IEND is within the file.

    OpenCV allocates the length that a damaged chunk states, up to 2 GB.
    """
    at, orientation = 8, 1
    for _ in range(_MOST_CHUNKS):
        if at + 12 > data.size:
            break
        head: tuple[int, bytes] = struct.unpack_from('>I4s', data.data, at)
        if head[1] == b'eXIf':
            orientation = read_orientation(_part(data, at + 8, head[0]))
        elif head[1] in (b'tEXt', b'zTXt') and orientation == 1:
            text = _raw_profile(_part(data, at + 8, head[0]))
            orientation = read_orientation(exif_from_text(text))
        at += 12 + head[0]
        if head[1] == b'IEND' and at <= data.size:
            # Width and height are in the first chunk; a damaged file may end within it.
            width, height, bits, colours = struct.unpack('>IIBB', data[16:26].tobytes().ljust(10))
            return FileHeader('PNG', width, height, 3 if colours else 1, bits, orientation)
    raise ValueError(_TRUNCATED)


def _raw_profile(chunk: bytes) -> bytes:
    """Return the text of a chunk in which ImageMagick stores Exif data; empty for others."""
    name, _, text = chunk.partition(b'\0')
    if name not in _RAW_PROFILES:
        return b''
    if not text.startswith(b'\0'):  # not compressed
        return text
    try:
        return zlib.decompressobj().decompress(text[1:], 2 * _LONGEST_EXIF)
    except zlib.error:
        return b''


def _webp_orientation(data: Bytes) -> int:
    at = 12
    for _ in range(_MOST_CHUNKS):
        if at + 8 > data.size:
            break
        head: tuple[bytes, int] = struct.unpack_from('<4sI', data.data, at)
        if head[0] == b'EXIF':
            return read_orientation(_part(data, at + 8, head[1]))
        at += 8 + head[1] + head[1] % 2
    return 1


def _part(data: Bytes, at: int, length: int) -> bytes:
    return data[at:at + min(length, _LONGEST_EXIF)].tobytes()
