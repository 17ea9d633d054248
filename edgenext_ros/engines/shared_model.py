# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Share one open model between several users in one process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Condition, Lock

from edgenext_ros.core.classifier import Slot
from edgenext_ros.engines.base import (
    Engine,
    EngineOptions,
    InferenceError,
    ModelInfo,
    Nv12,
    Scores,
)
from edgenext_ros.engines.deferred_close import close_or_defer, defer_close
from edgenext_ros.engines.recovering import open_recovering, Recovering
from edgenext_ros.engines.reopening import file_version
import numpy as np

_Key = tuple[Path, str, EngineOptions, object]


class SharedModels:
    """
    Open each model once, and close it when its last user leaves.

    A file that has changed is another model. Its next user opens it, and the former users keep
    the model that they have.

    A BPU runs one frame at a time, and the engine may hold the next one in memory. Waiting users
    are served in the order of their requests, so that a fast camera cannot starve a slow one.
    """

    def __init__(self) -> None:
        self._loading = Lock()
        """Held during a load, so that no model is loaded twice; acquired before ``_lock``."""
        self._lock = Lock()
        """Protects ``_open``; not held during a load or close, which takes seconds."""
        self._open: dict[_Key, tuple[Recovering, ModelInfo, _Turns, list[_Share]]] = {}

    def open(self, model: Path, *, runtime: str = 'auto',
             options: EngineOptions | None = None) -> tuple[Engine, ModelInfo]:
        """
        Open a model with ``open_recovering``, unless another user has it open already.

        An engine that other users have open and that fails is reopened at the next picture.

        :param model: see ``open_model``, which raises the same errors.
        :param runtime: see ``open_model``.
        :param options: see ``open_model``.
        :return: an engine for this user alone, and facts about the model.
        """
        key = model.resolve(), runtime, options or EngineOptions(), file_version(model)
        with self._loading:
            with self._lock:
                opened = self._open.get(key)
                shared = self._share(key) if opened else None
            if opened and shared:
                opened[0].retry()  # not under ``_lock``, because it takes the engine's lock
                return shared
            instance, info = open_recovering(model, runtime=runtime, options=options)
            with self._lock:
                self._open[key] = instance, info, _Turns(info.slots), []
                return self._share(key)

    def _share(self, key: _Key) -> tuple[Engine, ModelInfo]:
        instance, info, turns, users = self._open[key]
        share = _Share(self, key, instance, turns, info.nv12_size)
        users.append(share)
        return share, replace(info, slots=1)

    def leave(self, share: _Share, key: _Key) -> None:
        """
        Remove a user, and free the model when it was the last one.

        :raises InferenceError: an inference still runs; see ``close_or_defer``.
        """
        with self._lock:
            if key not in self._open:
                return
            instance, _, _, users = self._open[key]
            if share not in users:
                return
            users.remove(share)
            if users:
                return
            del self._open[key]
            # Under the lock, so that no other thread loads the model before this one is closed.
            defer_close(instance)
        close_or_defer(instance)


class _Share:
    """
    The engine of one user; see ``base.Engine``.

    Its slots have their own memory. If it lent the engine's memory, every other user would wait
    for this user's conversion.
    """

    def __init__(self, models: SharedModels, key: _Key, instance: Engine,
                 turns: _Turns, size: int) -> None:
        self._models, self._key, self._turns = models, key, turns
        self._instance: Engine | None = instance
        self._size = size
        self._pictures: list[Nv12] = []
        """Free input pictures; no lock is needed, because pop and append are atomic."""

    def open(self, model: Path, options: EngineOptions) -> ModelInfo:
        """Raise InferenceError, because a share is open already."""
        raise InferenceError(f'{model}: a shared model is opened by SharedModels')

    def slot(self) -> AbstractContextManager[Slot]:
        """Lend memory for a picture without waiting; ``run`` waits for this user's turn."""
        return _SharedSlot(self)

    def take(self) -> Nv12:
        """Return memory for a picture; give it back with ``put_back``."""
        if self._instance is None:
            raise _closed()
        try:
            return self._pictures.pop()
        except IndexError:
            return np.zeros(self._size, np.uint8)

    def put_back(self, picture: Nv12) -> None:
        """Make memory available for the next picture."""
        self._pictures.append(picture)

    def run(self, picture: Nv12) -> Scores:
        """Wait for this user's turn and run the network once."""
        with self._turns.turn():
            instance = self._instance  # ``close`` may set it to None at any moment
            if instance is None:
                raise _closed()
            with instance.slot() as slot:
                np.copyto(slot.picture, picture)
                return slot.run()

    def close(self) -> None:
        """Leave the model; the last user frees it."""
        self._instance = None
        self._models.leave(self, self._key)


class _SharedSlot:
    """Memory for one picture, lent by a share."""

    __slots__ = ('_share', 'picture')
    picture: Nv12

    def __init__(self, share: _Share) -> None:
        self._share = share

    def __enter__(self) -> _SharedSlot:
        """Take memory."""
        self.picture = self._share.take()
        return self

    def __exit__(self, *error: object) -> None:
        """Put the memory back."""
        self._share.put_back(self.picture)

    def run(self) -> Scores:
        """Wait for this user's turn, copy the picture into the engine, and run."""
        return self._share.run(self.picture)


def _closed() -> InferenceError:
    return InferenceError('this share of a model is closed')


class _Turns:
    """
    A first-in, first-out semaphore; Python's locks do not guarantee an order.

    :param at_once: number of threads that may hold it concurrently.
    """

    def __init__(self, at_once: int) -> None:
        self._changed = Condition()
        self._at_once = at_once
        self._next = self._served = 0

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the semaphore during the block."""
        with self._changed:
            ticket, self._next = self._next, self._next + 1
            self._changed.wait_for(lambda: ticket < self._served + self._at_once)
        try:
            yield
        finally:
            with self._changed:
                self._served += 1
                self._changed.notify_all()
