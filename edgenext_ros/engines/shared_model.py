# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One open model for several users in one process, who take turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Condition, Lock

from edgenext_ros.engines.base import (
    InferenceError,
    ModelInfo,
    Nv12,
    Runtime,
    RuntimeOptions,
    Scores,
)
from edgenext_ros.engines.kept import close_or_keep, keep
from edgenext_ros.engines.recovering import open_recovering

_Key = tuple[Path, str, RuntimeOptions]


class SharedModels:
    """
    Open each model once, for as long as somebody has it open.

    A BPU runs one frame at a time, with the next one ready where the engine has memory for it; who
    waits is served in the order of asking, so that a fast camera does not push out a slow one.
    """

    def __init__(self) -> None:
        self._loading = Lock()
        """Held while a model is loaded, so that none is loaded twice; taken before ``_lock``."""
        self._lock = Lock()
        """Guards ``_open``; not held while a model is loaded or closed, which takes seconds."""
        self._open: dict[_Key, tuple[Runtime, ModelInfo, _Turns, list[_Share]]] = {}

    def open(self, model: Path, *, runtime: str = 'auto',
             options: RuntimeOptions | None = None) -> tuple[Runtime, ModelInfo]:
        """Do as ``open_recovering``; the engine returned is this user's share of one."""
        key = model.resolve(), runtime, options or RuntimeOptions()
        with self._loading:
            with self._lock:
                if key in self._open:
                    return self._share(key)
            instance, info = open_recovering(model, runtime=runtime, options=options)
            with self._lock:
                self._open[key] = instance, info, _Turns(max(1, info.slots)), []
                return self._share(key)

    def _share(self, key: _Key) -> tuple[Runtime, ModelInfo]:
        instance, info, turns, users = self._open[key]
        share = _Share(self, key, instance, turns)
        users.append(share)
        # No slots: lending memory would make every other user wait for this user's conversion.
        return share, replace(info, slots=0)

    def leave(self, share: _Share, key: _Key) -> None:
        """
        Free the model if nobody else has it open.

        :raises InferenceError: an inference still runs; see ``close_or_keep``.
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
            keep(instance)  # Before the lock is released: nobody may load the model beside it.
        close_or_keep(instance)


class _Share:
    """One user's engine; see ``base.Runtime``."""

    def __init__(self, models: SharedModels, key: _Key, instance: Runtime,
                 turns: _Turns) -> None:
        self._models, self._key, self._turns = models, key, turns
        self._instance: Runtime | None = instance

    def open(self, model: Path, options: RuntimeOptions) -> ModelInfo:
        """Refuse: a share is open already."""
        raise InferenceError(f'{model}: a shared model is opened by SharedModels')

    def infer(self, nv12: Nv12) -> Scores:
        """Wait for this user's turn, and run the network once."""
        with self._turns.mine():
            if self._instance is None:
                raise InferenceError('this share of a model is closed')
            return self._instance.infer(nv12)

    def close(self) -> None:
        """Leave; the last one frees the model."""
        self._instance = None
        self._models.leave(self, self._key)


class _Turns:
    """
    A lock that serves in the order of asking, which Python's do not promise.

    :param at_once: so many may hold it.
    """

    def __init__(self, at_once: int) -> None:
        self._changed = Condition()
        self._at_once = at_once
        self._next = self._served = 0

    @contextmanager
    def mine(self) -> Iterator[None]:
        """Wait for the turn and hold it."""
        with self._changed:
            ticket, self._next = self._next, self._next + 1
            self._changed.wait_for(lambda: ticket < self._served + self._at_once)
        try:
            yield
        finally:
            with self._changed:
                self._served += 1
                self._changed.notify_all()
