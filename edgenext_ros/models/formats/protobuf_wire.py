# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read the protobuf wire format of files that are not trusted.

The reader copies nothing, checks every length, and stops after a fixed number of fields.
Format: https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from collections.abc import Iterator

MAX_FIELDS = 200_000
"""Maximum number of fields in one file; the largest published model has under 2,000."""
MAX_TEXT = 8 << 20
"""Maximum number of text bytes in one file."""

VARINT, BYTES = 0, 2
_FIXED = {1: 8, 5: 4}


class FormatError(ValueError):
    """Bytes do not have the expected format; the text completes "found ..."."""


class Reader:
    """Read the messages of one file; the limits of fields and text apply to all together."""

    def __init__(self) -> None:
        self._fields_left, self._text_left = MAX_FIELDS, MAX_TEXT

    def fields(self, message: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
        """
        Yield number, wire type and value of each field.

        :param message: flat bytes.
        :return: tuples; a value is an int for VARINT, else a view of the field's bytes.
        :raises FormatError: not the wire format, truncated, or too many fields.
        """
        at = 0
        while at < len(message):
            if self._fields_left == 0:
                raise FormatError(f'more than {MAX_FIELDS} fields')
            self._fields_left -= 1
            key, at = _varint(message, at)
            number, kind = key >> 3, key & 7
            if number == 0:
                raise FormatError('a field without a number')
            if kind == VARINT:
                value, at = _varint(message, at)
                yield number, kind, value
                continue
            if kind == BYTES:
                length, at = _varint(message, at)
            elif kind in _FIXED:
                length = _FIXED[kind]
            else:
                raise FormatError(f'a field of wire type {kind}')
            if length > len(message) - at:
                raise FormatError(
                    f'a field that claims {length} bytes where {len(message) - at} are left')
            yield number, kind, message[at:at + length]
            at += length

    def integers(self, kind: int, value: int | memoryview, *, most: int) -> tuple[int, ...]:
        """
        Return the signed values of a field of integers, packed or single.

        :param kind: wire type of the field.
        :param value: value of the field, from ``fields``.
        :param most: largest number of integers in the field.
        :raises FormatError: the field has no integers, or more than ``most``.
        """
        if isinstance(value, int):
            return (_signed(value),)
        if kind != BYTES:
            raise FormatError(f'an integer of wire type {kind}')
        numbers: list[int] = []
        at = 0
        while at < len(value):
            if len(numbers) == most:
                raise FormatError(f'more than {most} integers in one field')
            number, at = _varint(value, at)
            numbers.append(_signed(number))
        return tuple(numbers)

    def text(self, kind: int, value: int | memoryview) -> str:
        """
        Return a field's text in printable characters, so that it cannot control a terminal.

        :raises FormatError: the field is not text, or the file has too much text.
        """
        data = contents(kind, value)
        self._text_left -= len(data)
        if self._text_left < 0:
            raise FormatError(f'more than {MAX_TEXT} bytes of text')
        return printable(bytes(data).decode('utf-8', 'replace'))


def printable(text: str) -> str:
    """Replace each character that is not printable by U+FFFD."""
    if text.isprintable():
        return text
    return ''.join(character if character.isprintable() else '\ufffd' for character in text)


def contents(kind: int, value: int | memoryview) -> memoryview:
    """Return the bytes of a field, or raise FormatError when it is a number."""
    if isinstance(value, int) or kind != BYTES:
        raise FormatError(f'a number (wire type {kind}) where text or a message belongs')
    return value


def number(kind: int, value: int | memoryview) -> int:
    """Return the integer of a field, or raise FormatError when it is not one."""
    if not isinstance(value, int):
        raise FormatError(f'wire type {kind} where an integer belongs')
    return _signed(value)


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """Return the unsigned number at an offset, and the offset after it."""
    value = 0
    for shift in range(0, 70, 7):
        if at == len(message):
            raise FormatError('an end in the middle of a number')
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    raise FormatError('a number of more than 10 bytes')


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
