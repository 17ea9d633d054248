# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An engine that is checked, rests, and is opened anew."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Semaphore

from edgenext_ros.engines.base import EngineRestsError, InferenceError, ModelError, ModelInfo
from edgenext_ros.engines.recovering import Recovering
import numpy as np
import pytest

INFO = ModelInfo('net', 'stand-in', width=2, height=2, classes=3)
PICTURE = np.zeros(6, np.uint8)
GOOD = np.arange(3, dtype=np.float32)


class Engine:
    """Does what it is told; it is its own clock and opener."""

    def __init__(self):
        self.now, self.tried, self.opened, self.closed = 0.0, 0, 0, 0
        self.info, self.answer, self.at_close = INFO, GOOD, None
        self.does_not_open = None

    def open_it(self):
        self.opened += 1
        if self.does_not_open:
            raise self.does_not_open
        return self, self.info

    def infer(self, nv12):
        self.tried += 1
        if callable(self.answer):
            return self.answer()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def close(self):
        self.closed += 1
        if self.at_close:
            raise self.at_close


@pytest.fixture
def engine():
    """Make a stand-in."""
    return Engine()


@pytest.fixture
def watched(engine):
    """Watch it."""
    return Recovering(engine.open_it, clock=lambda: engine.now)


def fail(watched, kind=InferenceError):
    with pytest.raises(kind) as caught:
        watched.infer(PICTURE)
    assert '\n' not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize('answer,sentence', [
    (GOOD[:2], "model 'net': expected 3 output values, got 2"),
    (np.zeros(4, np.float32), 'expected 3 output values, got 4'),
    (np.zeros(0, np.float32), 'got 0'),
    (np.array([1, np.nan, np.inf], np.float32), 'expected 3 numbers, found 2 NaN or infinite'),
    (InferenceError('the BPU is busy'), 'the BPU is busy'),
    (SystemError('returned a result\nwith an exception set'),
     'broke down with SystemError: returned a result with an exception set; the engine is opened'),
    (MemoryError(), 'broke down with MemoryError'),
    (None, 'expected 3 output values, got 1'),
], ids=str)
def test_what_is_no_result_is_said_and_the_next_picture_is_tried(
        engine, watched, answer, sentence):
    assert watched.infer(PICTURE) is not None
    engine.answer = answer
    assert sentence in fail(watched)
    engine.answer = GOOD
    assert watched.infer(PICTURE).tolist() == [0, 1, 2]


def test_large_scores_are_finite_scores(engine, watched):
    engine.answer = np.array([3e38, -3e38, 1], np.float32)
    assert watched.infer(PICTURE).tolist() == engine.answer.tolist()


@pytest.mark.parametrize('patience,seconds,late', [
    (5, 4.9, False), (5, 5.1, True), (40, 39, False), (40, 41, True)])
def test_a_late_result_is_none(engine, patience, seconds, late):
    engine.info = replace(INFO, patience_s=patience)

    def work():
        engine.now += seconds
        return GOOD

    watched, engine.answer = Recovering(engine.open_it, clock=lambda: engine.now), work
    if late:
        assert f'came after {seconds:.0f} s and is dropped' in fail(watched)
    else:
        assert watched.infer(PICTURE).tolist() == [0, 1, 2]


def test_tries_become_rare_and_it_is_opened_anew_once(engine, watched):
    engine.answer = InferenceError('bad')
    assert fail(watched) == 'bad'
    assert fail(watched) == 'bad'
    assert fail(watched, EngineRestsError) == 'bad; 2 failures in a row, tried again in 0.2 s'
    assert engine.tried == 2
    engine.now += 0.25
    assert fail(watched) == 'bad; the engine is opened anew at the next try'
    fail(watched, EngineRestsError)
    assert (engine.tried, engine.opened, engine.closed) == (3, 1, 0)
    for tried in range(4, 20):
        engine.now += 8
        assert fail(watched) == 'bad'
        assert 'opening the engine anew has not helped' in fail(watched, EngineRestsError)
        assert (engine.tried, engine.opened, engine.closed) == (tried, 2, 1)
    engine.now += 8
    engine.answer = GOOD
    assert watched.infer(PICTURE).tolist() == [0, 1, 2]
    engine.answer = InferenceError('bad')
    assert fail(watched) == 'bad'
    assert fail(watched) == 'bad'


@pytest.mark.parametrize('settled,opened', [(59, 2), (61, 3)])
def test_one_that_breaks_down_again_and_again_is_not_opened_each_time(
        engine, watched, settled, opened):
    engine.answer = OSError('gone')
    fail(watched)
    engine.answer = GOOD
    watched.infer(PICTURE)
    assert engine.opened == 2
    engine.now += settled
    watched.infer(PICTURE)
    engine.answer = OSError('gone')
    fail(watched)
    engine.answer = GOOD
    watched.infer(PICTURE)
    assert engine.opened == opened


def test_one_that_does_not_open_is_tried_until_it_does(engine, watched):
    engine.answer = OSError('gone')
    fail(watched)
    engine.does_not_open = ModelError('m.bin: this model file does not exist')
    for _ in range(10):
        assert 'does not open again: m.bin: this model file does not exist' in fail(watched)
        engine.now += 8
    assert (engine.opened, engine.closed) == (11, 1)
    engine.does_not_open, engine.answer = None, GOOD
    assert watched.infer(PICTURE).tolist() == [0, 1, 2]


def test_another_model_in_the_file_gives_no_results(engine, watched):
    engine.answer = OSError('gone')
    fail(watched)
    engine.info, engine.answer = replace(INFO, name='other'), GOOD
    assert 'the model file has changed' in fail(watched)
    assert engine.closed == 2


@pytest.mark.parametrize('error,kept', [
    (InferenceError('an inference still runs'), True), (RuntimeError('dead'), False)])
def test_one_that_does_not_close(engine, watched, error, kept):
    engine.answer = OSError('gone')
    fail(watched)
    engine.at_close, engine.answer = error, GOOD
    if kept:
        for _ in range(3):
            assert 'still runs' in fail(watched)
            engine.now += 8
        assert engine.opened == 1
        engine.at_close = None
        engine.now += 8
    assert watched.infer(PICTURE).tolist() == [0, 1, 2]
    assert engine.opened == 2


def test_after_the_end_nothing_is_opened(engine, watched):
    watched.close()
    watched.close()
    for _ in range(5):
        engine.now += 8
        fail(watched)
    assert (engine.opened, engine.closed, engine.tried) == (1, 1, 0)
    with pytest.raises(InferenceError, match='open_recovering'):
        watched.open(None, None)


class Lender(Engine):
    """Lends two pictures; an inference lasts until it is let go."""

    def __init__(self):
        super().__init__()
        self.info = replace(INFO, slots=2)
        self.inside, self.free = Semaphore(0), Event()
        self.free.set()

    def infer_from(self, write):
        write(np.zeros(6, np.uint8))
        self.inside.release()
        assert self.free.wait(10)
        return self.infer(None)


@pytest.fixture
def lender():
    """Make an engine that lends."""
    return Lender()


@pytest.fixture
def lending(lender):
    """Watch it."""
    return Recovering(lender.open_it, clock=lambda: lender.now)


def test_what_the_pictures_code_raises_is_not_the_engines_failure(lender, lending):
    for _ in range(5):
        with pytest.raises(KeyError, match='mine'):
            lending.infer_from(lambda picture: {}['mine'])
    seen = []
    assert lending.infer_from(seen.append).tolist() == [0, 1, 2]
    assert (len(seen), lender.opened, lender.closed) == (1, 1, 0)


@pytest.mark.parametrize('late,opened', [(GOOD, 1), (OSError('gone too'), 2)], ids=['good', 'bad'])
def test_it_is_opened_anew_when_nobody_is_inside_any_more(lender, lending, late, opened):
    """Unless who was inside has shown that it works."""
    with ThreadPoolExecutor(2) as threads:
        lender.free.clear()
        slow = threads.submit(lending.infer_from, lambda picture: None)
        assert lender.inside.acquire(timeout=10)
        lender.answer = OSError('gone')
        with pytest.raises(InferenceError, match='broke down with OSError'):
            lending.infer(PICTURE)
        waiting = threads.submit(lending.infer, PICTURE)
        while not lending._changed._waiters:
            pass
        assert lender.closed == 0
        lender.answer = late
        lender.free.set()
        if late is GOOD:
            assert slow.result(10).tolist() == waiting.result(10).tolist() == [0, 1, 2]
        else:
            assert 'gone too' in str(slow.exception(10))
            assert isinstance(waiting.exception(10), EngineRestsError)
            lender.answer, lender.now = GOOD, lender.now + 10
            assert lending.infer(PICTURE).tolist() == [0, 1, 2]
    assert (lender.opened, lender.closed) == (opened, opened - 1)


def test_close_waits_for_who_is_inside(lender, lending):
    with ThreadPoolExecutor(2) as threads:
        lender.free.clear()
        inside = threads.submit(lending.infer_from, lambda picture: None)
        assert lender.inside.acquire(timeout=10)
        closing = threads.submit(lending.close)
        assert lender.closed == 0
        lender.free.set()
        assert inside.result(10).tolist() == [0, 1, 2]
        closing.result(10)
    assert lender.closed == 1
    assert 'no model is open' in fail(lending)
