# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A checked view of one camera picture that copies nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from edgenext_ros.core.compressed import decode
from edgenext_ros.core.encoding_names import known_encoding
from edgenext_ros.core.image_array import check_bytes, check_image
from edgenext_ros.core.layout import (
    Bytes,
    checked_rows,
    ENCODINGS,
    FrameError,
    Layout,
    OF_16_BITS,
    UnknownEncodingError,
)
import numpy as np

__all__ = ('ENCODINGS', 'Bytes', 'Frame', 'FrameError', 'Layout', 'UnknownEncodingError',
           'check_frame')


@dataclass(frozen=True)
class Frame:
    """
    One picture: ``height`` rows of ``width`` pixels, ``step`` bytes from row to row.

    ``data`` is flat uint8 and is not copied. Bytes after a row's last pixel are padding and are
    never read. Other names of an encoding are translated to a key of ``ENCODINGS``. Some drivers
    set ``height`` and ``step`` with another meaning. Both are corrected where the number of bytes
    allows one reading only; see ``layout.read_rows``. ``note`` names every correction.

    >>> import numpy as np
    >>> image = np.zeros((480, 640, 3), np.uint8)
    >>> frame = Frame('rgb8', width=640, height=480, step=1920, data=image.reshape(-1))
    >>> str(frame)
    'rgb8 640x480'
    >>> Frame('8UC3', 640, 480, 1920, image.reshape(-1)).note
    "encoding '8UC3' is taken as bgr8"

    :raises UnknownEncodingError: the encoding is not in ``ENCODINGS``.
    :raises FrameError: size, step and data do not fit each other, or data is not uint8.
    """

    encoding: str
    width: int
    height: int
    step: int
    data: Bytes
    big_endian: bool = False
    """Byte order of mono16; ignored for 8-bit pictures, because drivers set it arbitrarily."""
    note: str = field(default='', kw_only=True)
    """Assumptions about the picture, as text; the same for all pictures of a stream."""
    of_16_bits: bool = field(default=False, kw_only=True)
    """The bytes are the high bytes of 16-bit values; the low bytes were dropped."""
    reduced_from: tuple[int, int] | None = field(default=None, kw_only=True)
    """Width and height of a JPEG that was decoded at a reduced size; None for others."""
    luma_rows: int = field(default=0, init=False)
    """Rows of ``step`` bytes in the luma plane: ``height`` plus padding rows, if any."""

    def __post_init__(self) -> None:
        if self.encoding not in ENCODINGS:
            encoding, note = known_encoding(self.encoding)
            if encoding in OF_16_BITS:
                raise UnknownEncodingError(f'encoding {encoding!r} has 16 bits: '
                                           'Frame.from_high_bytes reads it')
            object.__setattr__(self, 'encoding', encoding)
            self._add_note(note)
        check_bytes(self.data, name=self)
        rows = checked_rows(self.encoding, self.width, self.height, self.step, self.data.size)
        object.__setattr__(self, 'luma_rows', rows.luma_rows)
        if rows.note:
            object.__setattr__(self, 'height', rows.height)
            object.__setattr__(self, 'step', rows.step)
            self._add_note(rows.note)

    def _add_note(self, note: str) -> None:
        object.__setattr__(self, 'note', f'{self.note}; {note}' if self.note else note)

    def __str__(self) -> str:
        """Return encoding and size."""
        return f'{self.encoding} {self.width}x{self.height}'

    @classmethod
    def from_image(cls, image: Bytes, encoding: str = 'bgr8', *, note: str = '') -> Frame:
        """
        View an OpenCV picture as a frame.

        :param image: uint8 (height, width, channels) or (height, width); copied only when it is
            not contiguous. The order of the channels is not checked: ``cv2.imread`` returns BGR.
        :param encoding: a key of ``ENCODINGS`` with this number of channels.
        :param note: text for ``note``.
        :raises FrameError: the picture has another type or shape, or no pixels, or the encoding
            needs another size; the text says how to convert it.
        """
        known = known_encoding(encoding)[0]
        if known in ENCODINGS:  # the constructor refuses one of 16 bits
            check_image(image, encoding=known)
        image = np.ascontiguousarray(image)
        height, width = image.shape[:2]
        return cls(encoding, width, height, image.nbytes // height, image.reshape(-1), note=note)

    @classmethod
    def from_high_bytes(cls, encoding: str, width: int, height: int, step: int, data: Bytes,
                        big_endian: bool = False) -> Frame | None:
        """
        Copy the high bytes of 16-bit colour, or of a 16-bit mosaic, into an 8-bit frame.

        :param encoding: a key of ``OF_16_BITS`` such as ``bgr16``, or another name of one.
        :param width: width in pixels.
        :param height: height in pixels.
        :param step: bytes from row to row.
        :param data: all bytes of the message, flat uint8.
        :param big_endian: the high byte of each value comes first.
        :return: the frame; None when the encoding is not in ``OF_16_BITS``.
        :raises FrameError: size, step and data do not fit each other, or data is not uint8.
        """
        try:
            known, note = known_encoding(encoding)
        except UnknownEncodingError:
            return None
        if known not in OF_16_BITS:
            return None
        check_bytes(data, name=known)
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
        Decode a JPEG, PNG or other file that OpenCV reads to bgr8, and apply its Exif orientation.

        :param data: the whole file, flat uint8.
        :param enough: returns whether a picture of this width and height is large enough, such as
            ``Nv12Converter.covers``. A JPEG is then decoded at 1/8, 1/4 or 1/2 of its size where
            that is enough, in less than half the time. Without it, the full size is decoded.
        :param picture_format: the field ``format`` of a CompressedImage; see
            ``compressed.decode``.
        :raises FrameError: the file is empty, truncated, not a picture, or has more than 67
            million pixels; or data is not uint8.
        """
        decoded = decode(data, enough=enough, picture_format=picture_format)
        frame = cls.from_image(decoded.image, note=decoded.note)
        return frame if decoded.reduced_from is None else replace(
            frame, reduced_from=decoded.reduced_from)

    def plane(self, channels: int, *, width: int, height: int, first_row: int = 0) -> Bytes:
        """
        View some of the rows as pixels, without padding.

        :param channels: bytes of a pixel.
        :param width: width in pixels.
        :param height: number of rows.
        :param first_row: row of ``step`` bytes at which the view begins.
        :return: uint8 (height, width, channels), or (height, width) for one channel.
        """
        rows = self.data.reshape(-1, self.step)[first_row:first_row + height]
        pixels = rows[:, :width * channels]
        # Only the last axis is split, so that padded rows also give a view.
        return pixels if channels == 1 else pixels.reshape(height, width, channels)

    def chroma(self) -> Bytes:
        """
        View the second plane of nv12, nv21 or nv24.

        :return: uint8 (rows, columns, 2); half the width and height of the picture, full for nv24.
        """
        if self.encoding != 'nv24':
            return self.plane(2, width=self.width // 2, height=self.height // 2,
                              first_row=self.luma_rows)
        # A row of chroma is 2 * width bytes in two rows of step bytes each.
        rows = self.data[self.step * self.luma_rows:].reshape(-1, 2 * self.step)[:self.height]
        return rows[:, :2 * self.width].reshape(self.height, self.width, 2)


def check_frame(frame: object) -> None:
    """Raise FrameError if ``frame`` is not a Frame but, for example, the array of a picture."""
    if not isinstance(frame, Frame):
        raise FrameError(f'expected a Frame, got {type(frame).__qualname__}: '
                         'Frame.from_image(image) makes one of an array with BGR pixels')
