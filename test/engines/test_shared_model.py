# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Several users of one open model."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
import sys
from threading import Event, Thread
from time import monotonic

from edgenext_ros.engines import recovering, shared_model
from edgenext_ros.engines.base import InferenceError, ModelInfo, RuntimeOptions
from edgenext_ros.engines.select import open_model
from edgenext_ros.engines.shared_model import SharedModels
from edgenext_ros.models.store import locate
import numpy as np
import pytest

module_of_this = sys.modules[__name__]
INFO = ModelInfo('net', 'stand-in', width=2, height=2, classes=1)


class Engine:
    """Notes what is asked of it; an inference lasts until it is let go."""

    def __init__(self):
        self.seen, self.closed = [], 0
        self.begun, self.free = Event(), Event()
        self.free.set()

    def infer(self, nv12):
        self.begun.set()
        self.seen.append(int(nv12[0]))
        assert self.free.wait(10)
        return nv12[:1].astype(np.float32)

    def close(self):
        self.closed += 1


@pytest.fixture
def engines(monkeypatch):
    """Let ``open_recovering`` make stand-ins, and list them."""
    made = []

    def opened(model, *, runtime, options):
        made.append(Engine())
        return made[-1], INFO

    monkeypatch.setattr(shared_model, 'open_recovering', opened)
    return made


@pytest.fixture
def watched(monkeypatch):
    """Let ``open_model`` make stand-ins below ``Recovering``, and list them."""
    made = []

    def opened(model, **_):
        made.append(Engine())
        return made[-1], INFO

    monkeypatch.setattr(recovering, 'open_model', opened)
    return made


def picture(value):
    return np.full(6, value, np.uint8)


@pytest.mark.parametrize('other,count', [
    ({}, 1), ({'options': RuntimeOptions()}, 1), ({'runtime': 'onnx'}, 2),
    ({'options': RuntimeOptions(priority=3)}, 2)])
def test_the_same_model_is_opened_once(engines, other, count):
    models = SharedModels()
    first, _ = models.open(Path('a.bin'))
    second, info = models.open(Path('a.bin'), **other)
    assert (len(engines), info) == (count, INFO)
    assert [engine.infer(picture(7)).tolist() for engine in (first, second)] == [[7], [7]]


def test_the_last_to_leave_closes_it(engines):
    models = SharedModels()
    first, second = (models.open(Path('a.bin'))[0] for _ in range(2))
    first.close()
    first.close()
    assert engines[0].closed == 0
    with pytest.raises(InferenceError, match='closed'):
        first.infer(picture(1))
    second.infer(picture(2))
    second.close()
    assert (engines[0].closed, engines[0].seen) == (1, [2])
    models.open(Path('a.bin'))
    assert len(engines) == 2


def test_nothing_is_loaded_beside_one_that_does_not_close(watched):
    models, engines = SharedModels(), watched
    share, _ = models.open(Path('a.bin'))

    def hang():
        raise InferenceError('an inference still runs')

    engines[0].close = hang
    with pytest.raises(InferenceError, match='still runs'):
        share.close()
    for name in ('a.bin', 'b.bin'):
        with pytest.raises(InferenceError, match=r'no model is loaded while .* still runs'):
            models.open(Path(name))
    assert len(engines) == 1
    del engines[0].close
    again, _ = models.open(Path('a.bin'))
    assert again.infer(picture(3)).tolist() == [3]
    assert [engine.seen for engine in engines] == [[], [3]]
    again.close()
    assert [engine.closed for engine in engines] == [1, 1]


def test_users_leave_a_hang_one_by_one_and_the_model_is_never_open_twice(watched, monkeypatch):
    monkeypatch.setattr(recovering, 'CLOSE_WAIT_S', 0.01)
    models = SharedModels()
    first, second = (models.open(Path('a.bin'))[0] for _ in range(2))
    engine = watched[0]
    engine.free.clear()
    with ThreadPoolExecutor(3) as threads:
        inside = threads.submit(first.infer, picture(1))
        assert engine.begun.wait(10)
        try:
            threads.submit(first.close).result(10)
            first = models.open(Path('a.bin'))[0]
            second.close()
            assert 'still runs' in str(threads.submit(first.close).exception(10))
            with pytest.raises(InferenceError, match='no model is loaded while'):
                models.open(Path('a.bin'))
            assert (len(watched), engine.closed) == (1, 0)
        finally:
            engine.free.set()
        assert inside.result(10).tolist() == [1]
    assert engine.closed == 1
    models.open(Path('a.bin'))[0].close()
    assert [one.closed for one in watched] == [1, 1]


def test_a_close_that_lasts_keeps_nobody_from_another_model(engines):
    models = SharedModels()
    first, second = (models.open(Path(name))[0] for name in ('a.bin', 'b.bin'))
    begun, go = Event(), Event()

    def close():
        begun.set()
        assert go.wait(20)

    engines[0].close = close
    with ThreadPoolExecutor(2) as threads:
        closing = threads.submit(first.close)
        assert begun.wait(20)
        try:
            third, _ = threads.submit(models.open, Path('b.bin')).result(10)
            threads.submit(second.close).result(10)
        finally:
            go.set()
        closing.result(20)
    third.close()
    assert (len(engines), engines[1].closed) == (2, 1)


def test_turns_are_taken_in_the_order_of_asking(engines):
    models = SharedModels()
    shares = [models.open(Path('a.bin'))[0] for _ in range(4)]
    engine = engines[0]
    engine.free.clear()
    threads = []
    for number, share in enumerate(shares):
        threads.append(Thread(target=share.infer, args=[picture(number)]))
        threads[-1].start()
        # The next asks when this one has been given its number.
        while share._turns._next <= number:
            pass
    engine.free.set()
    for thread in threads:
        thread.join(10)
    assert engine.seen == [0, 1, 2, 3]


def test_as_many_at_once_as_the_engine_has_slots(engines, monkeypatch):
    monkeypatch.setattr(module_of_this, 'INFO', replace(INFO, slots=2))
    models = SharedModels()
    shares, infos = zip(*(models.open(Path('a.bin')) for _ in range(4)), strict=True)
    assert {info.slots for info in infos} == {0}, 'nobody writes into its memory'
    engine = engines[0]
    engine.free.clear()
    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(share.infer, picture(number))
                 for number, share in enumerate(shares)]
        end = monotonic() + 10
        while (shares[0]._turns._next < 4 or len(engine.seen) < 2) and monotonic() < end:
            pass
        at_once = list(engine.seen)
        engine.free.set()
        for number, scores in enumerate(found):
            assert scores.result(10).tolist() == [number]
    assert len(at_once) == 2 and sorted(engine.seen) == [0, 1, 2, 3]


def test_an_error_passes_the_turn_on(engines):
    models = SharedModels()
    first, second = (models.open(Path('a.bin'))[0] for _ in range(2))
    engines[0].infer = lambda nv12: 1 / 0
    with pytest.raises(ZeroDivisionError):
        first.infer(picture(1))
    del engines[0].infer
    assert second.infer(picture(2)).tolist() == [2]


def test_a_model_that_does_not_open_is_nobodys(engines, monkeypatch):
    models = SharedModels()
    monkeypatch.setattr(shared_model, 'open_recovering', lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        models.open(Path('a.bin'))
    assert not models._open


def test_one_that_breaks_down_is_opened_anew_for_all(watched):
    made = watched
    models = SharedModels()
    first, second = (models.open(Path('a.bin'))[0] for _ in range(2))
    made[0].infer = lambda nv12: 1 / 0
    with pytest.raises(InferenceError, match='broke down with ZeroDivisionError'):
        first.infer(picture(1))
    assert second.infer(picture(2)).tolist() == [2]
    assert first.infer(picture(3)).tolist() == [3]
    assert (len(made), made[0].closed, made[1].seen) == (2, 1, [2, 3])


def test_a_real_model_gives_the_same_to_each(onnxruntime):
    path = locate('demo', suffixes=('.onnx',)).path
    alone, info = open_model(path)
    nv12 = np.random.default_rng(0).integers(0, 256, info.nv12_size, np.uint8)
    models = SharedModels()
    shares = [models.open(path)[0] for _ in range(2)]
    found = [None] * 2

    def run(index):
        found[index] = shares[index].infer(nv12)

    threads = [Thread(target=run, args=[index]) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = alone.infer(nv12)
    for output in found:
        np.testing.assert_array_equal(output, expected)
    for share in shares:
        share.close()
    alone.close()
