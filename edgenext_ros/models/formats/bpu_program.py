# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What a BPU program (``.hbm``) says of itself, and whether its bytes are whole.

The layout is undocumented; it was read off programs of hbdk 3.49 and checked against what the
vendor's runtime says of them. All integers are little-endian; "model" is the start of the first
model's table, to which its offsets are relative.

====================  ======================================================
0                     16 bytes: ``#``, the march, ``hbm#``, filled up with ``#``
0x1c, 0x3c            versions of the runtime and of hbdk, text of 32 bytes
0x68, 0x6c, 0x70      place of the list of models - 16; size - 16; models
model + 0xa4 .. 0xb0  instructions: place, (count), bytes, CRC-32
model + 0xbc .. 0xc4  weights: place, bytes, CRC-32
model + 0xf0, 0xf4    segments: place, count; microseconds at + 0x30
model + 0x148         operations per picture
====================  ======================================================

The CRCs cover instructions and weights, about five sixths of a program. Other versions of hbdk may
have their tables elsewhere: there these checks raise a doubt, and the vendor's library decides.
"""

from __future__ import annotations

from dataclasses import dataclass
import re
import struct
import zlib

from edgenext_ros.models.formats.protobuf_wire import FormatError, printable

MARCHES = {'B2E': 'bayes-e', 'B25': 'bayes', 'X2A': 'bernoulli2', 'X2': 'bernoulli'}
"""Marches by the tag in a program's first bytes."""

VERIFIED = '3.49.'
"""Versions of hbdk whose layout is known."""

_HEADER = 0x74
_TABLE = 0x168


@dataclass(frozen=True)
class Program:
    """What a program says of itself."""

    march: str
    """Name of the BPU it is for, or its tag if that is unknown."""
    runtime: str
    """Version of the runtime it was compiled for."""
    hbdk: str
    """Version of the compiler."""
    latency_us: int | None
    """The compiler's estimate for one picture in microseconds; None if it has several parts."""
    operations: int
    """Operations for one picture; 0 where they are not known."""
    doubt: str = ''
    """Why instructions and weights could not be checked; empty when they were."""


def read(data: memoryview, *, hbdk: str = '') -> Program:
    """
    Read a program and check its sizes and CRCs.

    :param data: the whole program, flat bytes.
    :param hbdk: the compiler's version as the file around it says; strict if one is verified.
    :raises FormatError: it is damaged, or none.
    """
    march = _march(data)
    if march != 'bayes-e':
        # The rest may lie elsewhere in the programs of another BPU.
        return Program(march, '', '', None, 0)
    models_at, size, models = struct.unpack_from('<3I', _part(data, 0x68, 12, 'header'))
    if size + 16 != len(data):
        raise FormatError(f'a BPU program of {len(data)} bytes that says it has {size + 16}')
    version = _version(data, 0x3c)
    versions = [one for one in (version, hbdk) if re.match(r'\d+\.\d+', one)]
    if not versions or any(one.startswith(VERIFIED) for one in versions):
        return _read_tables(data, march, models_at, models)
    try:
        return _read_tables(data, march, models_at, models)
    except FormatError as error:
        return Program(
            march, _version(data, 0x1c), versions[0], None, 0,
            doubt=f'compiled by hbdk {versions[0]}, whose layout is not known ({VERIFIED}x is), '
                  f'so its program could not be checked: found {error}')


def _read_tables(data: memoryview, march: str, models_at: int, models: int) -> Program:
    """Read what lies behind the header as hbdk 3.49 lays it out."""
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
    """Return the BPU that a program is for, or raise FormatError when it is no program."""
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
