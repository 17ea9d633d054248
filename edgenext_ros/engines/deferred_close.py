# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Close engines, and defer the close of an engine with a running inference."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import logging
from threading import Lock, RLock

from edgenext_ros.engines.base import Engine, InferenceError

CLOSE_LIMIT_S = 5.0
"""Maximum wait for a close in another thread, in which a vendor's library may hang."""

_lock = Lock()
_deferred: list[Engine] = []
"""Engines that are still to be closed; ``_lock`` protects the list and is held only briefly."""
_closing = RLock()
"""Held while engines are closed; reentrant, because one engine's close may close another."""


def defer_close(engine: Engine) -> None:
    """Add an engine to the list of engines to close before the next model is loaded."""
    with _lock:
        if not any(listed is engine for listed in _deferred):
            _deferred.append(engine)


def close_or_defer(engine: Engine) -> None:
    """
    Close an engine.

    The engine is on the list during the close, so that no other thread loads a model beside it.

    :raises InferenceError: an inference still runs; the engine stays on the list.
    """
    defer_close(engine)
    with _exclusive():
        _close(engine)


def close_deferred() -> None:
    """
    Close all engines on the list; ``open_model`` calls this before it loads a model.

    :raises InferenceError: an engine cannot be closed, so no model may be loaded.
    """
    if not _list_deferred():
        return
    problem: InferenceError | None = None
    with _exclusive():
        for engine in _list_deferred():
            try:
                _close(engine)
            except InferenceError as error:
                problem = problem or error
    if problem is not None:
        raise InferenceError(
            f'no model is loaded while an earlier one cannot be closed: {problem}; try again '
            f'when its inference has ended, or restart the node, then the board') from problem


def _list_deferred() -> list[Engine]:
    with _lock:
        return list(_deferred)


def _close(engine: Engine) -> None:
    try:
        engine.close()
    except InferenceError:
        raise
    except (Exception, SystemExit) as error:  # Every further close would raise it again.
        logging.getLogger(__name__).warning(
            'an engine did not close and is dropped, its memory may stay taken: %s: %s',
            type(error).__name__, ' '.join(str(error).split()))
    with _lock:
        _deferred[:] = [listed for listed in _deferred if listed is not engine]


@contextmanager
def _exclusive() -> Iterator[None]:
    """Hold ``_closing``, or raise InferenceError."""
    if not _closing.acquire(timeout=CLOSE_LIMIT_S):
        raise InferenceError(
            f'another engine has been closing for {CLOSE_LIMIT_S:.0f} s; it hangs, or its '
            f'libraries do')
    try:
        yield
    finally:
        _closing.release()
