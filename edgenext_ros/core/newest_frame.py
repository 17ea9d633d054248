# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Threads between a source of frames and a classifier, in which the newest frame wins."""

from __future__ import annotations

from collections.abc import Callable
from threading import Condition, get_ident, Lock, Thread
from time import monotonic
from typing import Generic, Protocol, TypeVar

Item = TypeVar('Item')
Finish = Callable[[], None]

_AT_ONCE_S = 1e-3
"""An item that comes within so many seconds was there already."""


class Source(Protocol):
    """Where items come from."""

    def wait(self) -> bool:
        """Wait for an item, or for ``wake``; False at the end."""

    def take(self) -> None:
        """Submit what ``wait`` has found to the pipeline, if anything."""

    def wake(self) -> None:
        """End the present or the next wait; any thread may call."""


class Pipeline(Generic[Item]):
    """
    Work on the newest item.

    There is one place to wait, never a queue: an item that waits there is replaced by a newer
    one and counted as dropped. So a result is never older than the work in progress and one item.

    One thread at a time waits at the source, and works itself on what it receives there, so that
    an item does not change threads (leader and followers; Schmidt et al., POSA 2, 2000). The next
    thread takes its place at ``relieve``, but only where items come faster than they are worked
    on: to wake it costs more than a message does that stays in the source for a moment.

    :param work: called with each item, in several threads with ``at_once``; returns what is to be
        done last, which is called in the order of the items and never twice at a time. Neither
        may raise.
    :param source: has a thread wait at it; else items come by ``submit`` alone.
    :param at_once: so many items may be in work at a time.
    """

    def __init__(self, work: Callable[[Item], Finish | None], *, source: Source | None = None,
                 at_once: int = 1, name: str = 'pipeline') -> None:
        self._work, self._source, self._at_once = work, source, at_once
        self._lock = Lock()
        self._job, self._turn, self._idle = (Condition(self._lock) for _ in range(3))
        self._waiting: list[Item] = []
        self._running = True
        # Threads by their identity: who is at the source, who is at work since when, and who of
        # these keeps the others from the source.
        self._leader: int | None = None
        self._begun: dict[int, float] = {}
        self._alone: set[int] = set()
        self._behind = False  # items come faster than they are worked on
        self._started = self._finished = 0
        self._dropped = 0
        self._threads = [Thread(target=self._run, name=f'{name} {index}', daemon=True)
                         for index in range(at_once + (source is not None))]
        for thread in self._threads:
            thread.start()

    @property
    def dropped(self) -> int:
        """Number of items that a newer one replaced, or that were cleared; see ``count_anew``."""
        with self._lock:
            return self._dropped

    def count_anew(self) -> None:
        """Forget what was dropped so far."""
        with self._lock:
            self._dropped = 0

    @property
    def busy_seconds(self) -> float:
        """How long the oldest work goes on; 0 while there is none."""
        with self._lock:
            return monotonic() - min(self._begun.values()) if self._begun else 0.0

    def submit(self, item: Item) -> None:
        """Offer an item; returns at once. After ``stop`` it is ignored."""
        with self._lock:
            if not self._running:
                return
            self._dropped += len(self._waiting)
            self._waiting = [item]
            if get_ident() != self._leader:  # which takes it itself
                self._job.notify()

    def relieve(self) -> None:
        """Let another thread wait at the source while the calling one works on, if need be."""
        with self._lock:
            if self._behind:
                self._alone.discard(get_ident())
                self._job.notify()

    def relieve_slow(self, seconds: float) -> None:
        """Let another thread wait at the source if the present work lasts for so long already."""
        with self._lock:
            now = monotonic()
            self._alone -= {thread for thread, begun in self._begun.items()
                            if now - begun >= seconds}
            self._job.notify()

    def clear(self) -> None:
        """Forget the waiting item, if any; it counts as dropped."""
        with self._lock:
            self._dropped += len(self._waiting)
            self._waiting = []

    def drain(self, timeout: float) -> bool:
        """Wait until nothing waits or is worked on; False after ``timeout`` seconds."""
        with self._lock:
            return self._idle.wait_for(lambda: not self._waiting and not self._begun, timeout)

    def stop(self, timeout: float) -> bool:
        """
        Forget what waits, let the present work end, and end the threads.

        :return: False when the work was still going on after ``timeout`` seconds.
        """
        with self._lock:
            self._running = False
            self._waiting = []
            self._job.notify_all()
        source = self._source
        if source is not None:
            source.wake()
        end = monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self) -> None:
        me = get_ident()
        while True:
            with self._lock:
                self._job.wait_for(
                    lambda: not self._running or self._may_work() or self._may_lead())
                if not self._running:
                    return
                item = self._waiting.pop() if self._may_work() else None
                if item is None:
                    self._leader = me
                else:
                    self._begun[me] = monotonic()
                    if self._behind and self._at_once > 1:
                        self._job.notify()  # the next one may be worked on right now
                    else:
                        self._alone.add(me)
                    number, self._started = self._started, self._started + 1
            if item is None:
                self._lead()
            else:
                self._do(item, number)
                item = None  # pictures are large, and this thread may now wait for long

    def _lead(self) -> None:
        assert self._source is not None
        begin = monotonic()
        more = self._source.wait()
        waited = monotonic() - begin
        if more:
            self._source.take()
        with self._lock:
            self._leader = None
            if not more:
                self._source = None
            elif self._waiting:
                self._behind = bool(self._begun) or waited < _AT_ONCE_S

    def _do(self, item: Item, number: int) -> None:
        finish = self._work(item)
        with self._lock:
            self._turn.wait_for(lambda: self._finished == number)
        if finish is not None:
            finish()
        with self._lock:
            self._finished += 1
            del self._begun[get_ident()]
            self._alone.discard(get_ident())
            # This thread goes on with what waits, or leads: only others are told.
            self._turn.notify_all()
            self._idle.notify_all()

    def _may_work(self) -> bool:
        return bool(self._waiting) and len(self._begun) < self._at_once

    def _may_lead(self) -> bool:
        return self._source is not None and self._leader is None and not self._alone


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
