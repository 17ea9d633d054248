# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""How often a problem is logged, and in which characters."""

from __future__ import annotations

import re
from time import monotonic

_REPEAT_SECONDS = 5.0
_REASONS = 20
_NUMBER = re.compile(r'\d+')


class LogLimiter:
    """
    Decide which problems are logged; for one thread.

    Each reason is logged at once, but not again for a while, and not too many of them: a driver
    that is broken in a new way in every frame must not fill the disk.
    """

    def __init__(self) -> None:
        self._said: dict[str, float] = {}
        self._unresolved = False

    def should_log(self, reason: str, *, most_alike: int = _REASONS) -> bool:
        """
        Say whether to log this problem, and remember that it was logged.

        :param most_alike: reasons that differ in numbers alone, at most.
        """
        now = monotonic()
        self._said = {text: at for text, at in self._said.items() if now - at < _REPEAT_SECONDS}
        form = _NUMBER.sub('0', reason)
        alike = sum(_NUMBER.sub('0', text) == form for text in self._said)
        if reason in self._said or len(self._said) >= _REASONS or alike >= most_alike:
            return False
        self._said[reason] = now
        self._unresolved = True
        return True

    def recovered(self) -> bool:
        """Say whether this is the first good frame after a problem that was logged."""
        unresolved, self._unresolved = self._unresolved, False
        return unresolved


def replace_invalid_utf8(text: str) -> str:
    """Replace what UTF-8 cannot write, as parts of file names: rclpy raises on it."""
    return text.encode('utf-8', 'replace').decode()
