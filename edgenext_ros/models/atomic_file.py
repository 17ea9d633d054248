# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write a file atomically: other processes see the old file or the complete new one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import errno
import os
from pathlib import Path

_NOT_SYNCED = (errno.EINVAL, errno.ENOTSUP, errno.EROFS)
"""Errors of file systems, such as some network ones, that cannot sync a folder."""


def part_of(path: Path) -> Path:
    """
    Return the path of a file while it is incomplete.

    It is in the same folder, because a rename is atomic only within one file system.
    """
    return path.with_name(f'{path.name}.part')


@contextmanager
def atomic_write(path: Path, *, fsync: bool = False) -> Iterator[Path]:
    """
    Yield a temporary path to write to, and rename it to ``path`` at the end of the block.

    After an error in the block, the temporary file is removed and an older file is unchanged. A
    link is replaced, not followed. Permissions are those of a new file (umask). Several of
    these in one ``with`` publish several files only when all are complete; the last is renamed
    first. Two processes must not write the same file concurrently.

    :param fsync: flush the content to the disk before the rename, and the rename after it, so that
        the file survives a loss of power; takes milliseconds on an SD card.
    :raises OSError: the file cannot be renamed or synchronised.
    """
    part = part_of(path)
    try:
        yield part
        if fsync:
            with part.open('rb') as stream:
                os.fsync(stream.fileno())
        part.replace(path)
        if fsync:
            sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """
    Flush the names in a folder to the disk, where its file system can do that.

    Without this, a loss of power after a rename may bring the old file back.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:  # a folder in which files may be written, but not listed
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NOT_SYNCED:
            raise
    finally:
        os.close(descriptor)
