# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write a file atomically: other processes see the old file or the complete new one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path


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

    :param fsync: flush the content to the disk before the rename; takes milliseconds on an SD
        card.
    :raises OSError: the file cannot be renamed or synchronised.
    """
    part = part_of(path)
    try:
        yield part
        if fsync:
            with part.open('rb') as stream:
                os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
