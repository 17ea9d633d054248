# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The close of an engine whose inference still runs is deferred; no model is loaded before."""

from concurrent.futures import ThreadPoolExecutor
import subprocess
import sys
from threading import Event

from edgenext_ros.engines import deferred_close, onnx, recovering, select
from edgenext_ros.engines.base import infer, InferenceError
from edgenext_ros.engines.recovering import Recovering
from helpers.fake_engine import FakeEngine, GOOD, hang
import numpy as np
import pytest

PICTURE = np.zeros(6, np.uint8)
ENDS_BEFORE_CLOSE = """
import threading
from edgenext_ros.engines.base import infer, InferenceError, ModelInfo
from edgenext_ros.engines.recovering import Recovering
from edgenext_ros.engines.slot_pool import SlotPool
import numpy as np
class Slot:
    picture = np.zeros(6, np.uint8)
    def run(self):
        begun.set()
        threading.Event().wait()
class Engine:
    def __init__(self):
        self.slot = SlotPool(INFO, [Slot()]).slot
INFO = ModelInfo('net', 'stand-in', 2, 2, 3)
begun = threading.Event()
engine = Recovering(lambda: (Engine(), INFO))
threading.Thread(target=infer, args=[engine, Slot.picture], daemon=True).start()
begun.wait()
try:
    engine.close()
except InferenceError as error:
    print(error)
"""


@pytest.fixture
def hung():
    """Defer the close of an engine whose inference still runs, until the test ends."""
    engine = FakeEngine(at_close=InferenceError('an inference still runs'))
    with pytest.raises(InferenceError, match='still runs'):
        deferred_close.close_or_defer(engine)
    yield engine
    engine.at_close = None
    deferred_close.close_deferred()


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """Return a stand-in for ONNX Runtime and a function that opens it with ``open_model``."""
    engine, path = FakeEngine(), tmp_path / 'model.onnx'
    path.write_bytes(b'model')
    monkeypatch.setattr(onnx, 'available', lambda: 'stand-in')
    monkeypatch.setattr(onnx, 'Onnx', lambda: engine)
    return engine, lambda: select.open_model(path)


def test_open_model_loads_nothing_beside_a_deferred_engine(hung, opened):
    engine, open_it = opened
    for _ in range(2):
        with pytest.raises(InferenceError) as caught:
            open_it()
        assert str(caught.value) == (
            'no model is loaded while an earlier one cannot be closed: an inference still runs; '
            'try again when its inference has ended, or restart the node, then the board')
    assert engine.opened == 0
    hung.at_close = None
    open_it()
    assert (engine.opened, hung.closed) == (1, 1)
    open_it()
    assert hung.closed == 1


@pytest.mark.parametrize('error', [OSError('gone'), InferenceError('an inference still runs')])
def test_failed_warm_up_raises_its_own_error_whatever_close_raises(opened, error):
    engine, open_it = opened
    engine.answer, engine.at_close = InferenceError('the BPU is busy'), error
    with pytest.raises(InferenceError, match='the BPU is busy'):
        open_it()
    engine.at_close = None
    deferred_close.close_deferred()


@pytest.mark.parametrize('second,answer', [([0.2, 0.3, 0.5], True), ([7, -2, 3], False)])
def test_open_model_detects_probabilities_by_both_pictures(opened, second, answer):
    engine, open_it = opened
    outputs = iter([[0.5, 0.5, 0.0], second])
    engine.answer = lambda _: np.array(next(outputs), np.float32)
    instance, info = open_it()
    assert info.probabilities is answer
    instance.close()


@pytest.mark.parametrize('seconds,timeout', [(0.1, 5.0), (6.0, 24.0)])
def test_hang_timeout_is_twice_the_time_of_opening(opened, monkeypatch, seconds, timeout):
    now, (engine, open_it) = [0.0], opened
    monkeypatch.setattr(select, 'monotonic', lambda: now[0])

    def run(picture):
        now[0] += seconds
        return GOOD

    engine.answer = run
    assert open_it()[1].hang_timeout_s == pytest.approx(timeout)


def test_recovering_loads_nothing_beside_a_deferred_engine(hung, opened):
    engine, open_it = opened
    with pytest.raises(InferenceError, match='no model is loaded while'):
        Recovering(open_it)
    assert engine.opened == 0


def test_recovering_closes_the_failed_engine_when_the_model_file_is_gone(opened, tmp_path):
    engine, open_it = opened
    watched, engine.answer = Recovering(open_it), OSError('gone')
    with pytest.raises(InferenceError, match='OSError'):
        infer(watched, PICTURE)
    (tmp_path / 'model.onnx').unlink()
    with pytest.raises(InferenceError, match='does not exist'):
        infer(watched, PICTURE)
    assert (engine.opened, engine.closed) == (1, 1)


def test_recovering_reopens_nothing_beside_a_deferred_engine(opened):
    now, (engine, open_it) = [0.0], opened
    watched = Recovering(open_it, clock=lambda: now[0])
    hung = FakeEngine(at_close=InferenceError('an inference still runs'))
    engine.answer = OSError('gone')
    with pytest.raises(InferenceError):
        deferred_close.close_or_defer(hung)
    with pytest.raises(InferenceError, match='OSError'):
        infer(watched, PICTURE)
    engine.answer = GOOD
    for _ in range(5):
        now[0] += 8
        with pytest.raises(InferenceError, match=r'no model is loaded while .* still runs'):
            infer(watched, PICTURE)
    assert (engine.opened, engine.closed, engine.tried) == (1, 1, 2 + 1), '2 at the warm-up'
    hung.at_close = None
    now[0] += 8
    assert infer(watched, PICTURE).tolist() == [0, 1, 2]
    assert (engine.opened, hung.closed) == (2, 1)


@pytest.mark.parametrize('error', [
    OSError('gone'), SystemError('bad'), MemoryError(), SystemExit('no BPU')], ids=repr)
def test_engine_that_breaks_down_in_close_is_dropped(error):
    engine = FakeEngine(at_close=error)
    deferred_close.close_or_defer(engine)
    deferred_close.close_deferred()


def test_close_deferred_tries_all_engines():
    first, second = (FakeEngine(at_close=InferenceError(name)) for name in ('first', 'second'))
    for engine in (first, second, second):
        with pytest.raises(InferenceError):
            deferred_close.close_or_defer(engine)
    second.at_close = None
    with pytest.raises(InferenceError, match='closed: first; try'):
        deferred_close.close_deferred()
    first.at_close = None
    deferred_close.close_deferred()
    assert (first.closed, second.closed) == (1, 1)


def test_load_waits_for_an_engine_that_is_being_closed():
    begun, go = Event(), Event()
    engine = FakeEngine(at_close=lambda: hang(begun, go))

    def load():
        deferred_close.close_deferred()  # as open_model does
        return engine.closed

    with ThreadPoolExecutor(2) as threads:
        closing = threads.submit(deferred_close.close_or_defer, engine)
        assert begun.wait(20)
        loading = threads.submit(load)
        go.set()
        closing.result(20)
        assert loading.result(20) == 1


def test_load_waits_only_a_limited_time_for_a_close_that_hangs(monkeypatch):
    monkeypatch.setattr(deferred_close, 'CLOSE_LIMIT_S', 0.01)
    begun, go = Event(), Event()
    engine, other = FakeEngine(at_close=lambda: hang(begun, go)), FakeEngine()
    with ThreadPoolExecutor(1) as threads:
        closing = threads.submit(deferred_close.close_or_defer, engine)
        assert begun.wait(20)
        try:
            with pytest.raises(InferenceError, match='another engine has been closing'):
                Recovering(other.open_it)
            with pytest.raises(InferenceError, match='another engine has been closing'):
                deferred_close.close_or_defer(other)
        finally:
            go.set()
        closing.result(20)
    deferred_close.close_deferred()
    assert (engine.closed, other.closed, other.opened) == (1, 1, 0)


@pytest.mark.slow
def test_process_ends_before_a_deferred_close():
    done = subprocess.run([sys.executable, '-c', ENDS_BEFORE_CLOSE], capture_output=True,
                          text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout == "model 'net': an inference still runs\n"


def test_close_of_an_engine_that_hangs_is_deferred_until_its_thread_comes_out(monkeypatch):
    monkeypatch.setattr(recovering, 'CLOSE_WAIT_S', 0.01)
    engine, other, begun, go = FakeEngine(), FakeEngine(), Event(), Event()
    watched, engine.answer = Recovering(engine.open_it), lambda _: hang(begun, go, GOOD)
    with ThreadPoolExecutor(2) as threads:
        inside = threads.submit(infer, watched, PICTURE)
        assert begun.wait(20)
        try:
            for _ in range(2):
                assert 'still runs' in str(threads.submit(watched.close).exception(10))
                with pytest.raises(InferenceError, match='no model is loaded while'):
                    Recovering(other.open_it)
        finally:
            go.set()
        assert inside.result(10).tolist() == [0, 1, 2]
    assert (engine.closed, other.opened) == (1, 0)
    Recovering(other.open_it)
    assert (engine.closed, other.opened) == (1, 1)


def test_close_waits_only_a_limited_time_for_an_opening_that_hangs(monkeypatch):
    monkeypatch.setattr(recovering, 'CLOSE_WAIT_S', 0.01)
    engine, begun, go = FakeEngine(), Event(), Event()
    watched, engine.answer = Recovering(engine.open_it), OSError('gone')
    engine.at_open = lambda: hang(begun, go)
    with pytest.raises(InferenceError, match='OSError'):
        infer(watched, PICTURE)
    with ThreadPoolExecutor(2) as threads:
        inside = threads.submit(infer, watched, PICTURE)
        assert begun.wait(20)
        try:
            assert 'still runs' in str(threads.submit(watched.close).exception(10))
        finally:
            go.set()
        assert isinstance(inside.exception(10), InferenceError)
    assert (engine.opened, engine.closed) == (2, 2)
