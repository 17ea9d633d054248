# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read files that a user named, and nothing that would make the reader wait."""

from __future__ import annotations

import errno
from pathlib import Path
import re
import stat

_KINDS = ((stat.S_ISDIR, 'folder'), (stat.S_ISFIFO, 'pipe'), (stat.S_ISSOCK, 'socket'))
_UNPRINTABLE = re.compile('[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')


class NotAFileError(OSError):
    """A path leads to something else than a regular file."""

    def __init__(self, found: str, path: Path) -> None:
        number = errno.EISDIR if found == 'folder' else errno.EINVAL
        super().__init__(number, f'expected a file, found a {found}', str(path))
        self.found = found
        """See ``kind``."""


def kind(mode: int) -> str:
    """Name what ``st_mode`` is: file, folder, pipe, socket or device."""
    if stat.S_ISREG(mode):
        return 'file'
    return next((name for is_one, name in _KINDS if is_one(mode)), 'device')


def check(path: Path) -> int:
    """
    Return the size of a regular file, in bytes.

    Opening a pipe waits for its writer, and a device or terminal may never end.

    :raises OSError: nothing is there, or something else than a file.
    """
    state = path.stat()
    found = kind(state.st_mode)
    if found != 'file':
        raise NotAFileError(found, path)
    return state.st_size


def read(path: Path, *, most: int) -> bytes:
    """
    Read a regular file.

    :param most: largest size, in bytes.
    :raises OSError: nothing is there, something else than a file, or a larger one.
    """
    size = check(path)
    if size > most:
        raise OSError(errno.EFBIG, f'expected at most {most} bytes, found {size}', str(path))
    with path.open('rb') as file:
        return file.read(size)


def shown(path: Path | str) -> str:
    """
    Return a path on one line that every terminal and UTF-8 file can hold.

    Newlines and control characters are escaped, and bytes that are not UTF-8.
    """
    return _UNPRINTABLE.sub(lambda found: _escape(found[0]), str(path))


def _escape(character: str) -> str:
    if '\udc80' <= character <= '\udcff':  # how Python keeps a byte that is not UTF-8
        return f'\\x{ord(character) - 0xdc00:02x}'
    return character.encode('unicode_escape').decode('ascii')
