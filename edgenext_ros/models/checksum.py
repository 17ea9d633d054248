# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Size and SHA-256 of a fetched file, kept at its first use in ``FILE.sha256`` beside it.

Nobody publishes sums of these files, so what is known is what came first: a later file that
differs was damaged, exchanged, or published anew, and a person should say which. The record is a
line that ``sha256sum -c`` reads, below a comment with the size.
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
    """A file is not the one of its first use; the text has both sums."""


@dataclass(frozen=True)
class Digest:
    """By what a file is recognised."""

    size: int
    """In bytes."""
    sha256: str
    """In lower-case hexadecimal."""

    def __str__(self) -> str:
        return f'{self.size} bytes with SHA-256 {self.sha256}'


def record_path(file: Path) -> Path:
    """Return the path of a file's record."""
    return file.with_name(f'{file.name}.sha256')


def digest(file: Path) -> Digest:
    """
    Read a file and sum it up.

    :raises ModelError: it is no regular file, or cannot be read.
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
    Return what is on record for a file; None when nothing is.

    :raises ModelError: there is a record that cannot be read.
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
    """Put a file on record; the record is whole or not there (OSError: it cannot be written)."""
    with atomic_write(record_path(file), fsync=True) as part:
        part.write_text(f'# {found.size} bytes\n{found.sha256}  {file.name}\n', encoding='ascii')


def check(file: Path) -> Digest | None:
    """
    Compare a file with its record, if it has one; return what was found.

    :raises ChangedError: it is another file.
    :raises ModelError: the file or its record cannot be read.
    """
    expected = read_record(file)
    if expected is None:
        return None
    found = digest(file)
    if found != expected:
        raise ChangedError(
            f'{file}: has changed since its first use: expected {expected}, found {found}; delete '
            f'it and fetch it again, or delete {record_path(file).name} beside it to trust it as '
            'it is now')
    return found
