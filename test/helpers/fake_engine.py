# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An engine under the test's control, with the slots of a real one."""

from dataclasses import replace

from edgenext_ros.engines.base import ModelInfo
from edgenext_ros.engines.deferred_close import close_deferred
from edgenext_ros.engines.slot_pool import SlotPool
import numpy as np

INFO = ModelInfo('net', 'stand-in', width=2, height=2, classes=3)
GOOD = np.arange(3, dtype=np.float32)


class FakeSlot:
    """Memory for one picture, which the engine answers."""

    def __init__(self, engine):
        self.picture = np.zeros(engine.info.nv12_size, np.uint8)
        self._engine = engine

    def run(self):
        return self._engine.run(self.picture)


class FakeEngine:
    """
    Count calls; the engine is its own clock and opener.

    A run returns, raises or calls ``answer``, the last one with the picture; ``close`` and
    ``open`` raise or call ``at_close`` and ``at_open``. ``version`` is that of its model file.
    """

    def __init__(self, *, slots=1, answer=GOOD, at_close=None, info=INFO):
        self.now, self.opened, self.closed = 0.0, 0, 0
        self.info, self.answer, self.at_close = replace(info, slots=slots), answer, at_close
        self.at_open = None
        self.version = 1
        self.pictures = []
        """First value of each picture that was run."""
        self._pool = SlotPool()

    @property
    def tried(self):
        return len(self.pictures)

    def open(self, model=None, options=None):
        self.opened += 1
        do(self.at_open)
        self._pool = SlotPool(self.info, [FakeSlot(self) for _ in range(self.info.slots)])
        return self.info

    def open_it(self):
        close_deferred()  # as open_model does
        return self, self.open()

    def slot(self):
        return self._pool.slot()

    def run(self, picture):
        self.pictures.append(int(picture[0]))
        return do(self.answer, picture) if callable(self.answer) else do(self.answer)

    def retry(self):
        """Do nothing, as ``Recovering`` while its engine works."""

    def close(self):
        self._pool.close()
        do(self.at_close)
        self.closed += 1


def do(what, *arguments):
    """Raise an exception, call a function, or return anything else."""
    if isinstance(what, BaseException):
        raise what
    return what(*arguments) if callable(what) else what


def hang(begun, go, result=None):
    """Set ``begun``, and return ``result`` once the test sets ``go``."""
    begun.set()
    assert go.wait(20)
    return result
