# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The one place that closes engines, and keeps those whose inference still runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import logging
from threading import Lock, RLock

from edgenext_ros.engines.base import Engine, InferenceError

CLOSE_LIMIT_S = 5.0
"""Longest wait for another thread that closes an engine; a vendor's library may hang there."""

_lock = Lock()
_kept: list[Engine] = []
"""Engines that are still to be closed; guarded by ``_lock``, which nothing holds for long."""
_closing = RLock()
"""Held while engines are closed; reentrant, because an engine may close another in its close."""


def keep(engine: Engine) -> None:
    """Have an engine closed before the next model is loaded; returns at once."""
    with _lock:
        if not any(one is engine for one in _kept):
            _kept.append(engine)


def close_or_keep(engine: Engine) -> None:
    """
    Close an engine. It counts as kept meanwhile, so that no thread loads a model beside it.

    :raises InferenceError: an inference still runs; the engine is kept.
    """
    keep(engine)
    with _alone():
        _close(engine)


def close_kept() -> None:
    """
    Close the engines that are kept; call it before a model is loaded.

    :raises InferenceError: one cannot be closed, so nothing may be loaded.
    """
    if not _still_kept():
        return
    problem: InferenceError | None = None
    with _alone():
        for engine in _still_kept():
            try:
                _close(engine)
            except InferenceError as error:
                problem = problem or error
    if problem is not None:
        raise InferenceError(
            f'no model is loaded while an earlier one cannot be closed: {problem}; try again '
            f'when its inference has ended, or restart the node, then the board') from problem


def _still_kept() -> list[Engine]:
    with _lock:
        return list(_kept)


def _close(engine: Engine) -> None:
    try:
        engine.close()
    except InferenceError:
        raise
    except Exception as error:  # It has broken down, and would raise this for ever.
        logging.getLogger(__name__).warning(
            'an engine did not close and is dropped, its memory may stay taken: %s: %s',
            type(error).__name__, ' '.join(str(error).split()))
    with _lock:
        _kept[:] = [one for one in _kept if one is not engine]


@contextmanager
def _alone() -> Iterator[None]:
    """Hold ``_closing``, or raise InferenceError."""
    if not _closing.acquire(timeout=CLOSE_LIMIT_S):
        raise InferenceError(
            f'another engine has been closing for {CLOSE_LIMIT_S:.0f} s; it hangs, or its '
            f'libraries do')
    try:
        yield
    finally:
        _closing.release()
