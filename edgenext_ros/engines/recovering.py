# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Retry a failing engine with exponential backoff, and reopen it after repeated failures."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
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
from edgenext_ros.engines.reopening import file_version, Opened, Reopener
from edgenext_ros.engines.select import open_model

REOPEN_AFTER = 3
"""Number of failures in a row after which an engine is reopened."""
CLOSE_WAIT_S = 1.0
"""Maximum wait of ``close`` for threads that use the engine, in seconds."""

_SETTLED_S = 60.0
"""Seconds that a reopened engine must work before it may be reopened again. Some of the vendor's
bindings leak memory at each reopening."""


def open_recovering(model: Path, *, runtime: str = 'auto', options: EngineOptions | None = None,
                    ) -> tuple[Recovering, ModelInfo]:
    """
    Open a model with ``open_model`` and wrap its engine in ``Recovering``.

    :param model: see ``open_model``, which raises the same errors.
    :param runtime: see ``open_model``.
    :param options: see ``open_model``.
    :return: the engine, and facts about the model.
    """
    engine = Recovering(lambda: open_model(model, runtime=runtime, options=options),
                        version=partial(file_version, model))
    return engine, engine.info


class Recovering:
    """
    Wrap an engine, count its failures and reopen it; the wrapper is an ``Engine`` too.

    Repeated failures make attempts less frequent (``Backoff``). The engine is reopened once:
    after ``REOPEN_AFTER`` failures in a row, or at the next attempt after an exception other than
    InferenceError, which no healthy engine raises. A result after more than ``hang_timeout_s``
    counts as a failure, because the robot has moved on.

    :param opened: function that opens the engine. Like ``open_model``, it closes deferred engines
        first, warms the engine up, and may raise the same errors.
    :param clock: returns monotonic seconds.
    :param version: returns a value that changes with the model's file.
    """

    def __init__(self, opened: Opened, *, clock: Callable[[], float] = monotonic,
                 version: Callable[[], object] = lambda: None) -> None:
        self._clock = clock
        self._reopener = Reopener(opened, version=version)
        self._backoff = Backoff(clock=clock)
        self._reason = ''
        self._dead = False
        self._reopened_at: float | None = None
        self._closed = False
        self._lock = Lock()
        self._changed = Condition(self._lock)
        self._waiting = self._inside = 0
        # True while open, without failures or a reopening; a picture then locks only twice.
        self._healthy = True
        self._opening = False
        self._engine: Engine | None
        self._engine, self.info = opened()

    def open(self, model: Path, options: EngineOptions) -> ModelInfo:
        """Raise InferenceError, because the model is open already."""
        raise InferenceError(f'{model}: this engine is opened by open_recovering')

    def slot(self) -> AbstractContextManager[Slot]:
        """
        Lend a slot of the engine, after reopening the engine if that is due.

        Failures to reopen, to lend and to run count. Exceptions of the block do not.

        :raises EngineRestsError: the engine backs off after failures, and nothing was run.
        """
        return _WatchedSlot(self)

    def retry(self) -> None:
        """
        Let the next attempt reopen a failing engine, without a delay.

        A user that opens the model again calls this. Reopening may help now, even if it did not
        help before.
        """
        with self._lock:
            if self._backoff.failures:
                self._backoff.succeed()
                self._dead, self._reopened_at = True, None

    def close(self) -> None:
        """
        Free the model; wait at most ``CLOSE_WAIT_S`` for the threads that use it.

        :raises InferenceError: a thread still uses the model. The last such thread frees the
            model at its end, and no model is loaded before that.
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
        Count this thread as a user and return the engine, reopened if that is due.

        The caller must call ``_leave`` afterwards, unless this raises.

        :raises EngineRestsError: the engine backs off after failures, and nothing was run.
        """
        with self._lock:
            opens = not self._healthy and self._is_to_be_opened()
            self._inside += 1
        if opens:
            # The lock is free here: opening takes seconds or hangs, and ``close`` needs the lock.
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
        """Wait until this thread may use the engine; return whether it must reopen it first."""
        # The results of running inferences decide whether a reopening is still due.
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
        End the use by this thread; the last user frees an engine that was closed during the use.

        :param opens: this thread had to reopen the engine and failed.
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
        """Record a result after failures or a reopening."""
        with self._lock:
            self._backoff.succeed()
            self._dead = False
            if self._reopened_at is not None and self._clock() - self._reopened_at > _SETTLED_S:
                self._reopened_at = None
            self._healthy = self._reopened_at is None and not (self._closed or self._opening)

    def _failure(self, error: Exception | SystemExit) -> InferenceError:
        """Count an exception of the engine, and return an InferenceError to raise instead."""
        if isinstance(error, InferenceError):
            return InferenceError(self._failed(str(error), dead=False))
        # An engine that breaks the protocol may raise anything.
        text = ' '.join(str(error).split())
        return InferenceError(self._failed(
            f'model {self.info.name!r}: the engine broke down with {type(error).__name__}: '
            f'{text}', dead=True))

    def _failed(self, reason: str, *, dead: bool) -> str:
        """Count a failure and return its message."""
        with self._lock:
            self._healthy, self._dead = False, self._dead or dead
            self._backoff.fail()
            self._reason = reason
            return f'{reason}; the engine is reopened at the next try' if self._is_due() \
                else reason

    def _is_due(self) -> bool:
        """Return whether the engine must be reopened before the next attempt."""
        return self._engine is not None and self._reopened_at is None and (
            self._dead or self._backoff.failures >= REOPEN_AFTER)

    def _open_again(self) -> None:
        """Close and reopen the engine, or raise InferenceError; the next attempt opens it."""
        engine, self._engine = self._engine, None
        if engine is not None:
            defer_close(engine)
        engine = self._reopener.reopen(self.info)
        with self._lock:
            self._engine, self._dead, self._opening = engine, False, False
            self._reopened_at = self._clock()
            self._changed.notify_all()

    def _remedy(self) -> str:
        return '' if self._reopened_at is None or self._engine is None else (
            ' (reopening the engine has not helped: restart the node, then the board)')


class _WatchedSlot:
    """
    A slot of a ``Recovering`` engine; a class is faster per frame than a generator.

    :param watched: the engine that lends a slot when the block begins.
    """

    __slots__ = ('_lent', '_slot', '_watched', 'picture')
    picture: Nv12
    """Memory for the picture."""

    def __init__(self, watched: Recovering) -> None:
        self._watched = watched

    def __enter__(self) -> _WatchedSlot:
        """Wait for a slot; raise EngineRestsError while the engine backs off."""
        watched = self._watched
        engine = watched._enter()
        try:
            self._lent = engine.slot()
            self._slot = self._lent.__enter__()
            self.picture = self._slot.picture
        except (Exception, SystemExit) as error:
            failure = watched._failure(error)
            watched._leave()
            raise failure from error
        except BaseException:
            watched._leave()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        """Give the slot back, also after an exception."""
        try:
            self._lent.__exit__(*error)
        finally:
            self._watched._leave()

    def run(self) -> Scores:
        """
        Run the network on the picture and count failures of the engine.

        :raises InferenceError: the engine failed, or its result came too late.
        """
        watched = self._watched
        begin = watched._clock()
        try:
            scores = self._slot.run()
            took, timeout = watched._clock() - begin, watched.info.hang_timeout_s
            if took > timeout:
                raise InferenceError(
                    f'model {watched.info.name!r}: expected a result within '
                    f'{timeout:.0f} s, it came after {took:.0f} s and is dropped; '
                    f'the engine hung, or is overloaded by other programs')
        except (Exception, SystemExit) as error:
            raise watched._failure(error) from error
        if not watched._healthy:
            watched._succeeded()
        return scores
