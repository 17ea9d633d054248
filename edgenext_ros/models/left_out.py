# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is left out of a folder of pictures: one line for people, and figures."""

from __future__ import annotations

from dataclasses import dataclass
import re
from typing import Any

from edgenext_ros.models.regular_file import shown

_SHOWN = 3
"""Names in the line, for each reason that is not told by a suffix."""
_BY_NUMBER = re.compile(r'\.|in a hidden folder|hidden')
"""Reasons that need no names."""
_NOUNS = frozenset(('pipe', 'socket', 'device', 'web page', 'video'))


@dataclass(frozen=True)
class LeftOut:
    """A file that is not taken."""

    file: str
    """Path below the folder."""
    reason: str
    """A few words, such as ``.heic``, ``damaged``, ``in a hidden folder``."""


@dataclass(frozen=True)
class Account:
    """What is left out of a folder."""

    left_out: tuple[LeftOut, ...]
    total: int
    """Files that are pictures or look as if they were meant to be."""

    def __str__(self) -> str:
        """Return one line: how many of how many, by reason, and the names that matter."""
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
        """Sort by number, most first."""
        found: dict[str, list[str]] = {}
        for entry in sorted(self.left_out, key=lambda entry: entry.file):
            found.setdefault(entry.reason, []).append(entry.file)
        return dict(sorted(found.items(), key=lambda item: (-len(item[1]), item[0])))
