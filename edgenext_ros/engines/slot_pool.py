# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lend the slots of an open model, and check the scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Condition, Lock
from typing import Generic, TypeVar

from edgenext_ros.core.classifier import Slot
from edgenext_ros.engines.base import check_scores, InferenceError, ModelInfo, Nv12, Scores

SlotT = TypeVar('SlotT', bound=Slot)


class SlotPool(Generic[SlotT]):
    """
    Lend the slots of an open model, each to one thread at a time, and check their scores.

    Without arguments, it is the pool of an engine without a model.

    :param info: facts about the model.
    :param slots: slots of the engine; ``LentSlot.run`` checks the scores of their ``run``.
    :param first: returns whether a free slot takes precedence over the others.
    """

    def __init__(self, info: ModelInfo | None = None, slots: Sequence[SlotT] = (), *,
                 first: Callable[[SlotT], bool] | None = None) -> None:
        self.info, self._slots, self._first = info, slots, first
        self._free = list(slots)
        self._closed = info is None
        self._lock = Lock()
        self._returned = Condition(self._lock)

    def slot(self) -> LentSlot[SlotT]:
        """Return a context manager that waits for a free slot and lends it."""
        return LentSlot(self)

    def close(self) -> None:
        """
        End lending.

        :raises InferenceError: a slot is lent, so nothing was changed.
        """
        with self._lock:
            if len(self._free) < len(self._slots):
                raise InferenceError(f'{self._name}: an inference still runs, or a slot is lent')
            self._closed = True
            self._returned.notify_all()

    def take(self) -> SlotT:
        """
        Wait for a free slot and take it; call ``give_back`` afterwards.

        :raises InferenceError: no model is open.
        """
        with self._lock:
            while not (self._free or self._closed):
                self._returned.wait()
            if self._closed:
                raise InferenceError('no model is open; call open first')
            if self._first is not None:
                for slot in filter(self._first, self._free):
                    self._free.remove(slot)
                    return slot
            return self._free.pop()  # The most recently used slot is in the CPU cache.

    def give_back(self, slot: SlotT) -> None:
        """Make the slot available to other threads."""
        with self._lock:
            self._free.append(slot)
            self._returned.notify()

    @property
    def _name(self) -> str:
        return f'model {self.info.name!r}' if self.info else 'no model'


class PooledEngine(Generic[SlotT]):
    """Base class of engines; ``open`` of a subclass sets ``_pool``, which lends the slots."""

    def __init__(self) -> None:
        """Start without a model; ``open`` imports the libraries of the engine."""
        self._pool: SlotPool[SlotT] = SlotPool()

    def slot(self) -> LentSlot[SlotT]:
        """Lend memory for one picture; see ``Engine.slot``."""
        return self._pool.slot()

    def close(self) -> None:
        """Free the model; see ``Engine.close``."""
        self._pool.close()
        self._pool = SlotPool()


class LentSlot(Generic[SlotT]):
    """
    A lent slot; a class is faster per frame than a generator.

    :param pool: the pool that lends the slot when the block begins.
    """

    __slots__ = ('_pool', '_slot', 'picture')
    picture: Nv12

    def __init__(self, pool: SlotPool[SlotT]) -> None:
        self._pool = pool
        self._slot: SlotT | None = None

    def __enter__(self) -> LentSlot[SlotT]:
        """Wait for a free slot."""
        self._slot = slot = self._pool.take()
        self.picture = slot.picture
        return self

    def __exit__(self, *error: object) -> None:
        """Give the slot back."""
        slot, self._slot = self._slot, None
        if slot is not None:
            self._pool.give_back(slot)

    def run(self) -> Scores:
        """Run the network on the picture; see ``Slot.run``."""
        if self._slot is None:
            raise InferenceError('the slot is not lent any more')
        info = self._pool.info
        assert info is not None
        return check_scores(self._slot.run(), info)
