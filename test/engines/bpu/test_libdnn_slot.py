# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Slots of the BPU: two tasks at a time, late tasks, and memory of the pictures."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from edgenext_ros.engines.base import infer, InferenceError
from edgenext_ros.engines.bpu import libdnn, libdnn_slot
from edgenext_ros.engines.select import open_model
from helpers.standin_model import NV12_SEPARATE, picture, StandInModel
import numpy as np
import pytest

PLAIN = StandInModel()


@pytest.fixture
def impatient(patient, monkeypatch):
    """Give libdnn 200 ms for an inference."""
    monkeypatch.setattr(libdnn, 'TIMEOUT_MS', 200)


def test_late_task_blocks_the_next_picture_until_it_has_ended(opened, standin, impatient):
    engine, info = opened(replace(PLAIN, hang=1))
    nv12 = picture(info.nv12_size)
    for _ in range(2):
        with pytest.raises(InferenceError, match='still runs after 200 ms'):
            infer(engine, nv12)
        assert standin.count('infers') == standin.count('running') == 1
        assert standin.violation == ''
    standin.release()
    standin.join()
    other = picture(info.nv12_size, seed=9)
    np.testing.assert_array_equal(infer(engine, other), PLAIN.scores(other))


def test_late_task_that_then_fails_does_not_spoil_the_next_picture(opened, standin, impatient):
    engine, info = opened(replace(PLAIN, hang=1))
    with pytest.raises(InferenceError, match='still runs'):
        infer(engine, picture(info.nv12_size))
    standin.release()
    standin.join()
    standin.fail('hbDNNWaitTaskDone', -6000012)
    nv12 = picture(info.nv12_size, seed=2)
    np.testing.assert_array_equal(infer(engine, nv12), PLAIN.scores(nv12))


def test_close_frees_nothing_under_a_late_task(opened, standin, impatient):
    engine, info = opened(replace(PLAIN, hang=1))
    with pytest.raises(InferenceError):
        infer(engine, picture(info.nv12_size))
    with pytest.raises(InferenceError, match='still runs'):
        engine.close()
    assert (standin.count('memories'), standin.count('models')) == (4, 1)
    assert len(libdnn_slot.UNFINISHED) == 1  # its structs must outlive the engine
    standin.release()
    standin.join()
    engine.close()
    assert (standin.count('memories'), standin.count('models')) == (0, 0)
    assert not libdnn_slot.UNFINISHED


def test_model_with_a_late_task_is_closed_before_another_is_loaded(
        standin, impatient, tmp_path):
    path = replace(PLAIN, hang=1).write(tmp_path / 'model.bin')
    for _ in range(3):
        with pytest.raises(InferenceError, match='still runs after 200 ms'):
            open_model(path, runtime='libdnn')
        assert (standin.count('memories'), standin.count('models')) == (4, 1)
    standin.release()
    standin.join()
    engine, _ = open_model(PLAIN.write(path), runtime='libdnn')
    assert standin.count('models') == 1
    engine.close()


def test_a_second_picture_goes_to_the_bpu_while_the_first_is_there(opened, standin):
    """Both threads have a running task before one of them ends."""
    engine, info = opened(replace(PLAIN, hang=2))
    assert info.slots == 2
    pictures = [picture(info.nv12_size, seed=seed) for seed in range(2)]
    with ThreadPoolExecutor(2) as threads:
        found = [threads.submit(infer, engine, nv12) for nv12 in pictures]
        both = standin.wait_for_running(2)
        standin.release()
        for nv12, scores in zip(pictures, found, strict=True):
            np.testing.assert_array_equal(scores.result(20), PLAIN.scores(nv12))
    assert both and standin.violation == ''


def test_no_task_begins_beside_a_late_one(opened, standin, impatient):
    engine, info = opened(replace(PLAIN, hang=1))
    nv12 = picture(info.nv12_size)
    with engine.slot() as other:
        with pytest.raises(InferenceError, match='still runs after 200 ms'):
            infer(engine, nv12)
        other.picture[:] = nv12
        with pytest.raises(InferenceError, match='an earlier inference still runs'):
            other.run()
        assert standin.count('infers') == 1
        standin.release()
        standin.join()
        np.testing.assert_array_equal(infer(engine, nv12), PLAIN.scores(nv12))
        np.testing.assert_array_equal(other.run(), PLAIN.scores(nv12))


def test_slot_with_a_late_task_is_lent_first(opened, standin, impatient):
    engine, info = opened(replace(PLAIN, hang=1))
    nv12 = picture(info.nv12_size)
    with engine.slot(), pytest.raises(InferenceError, match='still runs after 200 ms'):
        infer(engine, nv12)
    standin.release()  # the slot without a task is the last one used
    standin.join()
    np.testing.assert_array_equal(infer(engine, nv12), PLAIN.scores(nv12))


def test_threads_without_a_slot_wait(opened, standin):
    engine, info = opened()
    pictures = [picture(info.nv12_size, seed=seed) for seed in range(40)]
    with ThreadPoolExecutor(8) as threads:
        for nv12, scores in zip(
                pictures, threads.map(partial(infer, engine), pictures), strict=True):
            np.testing.assert_array_equal(scores, PLAIN.scores(nv12))
    assert (standin.violation, standin.count('memories')) == ('', 4)


@pytest.mark.parametrize('changes,lent', [
    ({}, True), ({'type': NV12_SEPARATE}, False), ({'w': 34}, False)])
def test_a_picture_is_written_into_the_bpus_memory_where_that_is_dense(
        opened, standin, changes, lent):
    spec = replace(PLAIN, **changes)
    engine, info = opened(spec)
    nv12 = picture(info.nv12_size, seed=3)
    with engine.slot() as slot:
        slot.picture[:] = nv12
        np.testing.assert_array_equal(slot.run(), spec.scores(nv12))
        assert lent == (slot.picture.base is not None)


def test_other_threads_run_during_an_inference(opened, standin):
    """The inference ends only after a call of another thread, which needs the GIL."""
    engine, info = opened(replace(PLAIN, hang=1))
    nv12 = picture(info.nv12_size)
    with ThreadPoolExecutor(1) as threads:
        scores = threads.submit(infer, engine, nv12)
        assert standin.wait_for_running(1)
        standin.release()
        np.testing.assert_array_equal(scores.result(20), PLAIN.scores(nv12))
