# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An engine that is watched, rests when it fails, and is opened anew when that goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Condition
from time import monotonic
from typing import cast

from edgenext_ros.core.backoff import Backoff
from edgenext_ros.engines.base import (
    check_scores,
    EngineRestsError,
    InferenceError,
    Lending,
    ModelInfo,
    Nv12,
    Runtime,
    RuntimeOptions,
    Scores,
    Write,
)
from edgenext_ros.engines.kept import close_kept, close_or_keep, keep
from edgenext_ros.engines.select import open_model

REOPEN_AFTER = 3
"""Failures in a row after which an engine is opened anew."""
CLOSE_WAIT_S = 1.0
"""``close`` waits so long for the threads that are inside."""

_SETTLED_S = 60.0
"""An engine that has worked for so long after it was opened anew may be opened anew again: some
of the vendor's bindings lose memory each time."""

Opened = Callable[[], tuple[Runtime, ModelInfo]]


class _NotTheEngineError(Exception):
    """What the picture's own code has raised is its cause."""


def open_recovering(model: Path, *, runtime: str = 'auto', options: RuntimeOptions | None = None,
                    ) -> tuple[Runtime, ModelInfo]:
    """Do as ``open_model``; the engine returned is watched, see ``Recovering``."""
    engine = Recovering(lambda: open_model(model, runtime=runtime, options=options))
    return engine, engine.info


class Recovering:
    """
    A ``Runtime`` around another; for as many threads at a time as that is.

    What comes out is checked. While failures go on, tries become rare, and the engine is opened
    anew once: after ``REOPEN_AFTER`` failures in a row, or at once after an exception that is not
    an InferenceError, which no healthy engine raises. What lasted too long is not a result: by
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
        self._changed = Condition()
        self._inside = 0
        self._opening = False
        close_kept()
        self._runtime: Runtime | None
        self._runtime, self.info = opened()

    def open(self, model: Path, options: RuntimeOptions) -> ModelInfo:
        """Refuse: it is open already."""
        raise InferenceError(f'{model}: this engine is opened by open_recovering')

    def infer(self, nv12: Nv12) -> Scores:
        """
        Run the network once; see ``Runtime.infer``.

        :raises EngineRestsError: it has failed before, and nothing was tried.
        """
        return self._watched(lambda runtime: runtime.infer(nv12))

    def infer_from(self, write: Write) -> Scores:
        """Run the network once on what is written; see ``Lending``, and ``infer``."""
        def guarded(picture: Nv12) -> None:
            try:
                write(picture)
            except Exception as error:
                raise _NotTheEngineError from error

        try:
            return self._watched(lambda runtime: cast(Lending, runtime).infer_from(guarded))
        except _NotTheEngineError as error:
            assert error.__cause__ is not None
            raise error.__cause__ from None

    def close(self) -> None:
        """
        Free the model; wait ``CLOSE_WAIT_S`` at most for the threads that are inside.

        :raises InferenceError: one is still inside. The last of them frees the model when it
            comes out; no model is loaded before that.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            if not self._changed.wait_for(lambda: not self._inside, CLOSE_WAIT_S):
                keep(self)
                raise InferenceError(f'model {self.info.name!r}: an inference still runs')
            runtime, self._runtime = self._runtime, None
        if runtime is not None:
            close_or_keep(runtime)

    def _watched(self, use: Callable[[Runtime], Scores]) -> Scores:
        try:
            with self._entered() as runtime:
                scores = self._checked(runtime, use)
        except (EngineRestsError, _NotTheEngineError):
            raise
        except InferenceError as error:
            raise InferenceError(self._failed(str(error), dead=False)) from error
        except Exception as error:  # an engine outside its contract; what it raises is its affair
            text = ' '.join(str(error).split())
            raise InferenceError(self._failed(
                f'model {self.info.name!r}: the engine broke down with {type(error).__name__}: '
                f'{text}', dead=True)) from error
        with self._changed:
            self._backoff.succeed()
            self._dead = False
            if self._reopened_at is not None and self._clock() - self._reopened_at > _SETTLED_S:
                self._reopened_at = None
        return scores

    @contextmanager
    def _entered(self) -> Iterator[Runtime]:
        """Count this thread as inside, and lend the engine, opened anew where that is due."""
        with self._changed:
            # A thread that is inside may yet succeed, or fail too.
            self._changed.wait_for(
                lambda: self._closed or not (self._inside and (self._opening or self._is_due())))
            self._check_rest()
            self._opening = opens = self._runtime is None or self._is_due()
            self._inside += 1
        try:
            # Without the lock, which ``close`` wants: opening takes seconds, and may hang.
            if opens:
                self._open_again()
            assert self._runtime is not None
            yield self._runtime
        finally:
            with self._changed:
                self._inside -= 1
                if opens:
                    self._opening = False
                self._changed.notify_all()
                is_last = self._closed and not self._inside
            if is_last:
                with suppress(InferenceError):
                    close_or_keep(self)

    def _check_rest(self) -> None:
        """Raise InferenceError unless an inference may be tried now."""
        rest = self._backoff.rest
        if rest:
            raise EngineRestsError(
                f'{self._reason}; {self._backoff.failures} failures in a row, tried again in '
                f'{rest:.1f} s{self._remedy()}')
        if self._closed:
            raise InferenceError('no model is open')

    def _checked(self, runtime: Runtime, use: Callable[[Runtime], Scores]) -> Scores:
        begin = self._clock()
        scores = check_scores(use(runtime), self.info)
        took, patience = self._clock() - begin, self.info.patience_s
        if took > patience:
            raise InferenceError(
                f'model {self.info.name!r}: expected a result within {patience:.0f} s, it '
                f'came after {took:.0f} s and is dropped; the engine hung, or is overloaded by '
                f'other programs')
        return scores

    def _failed(self, reason: str, *, dead: bool) -> str:
        """Note a failure; return what is to be said of it."""
        with self._changed:
            self._dead = self._dead or dead
            self._backoff.fail()
            self._reason = reason
            return f'{reason}; the engine is opened anew at the next try' if self._is_due() \
                else reason

    def _is_due(self) -> bool:
        """Say whether the engine is to be opened anew before the next try."""
        return self._runtime is not None and self._reopened_at is None and (
            self._dead or self._backoff.failures >= REOPEN_AFTER)

    def _open_again(self) -> None:
        """Close the engine and open it anew, or raise InferenceError; the next try goes on."""
        runtime, self._runtime = self._runtime, None
        if runtime is not None:
            keep(runtime)
        try:
            close_kept()
            runtime, info = self._opened()
        except Exception as error:  # Of the file, the machine, the engine: none ends the node.
            raise InferenceError(
                f'model {self.info.name!r}: the engine has failed and does not open again: '
                f'{" ".join(str(error).split())}') from error
        if info != self.info:
            with suppress(InferenceError):
                close_or_keep(runtime)
            raise InferenceError(
                f'the model file has changed: expected {self.info}, found {info}; configure the '
                f'node anew (ros2 lifecycle set: deactivate, cleanup, configure, activate)')
        with self._changed:
            self._runtime, self._dead, self._opening = runtime, False, False
            self._reopened_at = self._clock()
            self._changed.notify_all()

    def _remedy(self) -> str:
        return '' if self._reopened_at is None or self._runtime is None else (
            ' (opening the engine anew has not helped: restart the node, then the board)')
