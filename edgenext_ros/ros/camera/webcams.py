# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Find webcams before OpenCV opens one, because its own errors do not say what is missing."""

from __future__ import annotations

import os
from pathlib import Path
import re
import stat

from edgenext_ros.models.store import user_path

_DEVICES = Path('/dev')
_VIDEO4LINUX = 81
"""Major number of webcams (Documentation/admin-guide/devices.txt of Linux)."""
_NAME = re.compile(r'video(\d+)')


def is_webcam(source: str) -> bool:
    """
    Return whether a source is a webcam: a number, a video device, or the path of a missing one.

    :raises OSError: the path cannot be examined.
    """
    if source.isdecimal():
        return True
    path = user_path(source)
    if not path.exists():  # /dev/shm and other folders of /dev hold files
        return path.parent == _DEVICES or _DEVICES / 'v4l' in path.parents
    state = path.stat()
    return stat.S_ISCHR(state.st_mode) and os.major(state.st_rdev) == _VIDEO4LINUX


def missing_webcam(source: str) -> str:
    """
    Return why a webcam cannot be opened, and which others there are; empty if it may be opened.

    :param source: number or device of the webcam.
    """
    path = _DEVICES / f'video{int(source)}' if source.isdecimal() else user_path(source)
    if not path.exists():
        return f'no webcam {path} on this machine; {_webcams()}'
    if not os.access(path, os.R_OK | os.W_OK):
        return f'no permission for {path}: add this user to the group of the device, often video'
    return ''


def _webcams() -> str:
    """Return which webcams there are, as a part of a sentence."""
    found = sorted((int(match[1]), str(entry)) for entry in _DEVICES.iterdir()
                   if (match := _NAME.fullmatch(entry.name)))
    names = [name for _, name in found]
    if not names:
        return 'there is none'
    return f'there {"is" if len(names) == 1 else "are"}: {", ".join(names)}'
