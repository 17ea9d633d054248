# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engines that raise, hang, lie, or return when nobody waits any more."""

from copy import copy
from dataclasses import replace
import sys
from threading import Event

from conftest import HANGS_IN_A_PROCESS, Process
from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.core import pipeline
from edgenext_ros.ros import diagnostics, node as module, watch
from edgenext_ros.ros.messages import Classification
from edgenext_ros.runtime.base import InferenceError, ModelInfo
from edgenext_ros.runtime.recovering import Recovering
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message

INFO = ModelInfo('net', 'stand-in', width=224, height=224, classes=100)
GOOD = np.arange(100, dtype=np.float32)
OK, WARN, ERROR = 0, 1, 2


class Hostile:
    """An engine under the test's control, with its own time."""

    def __init__(self):
        self.now, self.opened, self.closed, self.tried, self.answer = 0.0, 0, 0, 0, GOOD
        self.begun, self.go = Event(), Event()

    def opener(self, model, **_):
        engine = Recovering(self.open_it, clock=lambda: self.now)
        return engine, engine.info

    def open_it(self):
        self.opened += 1
        return self, INFO

    def infer(self, nv12):
        self.tried += 1
        if isinstance(self.answer, Exception):
            raise copy(self.answer)  # whose traceback would keep the node until the end
        return self.answer() if callable(self.answer) else self.answer

    def close(self):
        self.closed += 1

    def hang(self):
        """Answer when the test says so."""
        self.begun.set()
        assert self.go.wait(20)
        return GOOD


@pytest.fixture
def engine(monkeypatch):
    """Make the engine; the pipeline has its time too, and ends of work are not waited for long."""
    engine = Hostile()
    for one in (pipeline, module, watch, diagnostics):
        monkeypatch.setattr(one, 'monotonic', lambda: engine.now)
    monkeypatch.setattr(module, '_STOP_SECONDS', 0.01)
    yield engine
    engine.go.set()


@pytest.fixture
def node(ros, engine):
    """Make an active classifier in this process on the engine."""
    node = module.ClassifierNode(
        context=ros.context, opener=engine.opener,
        parameter_overrides=[Parameter('runtime', value='onnx')])
    node.trigger_configure()
    node.trigger_activate()
    yield node
    if node.state != 'finalized':
        node.trigger_shutdown()
    node.destroy_node()


@pytest.fixture
def published_by(monkeypatch):
    """Return a function that collects the headers of a node's results."""
    def collect(node):
        headers, publish = [], node._publish

        def note(frame, result, header, labels, **more):
            headers.append(header)
            publish(frame, result, header, labels, **more)

        monkeypatch.setattr(node, '_publish', note)
        return headers

    return collect


@pytest.fixture
def published(node, published_by):
    """Collect the headers of the node's results."""
    return published_by(node)


@pytest.fixture
def play(node, make_image):
    """Give the node an image, wait until it is worked on, and return its header."""
    def play_one():
        image = make_image()
        node._on_image(serialize_message(image), node.subscription)
        assert node.pipeline.drain(20)
        return image.header

    return play_one


@pytest.fixture
def says(ros, node):
    """Wait until the diagnostics say a sentence at a level."""
    heard = ros.collect(DiagnosticArray, '/diagnostics')

    def said(level, sentence):
        node.watch.look()
        return any(sentence in status.message and status.level in (level, bytes([level]))
                   for message in heard[-1:] for status in message.status)

    return lambda level, sentence: ros.wait(lambda: said(level, sentence), what=sentence)


@pytest.mark.parametrize('answer,sentence', [
    (InferenceError('the BPU is busy'), 'the BPU is busy'),
    (OSError('device is gone'), 'broke down with OSError: device is gone; the engine is opened'),
    (GOOD[:99], 'expected 100 output values, got 99'),
    (np.zeros(999, np.float32), 'expected 100 output values, got 999'),
    (GOOD * np.nan, 'found 100 NaN or infinite'),
    ('not an array', 'expected 100 output values, got 1'),
], ids=str)
def test_no_result_comes_of_a_failure_and_the_next_frame_is_classified(
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


def test_it_rests_opens_the_engine_anew_once_and_comes_back(engine, published, play, says):
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
    says(ERROR, 'opening the engine anew has not helped')
    engine.now += 8
    engine.answer = GOOD
    header = play()
    assert published == [header]
    says(OK, 'classifications a second')


def test_one_that_hangs_is_told_and_what_it_returns_is_dropped(
        engine, node, published, play, says, make_image):
    engine.answer = engine.hang
    node._on_image(serialize_message(make_image()), node.subscription)
    assert engine.begun.wait(20)
    engine.now += 6
    says(WARN, 'a frame has been in work for 6 s: the engine hangs')
    engine.now += 54
    says(ERROR, 'a frame has been in work for 60 s')
    for _ in range(3):
        node._on_image(serialize_message(make_image()), node.subscription)
    engine.answer = GOOD
    engine.go.set()
    assert node.pipeline.drain(20)
    assert not published, 'what waited is stale too'
    counts = node.statistics.report().counts
    assert (counts.received, counts.failed, node.pipeline.dropped) == (4, 1, 3)
    header = play()
    assert published == [header]
    says(OK, 'classifications a second')


def test_an_image_in_work_is_not_a_missing_image(engine, node, make_image, says, capfd):
    """While it is in work nobody takes the next one, at first."""
    engine.answer = engine.hang
    node._on_image(serialize_message(make_image()), node.subscription)
    assert engine.begun.wait(20)
    node.subscribed_at -= 100
    engine.now += 4
    says(OK, 'classifications a second')
    assert 'no image' not in capfd.readouterr().err
    engine.go.set()
    assert node.pipeline.drain(20)
    engine.now += 100
    says(ERROR, 'no image for 10')


def test_a_result_that_waited_for_one_that_hung_is_dropped(
        ros, engine, monkeypatch, make_image, published_by):
    """Two at once: the second is ready at once, and has to wait for its turn."""
    def infer_from(write):
        write(np.empty(224 * 224 * 3 // 2, np.uint8))
        return engine.infer(None)

    engine.infer_from, engine.answer = infer_from, engine.hang
    monkeypatch.setattr(module, 'monotonic', lambda: engine.now)
    node = module.ClassifierNode(
        context=ros.context, opener=lambda *_, **__: (engine, replace(INFO, slots=2)),
        parameter_overrides=[Parameter('runtime', value='onnx')])
    node.trigger_configure()
    node.trigger_activate()
    published, hung, waits = published_by(node), make_image(), make_image()
    node._on_image(serialize_message(hung), node.subscription)
    assert engine.begun.wait(20)
    engine.answer = GOOD
    node._on_image(serialize_message(waits), node.subscription)
    ros.wait(lambda: node.pipeline._turn._waiters)
    engine.now += 6
    engine.go.set()
    assert node.pipeline.drain(20)
    assert published == [hung.header]
    counts = node.statistics.report().counts
    assert (counts.classified, counts.failed) == (1, 1)
    node.trigger_shutdown()
    node.destroy_node()


@pytest.mark.parametrize('late', [GOOD, OSError('gone')], ids=['result', 'error'])
@pytest.mark.parametrize('again', [False, True], ids=['shutdown', 'new start'])
def test_what_comes_after_the_end_is_nobodys(engine, node, published, make_image, late, again):
    def hang():
        engine.hang()
        if late is GOOD:
            return late
        raise copy(late)

    engine.answer = hang
    worker = node.pipeline
    node._on_image(serialize_message(make_image()), node.subscription)
    assert engine.begun.wait(20)
    if again:
        node.trigger_deactivate()
        node.trigger_cleanup()
        node.trigger_configure()
        node.trigger_activate()
    else:
        node.trigger_shutdown()
    engine.go.set()
    assert worker.stop(20)
    assert not published
    report = node.statistics.report()
    assert (report.problem, report.counts.classified) == ('', 0)
    assert report.counts.failed == 0


def test_a_process_whose_engine_hangs_ends_on_ctrl_c(ros, make_image, tmp_path):
    process = Process([sys.executable, '-c', HANGS_IN_A_PROCESS, 'node'], ros.environment,
                      tmp_path / 'node.log')
    try:
        ros.wait(lambda: '[classifier]: model ' in process.output, what='the start')
        results = ros.collect(Classification, 'classification')
        ros.repeat(ros.publisher(), make_image(), lambda: 'begins' in process.output)
        assert process.stop() == 0
        assert not results
        assert 'the engine was not closed' in process.output
        assert 'Traceback' not in process.output
    finally:
        process.kill()
