# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Files that are whole or not there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def write(path: Path, save: Callable[[Path], object]) -> None:
    """
    Let a file be saved under another name, and rename it when it is whole.

    :param save: writes the file whose path it is given; what it raises leaves no file behind.
    """
    temporary = path.with_name(path.name + '.part')
    try:
        save(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
