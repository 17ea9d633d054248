# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read the tables of a BPU program (``.hbm``) and check its CRCs.

The format is undocumented. It was derived from programs of hbdk 3.49 and checked against what the
vendor's runtime reports about them. All integers are little-endian. "model" is the start of the
table of the first model; offsets in the table are relative to it.

====================  ==========================================================
0                     16 bytes: ``#``, the march, ``hbm#``, filled up with ``#``
0x1c, 0x3c            versions of the runtime and of hbdk, text of 32 bytes
0x68, 0x6c, 0x70      offset of the list of models - 16; size - 16; number of models
model + 0xa4 .. 0xb0  instructions: offset, (count), bytes, CRC-32
model + 0xbc .. 0xc4  weights: offset, bytes, CRC-32
model + 0xf0, 0xf4    segments: offset, count; microseconds at + 0x30
model + 0x148         operations per picture
====================  ==========================================================

The CRCs cover instructions and weights, about five sixths of a program. Other versions of hbdk may
have their tables elsewhere. For these, a failed check only sets ``doubt``, and the vendor's
library decides.
"""

from __future__ import annotations

from dataclasses import dataclass
import re
import struct
import zlib

from edgenext_ros.models.formats.protobuf_wire import FormatError, printable

MARCHES = {'B2E': 'bayes-e', 'B25': 'bayes', 'X2A': 'bernoulli2', 'X2': 'bernoulli'}
"""Name of the BPU architecture (march) by the tag in a program's first bytes."""

VERIFIED = '3.49.'
"""Prefix of the hbdk versions whose tables are known."""

_HEADER = 0x74
_TABLE = 0x168


@dataclass(frozen=True)
class Program:
    """Facts from the tables of a program."""

    march: str
    """Name of the BPU, or its tag when the tag is unknown."""
    runtime: str
    """Version of the runtime for which it was compiled."""
    hbdk: str
    """Version of the compiler."""
    latency_us: int | None
    """The compiler's estimate for one picture in microseconds; None with several segments."""
    operations: int
    """Operations for one picture; 0 means unknown."""
    doubt: str = ''
    """Reason why instructions and weights could not be checked; empty when they were."""


def read(data: memoryview, *, hbdk: str = '') -> Program:
    """
    Read a program and check its sizes and CRCs.

    :param data: the whole program, flat bytes.
    :param hbdk: version of the compiler in the metadata of the ``.bin``. The checks are strict
        when this version or the program's own one begins with ``VERIFIED``.
    :raises FormatError: the program is damaged, or the data is not a program.
    """
    march = _march(data)
    if march != 'bayes-e':
        # Programs for another BPU may have their tables elsewhere.
        return Program(march, '', '', None, 0)
    models_at, size, models = struct.unpack_from('<3I', _part(data, 0x68, 12, 'header'))
    if size + 16 != len(data):
        raise FormatError(f'a BPU program of {len(data)} bytes that says it has {size + 16}')
    version = _version(data, 0x3c)
    versions = [text for text in (version, hbdk) if re.match(r'\d+\.\d+', text)]
    if not versions or any(text.startswith(VERIFIED) for text in versions):
        return _read_tables(data, march, models_at, models)
    try:
        return _read_tables(data, march, models_at, models)
    except FormatError as error:
        return Program(
            march, _version(data, 0x1c), versions[0], None, 0,
            doubt=f'compiled by hbdk {versions[0]}, whose layout is not known ({VERIFIED}x is), '
                  f'so its program could not be checked: found {error}')


def _read_tables(data: memoryview, march: str, models_at: int, models: int) -> Program:
    """Read the tables after the header, in the format of hbdk 3.49."""
    if models < 1:
        raise FormatError('a BPU program without a model')
    [offset] = struct.unpack('<Q', _part(data, models_at + 16, 8, 'list of models'))
    model = offset + 16
    table = _part(data, model, _TABLE, 'table')

    def number(at: int) -> int:
        value: int = struct.unpack_from('<I', table, at)[0]
        return value

    for name, place, length, crc in (
            ('instructions', 0xa4, 0xac, 0xb0), ('weights', 0xbc, 0xc0, 0xc4)):
        part = _part(data, model + number(place), number(length), name)
        if len(part) and zlib.crc32(part) != number(crc):
            raise FormatError(
                f'a BPU program whose {name} have the CRC-32 {zlib.crc32(part):08x} where '
                f'{number(crc):08x} is recorded')
    latency = None
    if number(0xf4) == 1:
        segment = _part(data, model + number(0xf0) + 0x30, 4, 'segment')
        latency = int.from_bytes(segment, 'little') or None
    return Program(march, _version(data, 0x1c), _version(data, 0x3c), latency, number(0x148))


def _march(data: memoryview) -> str:
    """Return the BPU of a program, or raise FormatError when the data is not a program."""
    magic = bytes(data[:16])
    tag, found, rest = magic[1:].partition(b'hbm#')
    if len(data) < _HEADER or magic[:1] != b'#' or not found or rest.strip(b'#'):
        raise FormatError(f'a BPU program that begins with {magic!r}')
    name = printable(tag.decode('ascii', 'replace'))
    return MARCHES.get(name, name)


def _part(data: memoryview, at: int, length: int, name: str) -> memoryview:
    if at + length > len(data):
        raise FormatError(
            f'a BPU program of {len(data)} bytes whose {name} would end at {at + length}')
    return data[at:at + length]


def _version(data: memoryview, at: int) -> str:
    version = bytes(data[at:at + 32]).partition(b'\0')[0]
    return printable(version.decode('ascii', 'replace'))
