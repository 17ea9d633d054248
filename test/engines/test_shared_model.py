# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SharedModels: several users of one open model."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier, Condition, Event, Semaphore, Thread

from edgenext_ros.engines import recovering, shared_model
from edgenext_ros.engines.base import EngineOptions, infer, InferenceError
from edgenext_ros.engines.select import open_model
from edgenext_ros.engines.shared_model import SharedModels
from edgenext_ros.models.store import locate
from helpers import fake_engine
from helpers.fake_engine import FakeEngine, hang
import numpy as np
import pytest

INFO = replace(fake_engine.INFO, classes=1)


def opener(made):
    """Return a function that opens a stand-in for any model and adds it to a list."""
    def opened(model, **_):
        result = FakeEngine(info=INFO, answer=first_value).open_it()
        made.append(result[0])
        return result

    return opened


def first_value(picture):
    return picture[:1].astype(np.float32)


def hanging(begun, go):
    """Return an answer that lasts until ``go`` is set."""
    return lambda picture: hang(begun, go) or first_value(picture)


@pytest.fixture
def engines(monkeypatch):
    """Replace ``open_recovering``; list the stand-ins that it makes."""
    made = []
    monkeypatch.setattr(shared_model, 'open_recovering', opener(made))
    return made


@pytest.fixture
def watched(monkeypatch):
    """Replace ``open_model`` below ``Recovering``; list the stand-ins that it makes."""
    made = []
    monkeypatch.setattr(recovering, 'open_model', opener(made))
    return made


@pytest.fixture
def asked(monkeypatch):
    """Count the threads that wait for their turn."""
    semaphore = Semaphore(0)

    class Told(Condition):

        def wait(self, timeout=None):
            semaphore.release()
            return super().wait(timeout)

    monkeypatch.setattr(shared_model, 'Condition', Told)
    return semaphore


def picture(value):
    return np.full(6, value, np.uint8)


@pytest.mark.parametrize('other,count', [
    ({}, 1), ({'options': EngineOptions()}, 1), ({'runtime': 'onnx'}, 2),
    ({'options': EngineOptions(priority=3)}, 2)])
def test_same_model_is_opened_once(engines, other, count):
    models = SharedModels()
    first, _ = models.open(Path('a.bin'))
    second, info = models.open(Path('a.bin'), **other)
    assert (len(engines), info) == (count, INFO)
    assert [infer(engine, picture(7)).tolist() for engine in (first, second)] == [[7], [7]]


def test_last_user_closes_the_model(engines):
    models = SharedModels()
    first, second = (models.open(Path('a.bin'))[0] for _ in range(2))
    first.close()
    first.close()
    assert engines[0].closed == 0
    with pytest.raises(InferenceError, match='closed'):
        infer(first, picture(1))
    infer(second, picture(2))
    second.close()
    assert (engines[0].closed, engines[0].pictures) == (1, [2])
    models.open(Path('a.bin'))
    assert len(engines) == 2


def test_no_model_is_loaded_beside_one_that_does_not_close(watched):
    models, engines = SharedModels(), watched
    share, _ = models.open(Path('a.bin'))

    engines[0].at_close = InferenceError('an inference still runs')
    with pytest.raises(InferenceError, match='still runs'):
        share.close()
    for name in ('a.bin', 'b.bin'):
        with pytest.raises(InferenceError, match=r'no model is loaded while .* still runs'):
            models.open(Path(name))
    assert len(engines) == 1
    engines[0].at_close = None
    again, _ = models.open(Path('a.bin'))
    assert infer(again, picture(3)).tolist() == [3]
    assert [engine.pictures for engine in engines] == [[], [3]]
    again.close()
    assert [engine.closed for engine in engines] == [1, 1]


def test_model_that_hangs_is_not_opened_again_when_its_users_leave(watched, monkeypatch):
    monkeypatch.setattr(recovering, 'CLOSE_WAIT_S', 0.01)
    models = SharedModels()
    first, second = (models.open(Path('a.bin'))[0] for _ in range(2))
    engine, begun, go = watched[0], Event(), Event()
    engine.answer = hanging(begun, go)
    with ThreadPoolExecutor(3) as threads:
        inside = threads.submit(infer, first, picture(1))
        assert begun.wait(10)
        try:
            threads.submit(first.close).result(10)
            first = models.open(Path('a.bin'))[0]
            second.close()
            assert 'still runs' in str(threads.submit(first.close).exception(10))
            with pytest.raises(InferenceError, match='no model is loaded while'):
                models.open(Path('a.bin'))
            assert (len(watched), engine.closed) == (1, 0)
        finally:
            go.set()
        assert inside.result(10).tolist() == [1]
    assert engine.closed == 1
    models.open(Path('a.bin'))[0].close()
    assert [one.closed for one in watched] == [1, 1]


def test_slow_close_blocks_no_other_model(engines):
    models = SharedModels()
    first, second = (models.open(Path(name))[0] for name in ('a.bin', 'b.bin'))
    begun, go = Event(), Event()
    engines[0].at_close = lambda: hang(begun, go)
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


def test_users_are_served_in_the_order_of_their_requests(engines, asked):
    models, begun, go = SharedModels(), Event(), Event()
    shares = [models.open(Path('a.bin'))[0] for _ in range(4)]
    engines[0].answer = hanging(begun, go)
    threads = []
    for number, share in enumerate(shares):
        threads.append(Thread(target=infer, args=[share, picture(number)]))
        threads[-1].start()
        # Start the next thread when this one is in work or waits for its turn.
        assert asked.acquire(timeout=10) if number else begun.wait(10)
    go.set()
    for thread in threads:
        thread.join(10)
    assert engines[0].pictures == [0, 1, 2, 3]


def test_as_many_run_at_once_as_the_engine_has_slots(engines, asked, monkeypatch):
    both, go = Barrier(3), Event()

    def run(value):
        if value[0] < 2:
            both.wait(10)
            assert go.wait(10)
        return first_value(value)

    monkeypatch.setattr(
        shared_model, 'open_recovering',
        lambda *_, **__: FakeEngine(slots=2, info=INFO, answer=run).open_it())
    models = SharedModels()
    shares, infos = zip(*(models.open(Path('a.bin')) for _ in range(4)), strict=True)
    assert [info.slots for info in infos] == [1] * 4
    with ThreadPoolExecutor(4) as threads:
        found = [threads.submit(infer, shares[number], picture(number)) for number in range(2)]
        both.wait(10)
        found += [threads.submit(infer, shares[number], picture(number)) for number in (2, 3)]
        for _ in range(2):
            assert asked.acquire(timeout=10)
        go.set()
        assert [scores.result(10).tolist() for scores in found] == [[0], [1], [2], [3]]


def test_conversion_of_one_user_blocks_no_other(engines):
    models = SharedModels()
    first, second = (models.open(Path('a.bin'))[0] for _ in range(2))
    with first.slot() as converting:
        with ThreadPoolExecutor(1) as threads:
            assert threads.submit(infer, second, picture(2)).result(10).tolist() == [2]
        converting.picture[:] = 1
        assert converting.run().tolist() == [1]


def test_two_slots_of_one_share_have_separate_memory(engines):
    share, _ = SharedModels().open(Path('a.bin'))
    for _ in range(2):  # new memory, then memory that is used again
        with share.slot() as one, share.slot() as other:
            one.picture[:], other.picture[:] = 1, 2
            assert (one.run().tolist(), other.run().tolist()) == ([1], [2])


def test_closed_share_lends_nothing_and_runs_nothing(engines):
    share, _ = SharedModels().open(Path('a.bin'))
    with share.slot() as slot:
        share.close()
        with pytest.raises(InferenceError, match='closed'):
            slot.run()
    with pytest.raises(InferenceError, match='closed'):
        share.slot().__enter__()


def test_error_ends_the_turn_of_its_user(engines):
    models = SharedModels()
    first, second = (models.open(Path('a.bin'))[0] for _ in range(2))
    engines[0].answer = lambda _: 1 / 0
    with pytest.raises(ZeroDivisionError):
        infer(first, picture(1))
    engines[0].answer = first_value
    assert infer(second, picture(2)).tolist() == [2]


def test_model_that_failed_to_open_is_opened_again(engines, monkeypatch):
    models = SharedModels()
    monkeypatch.setattr(shared_model, 'open_recovering', lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        models.open(Path('a.bin'))
    monkeypatch.undo()
    monkeypatch.setattr(shared_model, 'open_recovering', opener(engines))
    assert infer(models.open(Path('a.bin'))[0], picture(1)).tolist() == [1]


def test_engine_that_breaks_down_is_reopened_for_all_users(watched):
    made = watched
    models = SharedModels()
    first, second = (models.open(Path('a.bin'))[0] for _ in range(2))
    made[0].answer = lambda _: 1 / 0
    with pytest.raises(InferenceError, match='broke down with ZeroDivisionError'):
        infer(first, picture(1))
    assert infer(second, picture(2)).tolist() == [2]
    assert infer(first, picture(3)).tolist() == [3]
    assert (len(made), made[0].closed, made[1].pictures) == (2, 1, [2, 3])


def test_real_model_gives_all_users_the_same_scores(onnxruntime):
    path = locate('demo', suffixes=('.onnx',)).path
    alone, info = open_model(path)
    nv12 = np.random.default_rng(0).integers(0, 256, info.nv12_size, np.uint8)
    models = SharedModels()
    shares = [models.open(path)[0] for _ in range(2)]
    found = [None] * 2

    def run(index):
        found[index] = infer(shares[index], nv12)

    threads = [Thread(target=run, args=[index]) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expected = infer(alone, nv12)
    for output in found:
        np.testing.assert_array_equal(output, expected)
    for share in shares:
        share.close()
    alone.close()
