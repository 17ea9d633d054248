# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Limit how often a problem is logged, and make text safe for the log."""

from __future__ import annotations

import re
from time import monotonic

_REPEAT_SECONDS = 5.0
_REASONS = 20
_LONGEST = 100
_NUMBER = re.compile(r'\d+')


class LogLimiter:
    """
    Decide which problems are logged; only one thread may call.

    A reason is logged when it first occurs, and then at most every ``_REPEAT_SECONDS``. At most
    ``_REASONS`` different reasons are logged in that time, because a driver that fails
    differently with every frame must not fill the disk.
    """

    def __init__(self) -> None:
        self._logged: dict[str, float] = {}
        self._unresolved = False

    def should_log(self, reason: str, *, most_alike: int = _REASONS) -> bool:
        """
        Return whether to log this problem, and remember that it was logged.

        :param most_alike: maximum number of logged reasons that differ only in numbers.
        """
        now = monotonic()
        self._logged = {text: time for text, time in self._logged.items()
                        if now - time < _REPEAT_SECONDS}
        form = _NUMBER.sub('0', reason)
        alike = sum(_NUMBER.sub('0', text) == form for text in self._logged)
        if reason in self._logged or len(self._logged) >= _REASONS or alike >= most_alike:
            return False
        self._logged[reason] = now
        self._unresolved = True
        return True

    def recovered(self) -> bool:
        """Return whether this is the first good frame after a problem that was logged."""
        unresolved, self._unresolved = self._unresolved, False
        return unresolved


def limit_length(text: str) -> str:
    """Return a text of a message, at most ``_LONGEST`` characters long; dots replace the rest."""
    return text if len(text) <= _LONGEST else f'{text[:_LONGEST - 3]}...'


def replace_invalid_utf8(text: str) -> str:
    """Replace characters that UTF-8 cannot encode, as in file names; rclpy raises on them."""
    return text.encode('utf-8', 'replace').decode()
