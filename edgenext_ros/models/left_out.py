# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Report the files of a folder that are not used as pictures, as one line and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import Any

from edgenext_ros.models.regular_file import shown

_SHOWN = 3
"""Maximum number of file names in the line per reason, except those of ``_BY_NUMBER``."""
_BY_NUMBER = re.compile(r'\.|in a hidden folder|hidden')
"""Reasons without file names in the line."""
_NOUNS = frozenset(('pipe', 'socket', 'device', 'web page', 'video'))


@dataclass(frozen=True)
class LeftOut:
    """A file that is left out."""

    file: str
    """Path relative to the folder."""
    reason: str
    """A few words, such as ``.heic``, ``damaged``, ``in a hidden folder``."""


@dataclass(frozen=True)
class Account:
    """The files of a folder that are left out."""

    left_out: tuple[LeftOut, ...]
    total: int
    """Number of pictures, and of files that are probably meant as pictures."""

    def __str__(self) -> str:
        """Return one line with the counts by reason and some names."""
        parts = []
        for reason, files in self._by_reason().items():
            some = ', '.join(map(shown, files[:_SHOWN]))
            more = f' and {len(files) - _SHOWN} more' if len(files) > _SHOWN else ''
            names = '' if _BY_NUMBER.match(reason) else f' ({some}{more})'
            several = 's' if len(files) > 1 and reason in _NOUNS else ''
            parts.append(f'{len(files)} {reason}{several}{names}')
        return f'left out {len(self.left_out)} of {self.total}: {", ".join(parts)}'

    def __bool__(self) -> bool:
        return bool(self.left_out)

    def as_json(self) -> dict[str, Any]:
        """Return the counts and all names, by reason."""
        return {'count': len(self.left_out), 'of': self.total, 'reasons': {
            reason: {'count': len(files), 'files': [shown(file) for file in files]}
            for reason, files in self._by_reason().items()}}

    def _by_reason(self) -> dict[str, list[str]]:
        """Return the files by reason, the most frequent reason first."""
        found: dict[str, list[str]] = {}
        for entry in sorted(self.left_out, key=lambda entry: entry.file):
            found.setdefault(entry.reason, []).append(entry.file)
        return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))
