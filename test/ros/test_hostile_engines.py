# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engines that raise, hang, or return wrong values."""

from edgenext_ros.engines.base import InferenceError
from helpers.hostile_engine import ERROR, GOOD, OK, WARN
import numpy as np
import pytest

pytest_plugins = ['helpers.hostile_engine']


@pytest.mark.parametrize('answer,sentence', [
    (InferenceError('the BPU is busy'), 'the BPU is busy'),
    (OSError('device is gone'), 'broke down with OSError: device is gone; the engine is reopened'),
    (GOOD[:99], 'expected 100 output values, got 99'),
    (np.zeros(999, np.float32), 'expected 100 output values, got 999'),
    (GOOD * np.nan, 'found 100 NaN or infinite'),
    ('not an array', 'expected 100 output values, got 1'),
], ids=str)
def test_failed_image_has_no_result_and_the_next_is_classified(
        engine, node, published, play, says, answer, sentence):
    good = play()
    engine.answer = answer
    play()
    assert published == [good]
    says(WARN, sentence)
    engine.answer = GOOD
    header = play()
    assert published == [good, header]
    says(OK, 'classifications a second')
    counts = node.statistics.report().counts
    assert (counts.received, counts.classified, counts.failed, counts.refused) == (3, 2, 1, 0)


def test_failing_engine_rests_is_reopened_once_and_comes_back(engine, published, play, says):
    engine.answer = InferenceError('the BPU is busy')
    for _ in range(10):
        play()
    assert (engine.tried, engine.opened) == (2, 1)
    says(ERROR, 'the BPU is busy; 2 failures in a row, tried again in 0.2 s')
    for _ in range(10):
        engine.now += 8
        play()
    assert (engine.tried, engine.opened, engine.closed) == (12, 2, 1)
    play()
    says(ERROR, 'reopening the engine has not helped')
    engine.now += 8
    engine.answer = GOOD
    header = play()
    assert published == [header]
    says(OK, 'classifications a second')


def test_hang_is_diagnosed_and_its_result_dropped(
        engine, node, published, play, says, give):
    engine.answer = engine.hang
    give(node)
    assert engine.begun.wait(20)
    engine.now += 6
    says(WARN, 'a frame has been in work for 6 s: the engine hangs')
    engine.now += 54
    says(ERROR, 'a frame has been in work for 60 s')
    for _ in range(3):
        give(node)
    engine.answer = GOOD
    engine.go.set()
    assert node.session.pipeline.drain(20)
    assert not published, 'the waiting image is as old'
    counts = node.statistics.report().counts
    assert (counts.received, counts.failed, node.session.pipeline.dropped) == (4, 1, 3)
    header = play()
    assert published == [header]
    says(OK, 'classifications a second')


def test_image_in_work_is_not_a_missing_image(engine, node, give, says, capfd):
    """While an image is in work, there may be no thread that receives the next one."""
    engine.answer = engine.hang
    give(node)
    assert engine.begun.wait(20)
    node.session.wanted_at -= 100
    engine.now += 4
    says(OK, 'classifications a second')
    assert 'no image' not in capfd.readouterr().err
    engine.go.set()
    assert node.session.pipeline.drain(20)
    engine.now += 100
    says(ERROR, 'no image for 10')
