# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Record size and SHA-256 of a fetched file in ``FILE.sha256`` beside it, and check them later.

``edgenext models fetch`` writes the record, and so does ``verify`` for a file in the cache that
has none. The publishers provide no checksums, so this first file is trusted. A later file that
differs was damaged, replaced, or published again, and a person has to decide which. The record
has a comment with the size and a line that ``sha256sum -c`` reads.
"""

from __future__ import annotations

from dataclasses import dataclass
import hashlib
from pathlib import Path
import re

from edgenext_ros.models import ModelError, regular_file
from edgenext_ros.models.atomic_file import atomic_write

_CHUNK = 1 << 20


class ChangedError(ModelError):
    """A file differs from its record; the text has both checksums."""


@dataclass(frozen=True)
class Digest:
    """Size and checksum of a file."""

    size: int
    """Bytes."""
    sha256: str
    """Lower-case hexadecimal."""

    def __str__(self) -> str:
        return f'{self.size} bytes with SHA-256 {self.sha256}'


def record_path(file: Path) -> Path:
    """Return the path of the record of a file."""
    return file.with_name(f'{file.name}.sha256')


def digest(file: Path) -> Digest:
    """
    Read a file and compute its checksum.

    :raises ModelError: the path is not a regular file, or cannot be read.
    """
    total, size = hashlib.sha256(), 0
    try:
        regular_file.check(file)
        with file.open('rb') as stream:
            while chunk := stream.read(_CHUNK):
                total.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise ModelError(f'{file}: cannot be read: {error.strerror or error}') from error
    return Digest(size, total.hexdigest())


def read_record(file: Path) -> Digest | None:
    """
    Return the recorded digest of a file; None when there is no record.

    :raises ModelError: the record cannot be read.
    """
    record = record_path(file)
    try:
        text = record.read_text(encoding='ascii')
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f'{record}: cannot be read: {error}') from error
    match = re.match(r'# (\d{1,15}) bytes\n([0-9a-f]{64}) ', text)
    if match is None:
        raise ModelError(f'{record}: expected the size and SHA-256 of {file.name}, found '
                         f'{text[:40]!r}; delete it to trust the file as it is now')
    return Digest(int(match[1]), match[2])


def write_record(file: Path, found: Digest) -> None:
    """
    Write the record of a file, atomically.

    :raises OSError: the record cannot be written.
    """
    with atomic_write(record_path(file), fsync=True) as part:
        part.write_text(f'# {found.size} bytes\n{found.sha256}  {file.name}\n', encoding='ascii')


def check(file: Path) -> Digest | None:
    """
    Compare a file with its record; return its digest, or None when there is no record.

    :raises ChangedError: the file differs from its record.
    :raises ModelError: the file or its record cannot be read.
    """
    expected = read_record(file)
    if expected is None:
        return None
    found = digest(file)
    if found != expected:
        raise ChangedError(
            f'{file}: has changed since its SHA-256 was recorded: expected {expected}, found '
            f'{found}; delete it and fetch it again, or delete {record_path(file).name} beside '
            'it to trust it as it is now')
    return found
