# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A validated, zero-copy view of one camera picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from edgenext_ros.core.compressed import decode
from edgenext_ros.core.layout import (
    Bytes,
    checked_rows,
    ENCODINGS,
    FrameError,
    known_encoding,
    Layout,
    OF_16_BITS,
    UnknownEncodingError,
)
import numpy as np

__all__ = ('ENCODINGS', 'Bytes', 'Frame', 'FrameError', 'Layout', 'UnknownEncodingError')


@dataclass(frozen=True)
class Frame:
    """
    One picture: ``height`` rows of ``width`` pixels, ``step`` bytes from row to row.

    Nothing is copied; ``data`` is flat uint8. Bytes between a row's pixels and the next row
    are padding and never read. Other names of an encoding, and other meanings of height and step
    that fit the data, are replaced by ours; ``note`` says so. See ``layout.read_rows``.

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
    note: str = field(default='', kw_only=True)
    """What was assumed of the picture, for people; the same for all pictures of a stream."""
    of_16_bits: bool = field(default=False, kw_only=True)
    """The bytes are the high ones of 16-bit values, whose low ones are left out."""
    luma_rows: int = field(default=0, init=False)
    """Rows of ``step`` bytes before the chroma plane: ``height``, and padding in some."""

    def __post_init__(self) -> None:
        if self.encoding not in ENCODINGS:
            encoding, note = known_encoding(self.encoding)
            if encoding in OF_16_BITS:
                raise UnknownEncodingError(f'encoding {encoding!r} has 16 bits: '
                                           'Frame.from_high_bytes reads it')
            object.__setattr__(self, 'encoding', encoding)
            self._add_note(note)
        rows = checked_rows(self.encoding, self.width, self.height, self.step, self.data.size)
        object.__setattr__(self, 'luma_rows', rows.luma_rows)
        if rows.note:
            object.__setattr__(self, 'height', rows.height)
            object.__setattr__(self, 'step', rows.step)
            self._add_note(rows.note)

    def _add_note(self, note: str) -> None:
        object.__setattr__(self, 'note', f'{self.note}; {note}' if self.note else note)

    def __str__(self) -> str:
        """Return encoding and size, for people."""
        return f'{self.encoding} {self.width}x{self.height}'

    @classmethod
    def from_image(cls, image: Bytes, encoding: str = 'bgr8', *, note: str = '') -> Frame:
        """View an OpenCV picture, uint8 (height, width, channels) or (height, width)."""
        image = np.ascontiguousarray(image)
        height, width = image.shape[:2]
        return cls(encoding, width, height, image.nbytes // height, image.reshape(-1), note=note)

    @classmethod
    def from_high_bytes(cls, encoding: str, width: int, height: int, step: int, data: Bytes,
                        big_endian: bool = False) -> Frame | None:
        """
        Copy the high bytes of 16-bit colour, or of a 16-bit mosaic, into a frame of 8 bits.

        :param encoding: such as ``bgr16`` or ``bayer_rggb16``, or another name of it.
        :param data: the whole message's, flat uint8; arguments are those of ``Frame``.
        :return: None where the encoding is none of ``OF_16_BITS``.
        :raises FrameError: size, step and data do not fit each other.
        """
        try:
            known, note = known_encoding(encoding)
        except UnknownEncodingError:
            return None
        if known not in OF_16_BITS:
            return None
        rows = checked_rows(known, width, height, step, data.size)
        if rows.note:
            note = f'{note}; {rows.note}' if note else rows.note
        row = width * OF_16_BITS[known].pixel_bytes
        high = data.reshape(-1, rows.step)[:, int(not big_endian):row:2]
        return cls(f'{known[:-2]}8', width, rows.height, row // 2,
                   np.ascontiguousarray(high).reshape(-1), note=note, of_16_bits=True)

    @classmethod
    def from_compressed(cls, data: Bytes, *, enough: Callable[[int, int], bool] | None = None,
                        picture_format: str = '') -> Frame:
        """
        Decode a JPEG or PNG (or what else OpenCV reads) to bgr8, turned as its Exif data says.

        :param data: the whole file, flat uint8.
        :param enough: whether a picture of this width and height is still large enough, such as
            ``Nv12Converter.covers``: a JPEG is then decoded at 1/8, 1/4 or 1/2 of its size where
            that will do, which takes less than half the time. Without it, at its full size.
        :param picture_format: a CompressedImage's ``format``; see ``compressed.decode``.
        :raises FrameError: empty, cut off, larger than 67 million pixels, or not a picture.
        """
        image, note = decode(data, enough=enough, picture_format=picture_format)
        return cls.from_image(image, note=note)

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
                              first_row=self.luma_rows)
        # A row of chroma is 2 * width bytes in two rows of step bytes each.
        rows = self.data[self.step * self.luma_rows:].reshape(-1, 2 * self.step)[:self.height]
        return rows[:, :2 * self.width].reshape(self.height, self.width, 2)
