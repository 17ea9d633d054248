# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An engine that is watched, rests when it fails, and is opened anew when that goes on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from threading import Condition, Lock
from time import monotonic
from typing import Any

from edgenext_ros.core.backoff import Backoff
from edgenext_ros.core.classifier import Slot
from edgenext_ros.engines.base import (
    Engine,
    EngineOptions,
    EngineRestsError,
    InferenceError,
    ModelInfo,
    Nv12,
    Scores,
)
from edgenext_ros.engines.deferred_close import close_or_defer, defer_close
from edgenext_ros.engines.select import open_model

REOPEN_AFTER = 3
"""Failures in a row after which an engine is opened anew."""
CLOSE_WAIT_S = 1.0
"""``close`` waits so long for the threads that are inside."""

_SETTLED_S = 60.0
"""An engine that has worked for so long after it was opened anew may be opened anew again: some
of the vendor's bindings lose memory each time."""

Opened = Callable[[], tuple[Engine, ModelInfo]]


def open_recovering(model: Path, *, runtime: str = 'auto', options: EngineOptions | None = None,
                    ) -> tuple[Engine, ModelInfo]:
    """Do as ``open_model``; the engine returned is watched, see ``Recovering``."""
    engine = Recovering(lambda: open_model(model, runtime=runtime, options=options))
    return engine, engine.info


class Recovering:
    """
    Watch an engine, and lend its slots; an ``Engine`` itself.

    While failures go on, tries become rare, and the engine is opened anew once: after
    ``REOPEN_AFTER`` failures in a row, or at once after an exception that is not an
    InferenceError, which no healthy engine raises. What lasted too long is not a result: by
    then the robot is elsewhere.

    :param opened: opens and warms up the engine, such as ``open_model``; may raise as it does.
    :param clock: steady seconds.
    """

    def __init__(self, opened: Opened, *, clock: Callable[[], float] = monotonic) -> None:
        self._opened, self._clock = opened, clock
        self._backoff = Backoff(clock=clock)
        self._reason = ''
        self._dead = False
        self._reopened_at: float | None = None
        self._closed = False
        self._lock = Lock()
        self._changed = Condition(self._lock)
        self._waiting = self._inside = 0
        # No failure, no reopening, open: then a picture costs no more than two locks.
        self._healthy = True
        self._opening = False
        self._engine: Engine | None
        self._engine, self.info = opened()

    def open(self, model: Path, options: EngineOptions) -> ModelInfo:
        """Refuse: it is open already."""
        raise InferenceError(f'{model}: this engine is opened by open_recovering')

    def slot(self) -> AbstractContextManager[Slot]:
        """
        Lend a slot of the engine, which is opened anew first where that is due.

        What the block raises says nothing of the engine: only its slot's ``run`` is watched.

        :raises EngineRestsError: it has failed before, and nothing was tried.
        """
        return _WatchedSlot(self)

    def close(self) -> None:
        """
        Free the model; wait ``CLOSE_WAIT_S`` at most for the threads that are inside.

        :raises InferenceError: one is still inside. The last of them frees the model when it
            comes out; no model is loaded before that.
        """
        with self._lock:
            self._closed, self._healthy = True, False
            self._changed.notify_all()
            self._waiting += 1
            is_empty = self._changed.wait_for(lambda: not self._inside, CLOSE_WAIT_S)
            self._waiting -= 1
            if not is_empty:
                defer_close(self)
                raise InferenceError(f'model {self.info.name!r}: an inference still runs')
            engine, self._engine = self._engine, None
        if engine is not None:
            close_or_defer(engine)

    def _enter(self) -> Engine:
        """
        Count this thread as inside, and return the engine, opened anew where that is due.

        ``_leave`` must follow, unless this raises.

        :raises EngineRestsError: it has failed before, and nothing was tried.
        """
        with self._lock:
            opens = not self._healthy and self._is_to_be_opened()
            self._inside += 1
        if opens:
            # Without the lock, which ``close`` wants: opening takes seconds, and may hang.
            try:
                self._open_again()
            except InferenceError as error:
                failure = self._failure(error)
                self._leave(opens=True)
                raise failure from error
            except BaseException:
                self._leave(opens=True)
                raise
        assert self._engine is not None
        return self._engine

    def _is_to_be_opened(self) -> bool:
        """Wait until this thread may come in; say whether it opens the engine anew."""
        # A thread that is inside may yet succeed, or fail too.
        while not self._closed and self._inside and (self._opening or self._is_due()):
            self._waiting += 1
            self._changed.wait()
            self._waiting -= 1
        rest = self._backoff.rest
        if rest:
            raise EngineRestsError(
                f'{self._reason}; {self._backoff.failures} failures in a row, tried again in '
                f'{rest:.1f} s{self._remedy()}')
        if self._closed:
            raise InferenceError('no model is open')
        self._opening = self._engine is None or self._is_due()
        return self._opening

    def _leave(self, *, opens: bool = False) -> None:
        """
        Count this thread as outside; the last one frees an engine that was closed meanwhile.

        :param opens: this thread was to open the engine anew, and could not.
        """
        with self._lock:
            self._inside -= 1
            if opens:
                self._opening = False
            if self._waiting:
                self._changed.notify_all()
            is_last = self._closed and not self._inside
        if is_last:
            with suppress(InferenceError):
                close_or_defer(self)

    def _succeeded(self) -> None:
        """Note a result after failures, or after the engine was opened anew."""
        with self._lock:
            self._backoff.succeed()
            self._dead = False
            if self._reopened_at is not None and self._clock() - self._reopened_at > _SETTLED_S:
                self._reopened_at = None
            self._healthy = self._reopened_at is None and not (self._closed or self._opening)

    def _failure(self, error: Exception) -> InferenceError:
        """Note what an engine has raised, and return what is to be raised for it."""
        if isinstance(error, InferenceError):
            return InferenceError(self._failed(str(error), dead=False))
        # An engine outside its contract, which may raise anything.
        text = ' '.join(str(error).split())
        return InferenceError(self._failed(
            f'model {self.info.name!r}: the engine broke down with {type(error).__name__}: '
            f'{text}', dead=True))

    def _failed(self, reason: str, *, dead: bool) -> str:
        """Note a failure; return what is to be said of it."""
        with self._lock:
            self._healthy, self._dead = False, self._dead or dead
            self._backoff.fail()
            self._reason = reason
            return f'{reason}; the engine is opened anew at the next try' if self._is_due() \
                else reason

    def _is_due(self) -> bool:
        """Say whether the engine is to be opened anew before the next try."""
        return self._engine is not None and self._reopened_at is None and (
            self._dead or self._backoff.failures >= REOPEN_AFTER)

    def _open_again(self) -> None:
        """Close the engine and open it anew, or raise InferenceError; the next try goes on."""
        engine, self._engine = self._engine, None
        if engine is not None:
            defer_close(engine)
        try:
            engine, info = self._opened()
        except Exception as error:  # Of the file, the machine, the engine: none ends the node.
            raise InferenceError(
                f'model {self.info.name!r}: the engine has failed and does not open again: '
                f'{" ".join(str(error).split())}') from error
        if info != self.info:
            with suppress(InferenceError):
                close_or_defer(engine)
            raise InferenceError(
                f'the model file has changed: expected {self.info}, found {info}; configure the '
                f'node anew (ros2 lifecycle set: deactivate, cleanup, configure, activate)')
        with self._lock:
            self._engine, self._dead, self._opening = engine, False, False
            self._reopened_at = self._clock()
            self._changed.notify_all()

    def _remedy(self) -> str:
        return '' if self._reopened_at is None or self._engine is None else (
            ' (opening the engine anew has not helped: restart the node, then the board)')


class _WatchedSlot:
    """
    A slot of a watched engine; a plain class, because a generator costs each frame more.

    :param watched: the engine that is asked for a slot when the block begins.
    """

    __slots__ = ('_lent', '_slot', '_watched', 'picture')
    picture: Nv12
    """Memory for the picture."""

    def __init__(self, watched: Recovering) -> None:
        self._watched = watched

    def __enter__(self) -> _WatchedSlot:
        """Wait for a slot of an engine that does not rest."""
        watched = self._watched
        engine = watched._enter()
        try:
            self._lent = engine.slot()
            self._slot = self._lent.__enter__()
            self.picture = self._slot.picture
        except Exception as error:
            failure = watched._failure(error)
            watched._leave()
            raise failure from error
        except BaseException:
            watched._leave()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        """Give the slot back, whatever has become of it."""
        try:
            self._lent.__exit__(*error)
        finally:
            self._watched._leave()

    def run(self) -> Scores:
        """
        Run the network on the picture; the engine's failures are counted.

        :raises InferenceError: the engine failed, or was late.
        """
        watched = self._watched
        begin = watched._clock()
        try:
            scores = self._slot.run()
            took = watched._clock() - begin
            if took > watched.info.patience_s:
                raise InferenceError(
                    f'model {watched.info.name!r}: expected a result within '
                    f'{watched.info.patience_s:.0f} s, it came after {took:.0f} s and is dropped; '
                    f'the engine hung, or is overloaded by other programs')
        except Exception as error:
            raise watched._failure(error) from error
        if not watched._healthy:
            watched._succeeded()
        return scores
