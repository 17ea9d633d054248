# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Propose the file beside a path that does not exist, for a name that is misspelt."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
import os
from pathlib import Path

from edgenext_ros.core.did_you_mean import did_you_mean, most_similar
from edgenext_ros.models.regular_file import shown

_MOST_ENTRIES = 1000
"""Maximum number of entries of the folder that are read."""


def did_you_mean_file(path: Path, suffixes: Iterable[str], *, names: Iterable[str] = ()) -> str:
    """
    Return the end of an error, such as ``; did you mean 'own/model.onnx'?``.

    :param path: the path that does not exist.
    :param suffixes: suffixes of the files to propose.
    :param names: other names to propose, such as those of a catalog, if no file is similar.
    :return: empty if nothing is similar.
    """
    allowed = tuple(suffixes)
    try:
        with os.scandir(path.parent) as entries:
            found = sorted(entry.name for entry in islice(entries, _MOST_ENTRIES)
                           if entry.name.endswith(allowed))
    except (OSError, ValueError):  # ValueError: the path has a NUL or a lone surrogate
        found = []
    near = most_similar(path.name, found)
    return f'; did you mean {shown(path.parent / near)!r}?' if near else \
        did_you_mean(str(path), names)
