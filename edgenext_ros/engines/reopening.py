# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Open a model again, and refuse another model that has replaced its file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from edgenext_ros.engines.base import Engine, InferenceError, ModelInfo
from edgenext_ros.engines.deferred_close import close_or_defer

Opened = Callable[[], tuple[Engine, ModelInfo]]


def file_version(path: Path) -> tuple[int, ...] | None:
    """Return numbers that change when a file is replaced or written; None if there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns


class Reopener:
    """
    Open the model of a failed engine again.

    Another model in the file is loaded only once, to find out what it is. Some of the vendor's
    bindings leak memory at each load. The file is loaded again after it has changed once more.

    :param opened: function that opens the engine.
    :param version: returns a value that changes with the model's file.
    """

    def __init__(self, opened: Opened, *, version: Callable[[], object]) -> None:
        self._opened, self._version = opened, version
        self._refused: tuple[object, str] | None = None
        """Version of the file with another model, and the text of the refusal."""

    def reopen(self, expected: ModelInfo) -> Engine:
        """
        Open the model.

        :param expected: facts about the model when it was opened first.
        :raises InferenceError: it does not open, or the file has another model.
        """
        version = self._version()
        if self._refused is not None and self._refused[0] == version:
            raise InferenceError(self._refused[1])
        try:
            engine, info = self._opened()
        except (Exception, SystemExit) as error:  # no error of an engine may stop the node
            raise InferenceError(
                f'model {expected.name!r}: the engine has failed and does not open again: '
                f'{" ".join(str(error).split())}') from error
        if info != expected:
            text = (f'the model file has changed: expected {expected}, found {info}; configure '
                    f'the node again (ros2 lifecycle set: deactivate, cleanup, configure, '
                    f'activate)')
            self._refused = version, text
            with suppress(InferenceError):
                close_or_defer(engine)
            raise InferenceError(text)
        return engine
