# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read files that a user names; refuse pipes and devices, which could block the reader."""

from __future__ import annotations

import errno
from pathlib import Path
import re
import stat

_KINDS = ((stat.S_ISDIR, 'folder'), (stat.S_ISFIFO, 'pipe'), (stat.S_ISSOCK, 'socket'))
_UNPRINTABLE = re.compile('[\0-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')


class NotAFileError(OSError):
    """A path leads to something other than a regular file."""

    def __init__(self, found: str, path: Path) -> None:
        number = errno.EISDIR if found == 'folder' else errno.EINVAL
        super().__init__(number, f'expected a file, found a {found}', str(path))
        self.found = found
        """What the path leads to; a value of ``kind``."""


def kind(mode: int) -> str:
    """Return the kind of an ``st_mode``: file, folder, pipe, socket or device."""
    if stat.S_ISREG(mode):
        return 'file'
    return next((name for is_one, name in _KINDS if is_one(mode)), 'device')


def check(path: Path) -> int:
    """
    Return the size of a regular file in bytes.

    No other kind may be opened, because a pipe waits for its writer, and a device or terminal
    may never end.

    :raises OSError: the path does not exist or is not a regular file.
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
    :raises OSError: the path does not exist, is not a regular file, or the file is larger.
    """
    size = check(path)
    if size > most:
        raise OSError(errno.EFBIG, f'expected at most {most} bytes, found {size}', str(path))
    with path.open('rb') as file:
        return file.read(size)


def shown(path: Path | str) -> str:
    """
    Return a path as one line of printable UTF-8.

    Line breaks, control characters and bytes that are not UTF-8 are escaped.
    """
    return _UNPRINTABLE.sub(lambda found: _escape(found[0]), str(path))


def _escape(character: str) -> str:
    if '\udc80' <= character <= '\udcff':  # how Python represents a byte that is not UTF-8
        return f'\\x{ord(character) - 0xdc00:02x}'
    return character.encode('unicode_escape').decode('ascii')
