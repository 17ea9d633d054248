# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The reopening of an engine: another model in the file, and a user who opens it again."""

from dataclasses import replace
import os

from edgenext_ros.engines.base import EngineRestsError, infer, InferenceError
from edgenext_ros.engines.recovering import Recovering
from edgenext_ros.engines.reopening import file_version
from helpers.fake_engine import FakeEngine, GOOD, INFO
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
    return Recovering(engine.open_it, clock=lambda: engine.now, version=lambda: engine.version)


def fail(watched):
    with pytest.raises(InferenceError) as caught:
        infer(watched, PICTURE)
    return str(caught.value)


@pytest.fixture
def model(tmp_path):
    """Return a model file."""
    path = tmp_path / 'model.bin'
    path.write_bytes(b'model')
    return path


def set_time(path, like):
    os.utime(path, ns=(like.st_atime_ns, like.st_mtime_ns))


def write_longer(model):
    before = model.stat()
    model.write_bytes(b'longer model')
    set_time(model, before)


def write_later(model):
    before = model.stat()
    os.utime(model, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000_000))


def replace_by_one_of_the_same_size_and_time(model):
    before, other = model.stat(), model.with_name('other.bin')
    other.write_bytes(b'other')
    set_time(other, before)
    other.replace(model)


@pytest.mark.parametrize('change', [
    write_longer, write_later, replace_by_one_of_the_same_size_and_time])
def test_changed_file_has_another_version(model, change):
    before = file_version(model)
    assert file_version(model) == before
    change(model)
    assert file_version(model) != before


def test_link_has_the_version_of_its_target(model, tmp_path):
    link = tmp_path / 'link.bin'
    link.symlink_to(model)
    assert file_version(link) == file_version(model)
    model.unlink()
    assert file_version(link) is None


def test_changed_model_file_is_loaded_once_for_each_change(engine, watched):
    engine.answer = OSError('gone')
    fail(watched)
    engine.answer = GOOD
    for change in range(2):
        engine.info, engine.version = replace(INFO, name=f'other {change}'), engine.version + 1
        for _ in range(5):
            engine.now += 8
            assert f"found ModelInfo(name='other {change}'" in fail(watched)
        assert (engine.opened, engine.closed) == (2 + change, 2 + change)
    engine.info, engine.version, engine.now = INFO, 1, engine.now + 8
    assert infer(watched, PICTURE).tolist() == [0, 1, 2]


def test_retry_reopens_an_engine_that_reopening_has_not_helped(engine, watched):
    engine.answer = OSError('gone')
    for _ in range(4):
        fail(watched)
        engine.now += 8
    fail(watched)
    with pytest.raises(EngineRestsError, match='reopening the engine has not helped'):
        infer(watched, PICTURE)
    assert (engine.opened, engine.closed) == (2, 1)
    engine.answer = GOOD
    watched.retry()
    assert infer(watched, PICTURE).tolist() == [0, 1, 2]
    assert (engine.opened, engine.closed) == (3, 2)
    engine.answer = OSError('gone')
    fail(watched)
    fail(watched)
    assert engine.opened == 3, 'reopened a moment ago'


def test_retry_of_an_engine_that_works_reopens_nothing(engine, watched):
    for opened in (1, 2):  # an engine that was never reopened, then one that was
        watched.retry()
        infer(watched, PICTURE)
        assert engine.opened == opened
        engine.answer = OSError('gone')
        fail(watched)
        engine.answer = GOOD
        infer(watched, PICTURE)
