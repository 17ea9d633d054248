# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read and write serialised camera messages without building ROS messages.

The format is CDR: four bytes that name the encoding, then the fields in order, each number aligned
to its size (OMG DDS-RTPS 2.3, 10; CORBA 3.0, 15.3). Values are read as rclpy reads them, except
that a string without its final NUL is refused with every middleware.
"""

from __future__ import annotations

from dataclasses import dataclass
import struct

from edgenext_ros.core.frame import Bytes, Frame, FrameError
from edgenext_ros.core.row_step import step_of
from edgenext_ros.ros.log_limits import limit_length
import numpy as np

# The two encodings that ROS 2 sends. Others (PL_CDR, XCDR2) arrange the fields differently.
_BYTE_ORDERS = {b'\0\0': '>', b'\0\1': '<'}
_ENCODING_BYTES = 12
"""Bytes of the field ``encoding`` of the messages of ``hbm_img_msgs``."""


@dataclass(frozen=True)
class StampedData:
    """The fields that every camera message has: header and data."""

    sec: int
    nanosec: int
    frame_id: str
    data: Bytes
    """A read-only view of the serialised message, flat uint8."""


@dataclass(frozen=True)
class ImageData(StampedData):
    """A ``sensor_msgs/Image``; the fields have the names and meanings of the message."""

    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int

    @property
    def layout(self) -> str:
        """Size and encoding as text."""
        return f'{self.width}x{self.height} {limit_length(self.encoding)}'


@dataclass(frozen=True)
class CompressedImageData(StampedData):
    """A ``sensor_msgs/CompressedImage``."""

    format: str

    @property
    def layout(self) -> str:
        """The field ``format`` in quotes."""
        return repr(limit_length(self.format))


CameraData = ImageData | CompressedImageData
"""The content of a camera message."""


def read_image(message: bytes) -> ImageData:
    """
    Read a serialised ``sensor_msgs/Image``; its picture is not copied.

    :raises FrameError: the message is not CDR, or is truncated.
    """
    fields = _Fields(message, 'Image')
    sec, nanosec = fields.numbers('iI', 'stamp')
    frame_id = fields.string('frame_id')
    height, width = fields.numbers('II', 'height and width')
    encoding = fields.string('encoding')
    (is_bigendian,) = fields.numbers('B', 'is_bigendian')
    (step,) = fields.numbers('I', 'step')
    return ImageData(sec, nanosec, frame_id, fields.data(), height, width, encoding,
                     is_bigendian, step)


def read_compressed_image(message: bytes) -> CompressedImageData:
    """
    Read a serialised ``sensor_msgs/CompressedImage``; its bytes are not copied.

    :raises FrameError: the message is not CDR, or is truncated.
    """
    fields = _Fields(message, 'CompressedImage')
    sec, nanosec = fields.numbers('iI', 'stamp')
    frame_id = fields.string('frame_id')
    picture_format = fields.string('format')
    return CompressedImageData(sec, nanosec, frame_id, fields.data(), picture_format)


def read_hbm_image(message: bytes) -> ImageData:
    """
    Read an image of ``hbm_img_msgs``: HbmMsg1080P, HbmMsg540P or HbmMsg480P.

    They differ only in the room for data. Only the ``data_size`` bytes of the picture are viewed.
    TROS' publishers set ``step`` to the width in every encoding, so it is not used: encoding,
    width and ``data_size`` give the bytes of a row. There is no header, so ``frame_id`` is empty.

    :raises FrameError: the message is not CDR, or is truncated, or its encoding has no NUL.
    """
    fields = _Fields(message, 'HbmMsg')
    fields.numbers('i', 'index')
    sec, nanosec = fields.numbers('iI', 'time_stamp')
    height, width, size, _ = fields.numbers('IIII', 'height, width, data_size and step')
    encoding = fields.text(_ENCODING_BYTES, 'encoding')
    data = fields.bytes_of(size, 'data (data_size)')
    return ImageData(sec, nanosec, '', data, height, width, encoding, is_bigendian=0,
                     step=step_of(encoding, width=width, height=height, size=size))


def read_stamp(message: bytes) -> tuple[int, str]:
    """
    Read the header of any message that begins with one.

    :return: stamp in nanoseconds, where 0 means no stamp, and ``frame_id``.
    :raises FrameError: the message is not CDR, or is truncated.
    """
    fields = _Fields(message, 'header')
    sec, nanosec = fields.numbers('iI', 'stamp')
    return sec * 10 ** 9 + nanosec, fields.string('frame_id')


def read_hbm_stamp(message: bytes) -> tuple[int, str]:
    """
    Read the stamp of a message of ``hbm_img_msgs``; see ``read_stamp``.

    :return: stamp in nanoseconds, and an empty ``frame_id``.
    :raises FrameError: the message is not CDR, or is truncated.
    """
    fields = _Fields(message, 'HbmMsg')
    fields.numbers('i', 'index')
    sec, nanosec = fields.numbers('iI', 'time_stamp')
    return sec * 10 ** 9 + nanosec, ''


def write_image(frame: Frame, *, sec: int, nanosec: int, frame_id: str) -> bytes:
    """
    Serialise a frame as a ``sensor_msgs/Image``, little-endian; its bytes are copied once.

    :param frame: the picture, in any encoding.
    :param sec: seconds of the stamp.
    :param nanosec: nanoseconds of the stamp.
    :param frame_id: ``frame_id`` of the header.
    """
    message = bytearray(struct.pack('<4BiI', 0, 1, 0, 0, sec, nanosec))
    _put_string(message, frame_id)
    message += bytes(-len(message) % 4) + struct.pack('<2I', frame.height, frame.width)
    _put_string(message, frame.encoding)
    message += struct.pack('<B', frame.big_endian)
    message += bytes(-len(message) % 4) + struct.pack('<2I', frame.step, frame.data.size)
    return b''.join((message, frame.data.data))


def _put_string(message: bytearray, text: str) -> None:
    data = text.encode() + b'\0'
    message += bytes(-len(message) % 4) + struct.pack('<I', len(data)) + data


class _Fields:
    """Read the fields of one message in order; bytes after the last field are padding."""

    def __init__(self, message: bytes, kind: str) -> None:
        order = _BYTE_ORDERS.get(message[:2])
        if order is None or len(message) < 4:
            found = message[:4].hex(' ') or 'nothing'
            raise FrameError(f'serialised {kind}: expected a header of 4 bytes for plain CDR, '
                             f'00 00 or 00 01 and two more, found {found}')
        self._message, self._kind, self._order = message, kind, order
        # CDR aligns relative to this position. No number has more than 4 bytes, so alignment
        # relative to the start of the message gives the same result.
        self._position = 4

    def numbers(self, codes: str, name: str) -> tuple[int, ...]:
        """Take integers of one size, given as format codes of ``struct``."""
        layout = self._order + codes
        size = struct.calcsize(layout)
        self._position += -self._position % (size // len(codes))
        values: tuple[int, ...] = struct.unpack_from(layout, self._message, self._take(size, name))
        return values

    def string(self, name: str) -> str:
        """
        Take a string; its length includes the NUL, and may be 0 for an empty string.

        As in rclpy, it ends at the first NUL, and U+FFFD replaces invalid UTF-8.
        """
        (length,) = self.numbers('I', f'the length of {name}')
        start = self._take(length, name)
        text = self._message[start:start + length]
        if length and text[-1]:
            raise FrameError(f'serialised {self._kind}: expected a NUL at the end of {name} '
                             f'({length} bytes), found {text[-1]:02x}')
        return _before_nul(text)

    def text(self, size: int, name: str) -> str:
        """Take an array of ``size`` bytes that holds text, filled up with NUL."""
        start = self._take(size, name)
        text = self._message[start:start + size]
        if b'\0' not in text:
            raise FrameError(f'serialised {self._kind}: expected a NUL in the {size} bytes of '
                             f'{name}, found {text!r}')
        return _before_nul(text)

    def data(self) -> Bytes:
        """Take a sequence of uint8 as a view."""
        (length,) = self.numbers('I', 'the length of data')
        return self.bytes_of(length, 'data')

    def bytes_of(self, length: int, name: str) -> Bytes:
        """Take ``length`` bytes as a view."""
        start = self._take(length, name)
        return np.frombuffer(self._message, np.uint8)[start:start + length]

    def _take(self, size: int, name: str) -> int:
        """Skip ``size`` bytes, and return the position of the first."""
        start = self._position
        left = max(0, len(self._message) - start)
        if size > left:
            raise FrameError(f'serialised {self._kind} is truncated: expected {size} bytes of '
                             f'{name} at byte {start}, found {left}')
        self._position = start + size
        return start


def _before_nul(text: bytes) -> str:
    return text.partition(b'\0')[0].decode('utf-8', 'replace')
