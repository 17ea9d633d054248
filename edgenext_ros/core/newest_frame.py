# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A pool of threads that takes items from a source and works on the newest one."""

from __future__ import annotations

from collections.abc import Callable
import logging
from threading import Condition, get_ident, Lock, Thread
from time import monotonic, sleep
from typing import Generic, Protocol, TypeVar

_Item = TypeVar('_Item')
_Outcome = TypeVar('_Outcome')

_AT_ONCE_S = 1e-3
"""An item that arrives within this time was available before the wait began."""
_REST_S = 0.1
"""Pause after an exception of the source, which may be raised again immediately."""
SLOW_S = 1.0
"""Duration of work after which it no longer keeps other threads from the source."""
_log = logging.getLogger(__name__)


class Source(Protocol):
    """A source of items."""

    def wait(self) -> bool:
        """Wait for an item or for ``wake``; return False when no more items will come."""

    def take(self) -> None:
        """Submit the item that ``wait`` found, if any, to the pipeline."""

    def wake(self) -> None:
        """End the current or the next ``wait``; any thread may call this."""


class Pipeline(Generic[_Item, _Outcome]):
    """
    Work on the newest item.

    At most one item waits. A newer item replaces it, and the replaced item counts as dropped. An
    item therefore waits at most until the work in progress ends.

    One thread at a time, the leader, waits at the source and works on the item that it receives,
    so that an item does not change threads (leader/followers; Schmidt et al., POSA 2, 2000).
    ``handover`` lets another thread become the leader, but only while items arrive faster than
    they are worked on. Otherwise a thread's wake-up costs more than a short wait of a message in
    the source.

    An exception of ``work``, ``finish`` or the source is logged, and the pipeline continues with
    the next item.

    :param work: called by up to ``at_once`` threads concurrently; its result goes to ``finish``.
    :param finish: called with each outcome, in the order of the items, one at a time.
    :param source: source at which a thread waits; without it, items come only from ``submit``.
    :param at_once: maximum number of items in work concurrently.
    :param name: first word of the threads' names.
    :param clock: returns monotonic seconds.
    """

    def __init__(self, work: Callable[[_Item], _Outcome], finish: Callable[[_Outcome], None], *,
                 source: Source | None = None, at_once: int = 1, name: str = 'pipeline',
                 clock: Callable[[], float] = monotonic) -> None:
        self._work, self._finish, self._source, self._clock = work, finish, source, clock
        self._name = name
        self._lock = Lock()
        self._job, self._turn, self._idle = (Condition(self._lock) for _ in range(3))
        self._waiting: list[_Item] = []
        self._running, self._held = True, False
        # These hold thread ids. _leader waits at the source. _begun has the start time of each
        # working thread. A thread in _exclusive keeps others from leading until it hands over or
        # is slow.
        self._leader: int | None = None
        self._begun: dict[int, float] = {}
        self._exclusive: set[int] = set()
        self._behind = False  # items arrive faster than they are worked on
        self._started = self._finished = self._idle_waiters = 0
        self._dropped = 0
        self._threads: list[Thread] = []
        self._at_once = 0
        try:
            self.set_at_once(at_once)
        except BaseException:  # no memory for a thread: end those that have started
            self.stop(SLOW_S)
            raise

    def set_at_once(self, at_once: int) -> None:
        """Change the number of items in work concurrently; threads are added, never removed."""
        with self._lock:
            self._at_once = at_once
            missing = at_once + (self._source is not None) - len(self._threads)
            first = len(self._threads)
        for number in range(first, first + missing):
            thread = Thread(target=self._run, name=f'{self._name} {number}', daemon=True)
            thread.start()  # may raise; only a started thread belongs in _threads
            with self._lock:
                self._threads.append(thread)

    @property
    def dropped(self) -> int:
        """Items that a newer one replaced, or that were cleared, since ``reset_dropped``."""
        with self._lock:
            return self._dropped

    def reset_dropped(self) -> None:
        """Count dropped items from zero."""
        with self._lock:
            self._dropped = 0

    @property
    def busy_seconds(self) -> float:
        """Seconds since the oldest work in progress began; 0 when there is none."""
        with self._lock:
            return self._clock() - min(self._begun.values()) if self._begun else 0.0

    def submit(self, item: _Item) -> None:
        """Offer an item without waiting; it is ignored after ``stop``."""
        with self._lock:
            if not self._running:
                return
            self._dropped += len(self._waiting)
            self._waiting = [item]
            if get_ident() != self._leader:  # the leader works on its item itself
                self._job.notify()

    def handover(self) -> None:
        """Let another thread lead while this one works, if items arrive faster than work ends."""
        with self._lock:
            if self._behind:
                self._exclusive.discard(get_ident())
                self._job.notify()

    def clear(self) -> None:
        """Drop the waiting item, if any."""
        with self._lock:
            self._dropped += len(self._waiting)
            self._waiting = []

    def hold(self, timeout: float) -> bool:
        """
        Start no work until ``release``, and wait until no work is in progress.

        Items still arrive during the hold, and the newest one waits.

        :param timeout: maximum wait in seconds.
        :return: False when work was still in progress after ``timeout``; nothing is held then.
        """
        with self._lock:
            self._held = True
            if self._wait_until_idle(lambda: not self._begun, timeout):
                return True
        self.release()
        return False

    def release(self) -> None:
        """Start work again after ``hold``."""
        with self._lock:
            self._held = False
            self._job.notify_all()

    def drain(self, timeout: float) -> bool:
        """Wait until no item waits or is in work; return False after ``timeout`` seconds."""
        with self._lock:
            return self._wait_until_idle(
                lambda: not self._waiting and not self._begun, timeout)

    def stop(self, timeout: float) -> bool:
        """
        Drop the waiting item, let the work in progress finish, and end the threads.

        :param timeout: maximum wait in seconds.
        :return: False when work was still in progress after ``timeout``.
        """
        with self._lock:
            self._running = False
            self._waiting = []
            self._job.notify_all()
            source, threads = self._source, tuple(self._threads)
        if source is not None:
            source.wake()
        end = monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, end - monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _wait_until_idle(self, is_idle: Callable[[], bool], timeout: float) -> bool:
        self._idle_waiters += 1
        try:
            return self._idle.wait_for(is_idle, timeout)
        finally:
            self._idle_waiters -= 1

    def _run(self) -> None:
        me = get_ident()
        while True:
            with self._lock:
                while self._running and not (self._may_work() or self._may_lead()):
                    # Waiting threads poll, because nothing notifies them when work becomes slow.
                    self._job.wait(SLOW_S)
                if not self._running:
                    return
                item = self._waiting.pop() if self._may_work() else None
                if item is None:
                    self._leader = me
                else:
                    self._begun[me] = self._clock()
                    if self._behind and self._at_once > 1:
                        self._job.notify()  # another thread may start the next item now
                    else:
                        self._exclusive.add(me)
                    number, self._started = self._started, self._started + 1
            if item is None:
                self._lead()
            else:
                self._do(item, number)
                item = None  # free the picture, because the next wait may be long

    def _lead(self) -> None:
        assert self._source is not None
        begin, more = self._clock(), True
        try:
            more = self._source.wait()
            waited = self._clock() - begin
            if more:
                self._source.take()
        except BaseException:  # without this, no thread would wait at the source again
            _log.exception('an item was not received')
            waited = _REST_S
            sleep(waited)
        with self._lock:
            self._leader = None
            if not more:
                self._source = None
            elif self._waiting:
                self._behind = bool(self._begun) or waited < _AT_ONCE_S

    def _do(self, item: _Item, number: int) -> None:
        outcome, worked = None, False
        try:
            outcome, worked = self._work(item), True
        except BaseException:  # SystemExit too must not end this thread
            _log.exception('the work on an item failed')
        with self._lock:
            while self._finished != number:
                self._turn.wait()
        try:
            if worked:
                self._finish(outcome)  # type: ignore[arg-type]
        except BaseException:
            _log.exception('an outcome was not delivered')
        finally:
            with self._lock:
                self._finished += 1
                del self._begun[get_ident()]
                self._exclusive.discard(get_ident())
                # This thread takes the waiting item or leads next; only others need a wake-up.
                if self._begun:
                    self._turn.notify_all()
                elif self._idle_waiters:
                    self._idle.notify_all()

    def _may_work(self) -> bool:
        return bool(self._waiting) and not self._held and len(self._begun) < self._at_once

    def _may_lead(self) -> bool:
        if self._source is None or self._leader is not None:
            return False
        if not self._exclusive:
            return True
        now = self._clock()
        return all(now - self._begun[thread] >= SLOW_S for thread in self._exclusive)


class RateLimiter:
    """
    Limit a stream of items to a rate, evenly.

    :param rate: items per second; 0 means no limit.
    """

    def __init__(self, rate: float = 0.0) -> None:
        self.rate = rate
        self._due = float('-inf')

    def allows(self, now: float) -> bool:
        """Return whether an item may pass at ``now``, in monotonic seconds."""
        if self.rate <= 0:
            return True
        if now < self._due:
            return False
        period = 1 / self.rate
        # The phase is kept while frames arrive regularly, and restarts after a pause.
        self._due = self._due + period if now - self._due < period else now + period
        return True
