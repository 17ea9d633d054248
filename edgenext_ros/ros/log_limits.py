# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Which problems are logged: each once in a while, and not too many."""

from __future__ import annotations

import re
from time import monotonic

_REPEAT_SECONDS = 5.0
_REASONS = 20
_NUMBER = re.compile(r'\d+')


class Complaints:
    """
    Which problems deserve a line in the log; for one thread.

    Every reason at once, but none again for a while, and not too many: a driver that is broken in
    a new way in every frame must not fill the disk.
    """

    def __init__(self) -> None:
        self._said: dict[str, float] = {}
        self._unsettled = False

    def deserves_a_line(self, reason: str, *, most_alike: int = _REASONS) -> bool:
        """
        Say whether to log this problem, and remember that it was logged.

        :param most_alike: so many at most that differ in numbers alone.
        """
        now = monotonic()
        self._said = {text: at for text, at in self._said.items() if now - at < _REPEAT_SECONDS}
        form = _NUMBER.sub('0', reason)
        alike = sum(_NUMBER.sub('0', text) == form for text in self._said)
        if reason in self._said or len(self._said) >= _REASONS or alike >= most_alike:
            return False
        self._said[reason] = now
        self._unsettled = True
        return True

    def settle(self) -> bool:
        """Say whether this is the first good frame after a problem that was logged."""
        unsettled, self._unsettled = self._unsettled, False
        return unsettled
