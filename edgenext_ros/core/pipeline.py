# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A worker between a producer and a classifier in which the newest frame wins."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, Thread
from time import monotonic
from typing import Generic, TypeVar

Item = TypeVar('Item')


class Pipeline(Generic[Item]):
    """
    Work on the newest item in a thread of its own.

    There is one place to wait, never a queue: an item that waits there is replaced by a newer
    one and counted as dropped. So a result is never older than one piece of work and one item.

    :param work: called in the thread with each item; must not raise.
    """

    def __init__(self, work: Callable[[Item], None], *, name: str = 'pipeline') -> None:
        self._work = work
        self._changed = Condition()
        self._waiting: list[Item] = []
        self._running = True
        self._busy = False
        self._begun = 0.0
        self._dropped = 0
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Number of items that a newer one replaced, or that were cleared; see ``count_anew``."""
        with self._changed:
            return self._dropped

    def count_anew(self) -> None:
        """Forget what was dropped so far."""
        with self._changed:
            self._dropped = 0

    @property
    def busy_seconds(self) -> float:
        """How long the present work goes on; 0 while there is none."""
        with self._changed:
            return monotonic() - self._begun if self._busy else 0.0

    def submit(self, item: Item) -> None:
        """Offer an item; returns at once. After ``stop`` it is ignored."""
        with self._changed:
            if not self._running:
                return
            self._dropped += len(self._waiting)
            self._waiting = [item]
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget the waiting item, if any; it counts as dropped."""
        with self._changed:
            self._dropped += len(self._waiting)
            self._waiting = []

    def drain(self, timeout: float) -> bool:
        """Wait until nothing waits or is worked on; False after ``timeout`` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._busy, timeout)

    def stop(self, timeout: float) -> bool:
        """
        Forget what waits, let the present work end, and end the thread.

        :return: False when the work was still going on after ``timeout`` seconds.
        """
        with self._changed:
            self._running = False
            self._waiting = []
            self._changed.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or not self._running)
                if not self._running:
                    return
                item = self._waiting.pop()
                self._busy, self._begun = True, monotonic()
            self._work(item)


class RateLimiter:
    """
    Let at most so many items a second through, evenly.

    :param rate: items a second; 0 lets everything through.
    """

    def __init__(self, rate: float = 0.0) -> None:
        self.rate = rate
        self._due = float('-inf')

    def allows(self, now: float) -> bool:
        """Say whether an item may pass at ``now`` (steady seconds)."""
        if self.rate <= 0:
            return True
        if now < self._due:
            return False
        period = 1 / self.rate
        # Keep the beat while frames come regularly, start anew after a pause.
        self._due = self._due + period if now - self._due < period else now + period
        return True
