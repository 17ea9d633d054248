# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: stand-ins of the vendor's libraries."""

from __future__ import annotations

import ctypes
from pathlib import Path
import sys

from edgenext_ros.engines.base import EngineOptions
from edgenext_ros.engines.bpu import libdnn
from helpers.standin_model import StandInModel
import pytest

STAND_INS = Path(__file__).parents[1] / 'stand_ins'
PLAIN = StandInModel()
VENDOR = ('hobot_dnn', 'hobot_dnn_rdkx5', 'hbm_runtime')


class StandIn:
    """The commands and counters of stand_ins/libdnn.c."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._dll = ctypes.CDLL(str(path))
        self._dll.standin_violation.restype = ctypes.c_char_p

    def count(self, what: str) -> int:
        return self._dll.standin_count(what.encode())

    @property
    def violation(self) -> str:
        return self._dll.standin_violation().decode()

    def fail(self, function: str, code: int, *, after: int = 0) -> None:
        self._dll.standin_fail(function.encode(), code, after)

    def release(self) -> None:
        """End the tasks that hang."""
        self._dll.standin_release()

    def join(self) -> None:
        """Wait until no task runs."""
        self._dll.standin_join()

    def wait_for_running(self, count: int) -> bool:
        """Wait until ``count`` tasks run at a time; return False after 20 s."""
        return bool(self._dll.standin_wait_for_running(count))

    def reset(self) -> None:
        self._dll.standin_reset()


@pytest.fixture(autouse=True)
def patient(monkeypatch):
    """Give libdnn 20 s for an inference, since this machine may be busy."""
    monkeypatch.setattr(libdnn, 'TIMEOUT_MS', 20_000)


@pytest.fixture
def standin(libdnn_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Replace libdnn by the stand-in, and check that the test freed all models."""
    monkeypatch.setenv('EDGENEXT_LIBDNN', str(libdnn_path))
    standin = StandIn(libdnn_path)
    standin.reset()
    yield standin
    left = {what: standin.count(what) for what in ('tasks', 'memories', 'models')}
    assert (left, standin.violation) == ({'tasks': 0, 'memories': 0, 'models': 0}, '')


@pytest.fixture
def opened(standin, tmp_path):
    """Return a function that opens a model; close the engines after the test."""
    engines = []

    def open_(spec=PLAIN, options=None):
        engines.append(libdnn.LibDnn())
        return engines[-1], engines[-1].open(
            spec.write(tmp_path / 'model.bin'), options or EngineOptions())

    yield open_
    standin.release()
    standin.join()
    for engine in engines:
        engine.close()


def forget_vendor() -> None:
    """Forget the vendor's packages, because tests import different ones of the same names."""
    for name in list(sys.modules):
        if name.partition('.')[0] in VENDOR:
            del sys.modules[name]


@pytest.fixture
def no_vendor(monkeypatch: pytest.MonkeyPatch):
    """Make all Python packages of the vendor impossible to import."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, 'path', [p for p in sys.path if p != str(STAND_INS)])
        forget_vendor()
        yield
    forget_vendor()


@pytest.fixture
def vendor(no_vendor: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the vendor's Python packages by stand-ins, freshly imported."""
    monkeypatch.syspath_prepend(str(STAND_INS))
