# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recovering: checks of an engine, rests after failures, and the reopening."""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from threading import Event

from edgenext_ros.engines.base import EngineRestsError, infer, InferenceError
from edgenext_ros.engines.recovering import Recovering
from edgenext_ros.models import ModelError
from helpers.fake_engine import FakeEngine, GOOD, hang, INFO
import numpy as np
import pytest

PICTURE = np.zeros(6, np.uint8)


@pytest.fixture
def engine():
    """Return a stand-in of an engine."""
    return FakeEngine()


@pytest.fixture
def watched(engine):
    """Return the stand-in in a ``Recovering`` engine."""
    return Recovering(engine.open_it, clock=lambda: engine.now)


def fail(watched, kind=InferenceError):
    with pytest.raises(kind) as caught:
        infer(watched, PICTURE)
    assert '\n' not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize('answer,sentence', [
    (GOOD[:2], "model 'net': expected 3 output values, got 2"),
    (np.zeros(4, np.float32), 'expected 3 output values, got 4'),
    (np.zeros(0, np.float32), 'got 0'),
    (np.array([1, np.nan, np.inf], np.float32), 'expected 3 numbers, found 2 NaN or infinite'),
    (InferenceError('the BPU is busy'), 'the BPU is busy'),
    (SystemError('returned a result\nwith an exception set'),
     'broke down with SystemError: returned a result with an exception set; the engine is '
     'reopened'),
    (MemoryError(), 'broke down with MemoryError'),
    (None, 'expected 3 output values, got 1'),
], ids=str)
def test_wrong_output_is_refused_and_the_next_picture_is_tried(
        engine, watched, answer, sentence):
    assert infer(watched, PICTURE) is not None
    engine.answer = answer
    assert sentence in fail(watched)
    engine.answer = GOOD
    assert infer(watched, PICTURE).tolist() == [0, 1, 2]


def test_large_scores_are_finite_scores(engine, watched):
    engine.answer = np.array([3e38, -3e38, 1], np.float32)
    assert infer(watched, PICTURE).tolist() == engine.answer.tolist()


@pytest.mark.parametrize('timeout,seconds,late', [
    (5, 4.9, False), (5, 5.1, True), (40, 39, False), (40, 41, True)])
def test_late_result_is_dropped(engine, timeout, seconds, late):
    engine.info = replace(INFO, hang_timeout_s=timeout)

    def work(picture):
        engine.now += seconds
        return GOOD

    watched, engine.answer = Recovering(engine.open_it, clock=lambda: engine.now), work
    if late:
        assert f'came after {seconds:.0f} s and is dropped' in fail(watched)
    else:
        assert infer(watched, PICTURE).tolist() == [0, 1, 2]


def test_tries_become_rare_and_engine_is_reopened_once(engine, watched):
    engine.answer = InferenceError('bad')
    assert fail(watched) == 'bad'
    assert fail(watched) == 'bad'
    assert fail(watched, EngineRestsError) == 'bad; 2 failures in a row, tried again in 0.2 s'
    assert engine.tried == 2
    engine.now += 0.25
    assert fail(watched) == 'bad; the engine is reopened at the next try'
    fail(watched, EngineRestsError)
    assert (engine.tried, engine.opened, engine.closed) == (3, 1, 0)
    for tried in range(4, 20):
        engine.now += 8
        assert fail(watched) == 'bad'
        assert 'reopening the engine has not helped' in fail(watched, EngineRestsError)
        assert (engine.tried, engine.opened, engine.closed) == (tried, 2, 1)
    engine.now += 8
    engine.answer = GOOD
    assert infer(watched, PICTURE).tolist() == [0, 1, 2]
    engine.answer = InferenceError('bad')
    assert fail(watched) == 'bad'
    assert fail(watched) == 'bad'


@pytest.mark.parametrize('settled,opened', [(59, 2), (61, 3)])
def test_engine_that_breaks_down_repeatedly_is_not_reopened_each_time(
        engine, watched, settled, opened):
    engine.answer = OSError('gone')
    fail(watched)
    engine.answer = GOOD
    infer(watched, PICTURE)
    assert engine.opened == 2
    engine.now += settled
    infer(watched, PICTURE)
    engine.answer = OSError('gone')
    fail(watched)
    engine.answer = GOOD
    infer(watched, PICTURE)
    assert engine.opened == opened


def test_engine_that_exits_is_reopened(engine, watched):
    engine.answer = SystemExit('no BPU')
    assert 'the engine broke down with SystemExit: no BPU' in fail(watched)
    engine.at_open = SystemExit('still none')
    assert 'does not open again: still none' in fail(watched)
    engine.now += 8
    engine.at_open, engine.answer = None, GOOD
    assert infer(watched, PICTURE).tolist() == [0, 1, 2]


def test_failed_reopening_is_tried_until_it_succeeds(engine, watched):
    engine.answer = OSError('gone')
    fail(watched)
    engine.at_open = ModelError('m.bin: this model file does not exist')
    for _ in range(10):
        assert 'does not open again: m.bin: this model file does not exist' in fail(watched)
        engine.now += 8
    assert (engine.opened, engine.closed) == (11, 1)
    engine.at_open, engine.answer = None, GOOD
    assert infer(watched, PICTURE).tolist() == [0, 1, 2]


def test_changed_model_file_gives_no_results(engine, watched):
    engine.answer = OSError('gone')
    fail(watched)
    engine.info, engine.answer = replace(INFO, name='other'), GOOD
    assert 'the model file has changed' in fail(watched)
    assert engine.closed == 2


@pytest.mark.parametrize('error,deferred', [
    (InferenceError('an inference still runs'), True), (RuntimeError('dead'), False)])
def test_engine_is_reopened_only_after_it_was_closed(engine, watched, error, deferred):
    engine.answer = OSError('gone')
    fail(watched)
    engine.at_close, engine.answer = error, GOOD
    if deferred:
        for _ in range(3):
            assert 'still runs' in fail(watched)
            engine.now += 8
        assert engine.opened == 1
        engine.at_close = None
        engine.now += 8
    assert infer(watched, PICTURE).tolist() == [0, 1, 2]
    assert engine.opened == 2


def test_closed_engine_is_not_reopened(engine, watched):
    watched.close()
    watched.close()
    for _ in range(5):
        engine.now += 8
        fail(watched)
    assert (engine.opened, engine.closed, engine.tried) == (1, 1, 0)
    with pytest.raises(InferenceError, match='open_recovering'):
        watched.open(None, None)


@pytest.fixture
def wide():
    """Return a stand-in with two slots, and a ``Recovering`` engine on it."""
    engine = FakeEngine(slots=2)
    return engine, Recovering(engine.open_it, clock=lambda: engine.now)


def test_exception_of_the_caller_passes_through_and_is_not_counted(engine, watched):
    for _ in range(5):
        with pytest.raises(KeyError, match='mine'), watched.slot():
            raise KeyError('mine')
    assert infer(watched, PICTURE).tolist() == [0, 1, 2]
    assert (engine.tried, engine.opened, engine.closed) == (1, 1, 0)


def test_inference_error_of_the_caller_is_not_counted(engine, watched):
    mine = InferenceError('another engine failed')
    for _ in range(5):
        with pytest.raises(InferenceError) as caught, watched.slot() as slot:
            slot.run()
            raise mine
        assert caught.value is mine
    assert (engine.tried, engine.opened) == (5, 1)


def test_time_of_the_caller_does_not_count_as_inference(engine, watched):
    with watched.slot() as slot:
        engine.now += 60
        assert slot.run().tolist() == [0, 1, 2]


def test_slot_that_is_not_run_changes_nothing(engine, watched):
    engine.answer = InferenceError('bad')
    for _ in range(2):
        assert fail(watched) == 'bad'
    engine.now += 8
    with watched.slot():
        pass
    assert fail(watched) == 'bad; the engine is reopened at the next try'


def test_failing_slot_counts_as_failure_of_the_engine(engine, watched, monkeypatch):
    monkeypatch.setattr(engine, 'slot', lambda: 1 / 0)
    assert 'the engine broke down with ZeroDivisionError' in fail(watched)
    monkeypatch.undo()
    assert infer(watched, PICTURE).tolist() == [0, 1, 2]
    assert engine.opened == 2


def test_slot_can_be_run_again_after_a_failure(engine, watched):
    engine.answer = InferenceError('bad')
    with watched.slot() as slot:
        with pytest.raises(InferenceError, match='bad'):
            slot.run()
        engine.answer = GOOD
        assert slot.run().tolist() == [0, 1, 2]
    assert infer(watched, PICTURE).tolist() == [0, 1, 2]


@pytest.mark.parametrize('late,opened', [(GOOD, 1), (OSError('gone too'), 2)], ids=['good', 'bad'])
def test_reopening_waits_for_lent_slots(wide, late, opened):
    """A good result of such a slot cancels the reopening."""
    engine, watched = wide
    with ThreadPoolExecutor(1) as threads:
        with watched.slot() as slot:
            engine.answer = OSError('gone')
            broken = threads.submit(infer, watched, PICTURE)
            assert 'broke down with OSError' in str(broken.exception(10))
            waiting = threads.submit(infer, watched, PICTURE)
            assert not wait([waiting], 0.05).done
            assert engine.closed == 0
            engine.answer = late
            if late is GOOD:
                assert slot.run().tolist() == [0, 1, 2]
            else:
                with pytest.raises(InferenceError, match='gone too'):
                    slot.run()
        if late is GOOD:
            assert waiting.result(10).tolist() == [0, 1, 2]
        else:
            assert isinstance(waiting.exception(10), EngineRestsError)
            engine.answer, engine.now = GOOD, engine.now + 10
            assert infer(watched, PICTURE).tolist() == [0, 1, 2]
    assert (engine.opened, engine.closed) == (opened, opened - 1)


def test_thread_that_comes_during_a_reopening_waits_for_its_end(wide):
    engine, watched = wide
    engine.answer = OSError('gone')
    fail(watched)
    engine.answer, begun, go = GOOD, Event(), Event()
    engine.at_open = lambda: hang(begun, go)
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(infer, watched, PICTURE)]
        assert begun.wait(10)
        engine.at_open = None
        both.append(threads.submit(infer, watched, PICTURE))
        try:
            assert not wait(both, 0.05).done
        finally:
            go.set()
        assert [one.result(10).tolist() for one in both] == [[0, 1, 2]] * 2
    assert (engine.opened, engine.closed) == (2, 1)


def test_close_waits_for_lent_slots(wide):
    engine, watched = wide
    with ThreadPoolExecutor(1) as threads:
        with watched.slot() as slot:
            closing = threads.submit(watched.close)
            assert not wait([closing], 0.05).done
            assert engine.closed == 0
            assert slot.run().tolist() == [0, 1, 2]
        closing.result(10)
    assert engine.closed == 1
    assert 'no model is open' in fail(watched)
