# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engines that take long, hang, or return after the session has ended."""

from copy import copy
from dataclasses import replace
import sys
from threading import Event

from edgenext_ros.engines.base import InferenceError
from edgenext_ros.ros import session as module
from edgenext_ros.ros.messages import Classification
from helpers.hostile_engine import GOOD, INFO, OK
from helpers.programs import HANGS_IN_A_PROCESS
from helpers.ros_graph import Process
import pytest

pytest_plugins = ['helpers.hostile_engine']


def test_slow_model_is_not_taken_for_a_hang(engine, patient, node, published, says, give):
    """The time after which an inference counts as hung depends on the engine."""
    engine.answer = engine.hang
    image = give(node)
    assert engine.begun.wait(20)
    waiting = give(node)
    engine.now += 6
    says(OK, 'classifications a second')
    engine.answer = GOOD
    engine.go.set()
    assert node.session.pipeline.drain(20)
    assert published == [image, waiting]
    assert node.statistics.report().counts.failed == 0


def test_image_behind_a_failure_of_a_slow_model_is_not_dropped(
        engine, patient, node, published, give):
    def fail():
        engine.hang()
        raise InferenceError('the BPU is busy')

    engine.answer = fail
    give(node)
    assert engine.begun.wait(20)
    waiting = give(node)
    engine.now += 6
    engine.answer = GOOD
    engine.go.set()
    assert node.session.pipeline.drain(20)
    assert published == [waiting]
    assert node.session.pipeline.dropped == 0


@pytest.mark.parametrize('timeout,seconds,lost', [(5.0, 6, 1), (20.0, 6, 0), (0.5, 1, 1)])
def test_result_that_waited_for_a_hung_image_is_dropped(
        ros, engine, monkeypatch, make_node, published, give, timeout, seconds, lost):
    """Two images are in work: the second is ready immediately, but must wait for the first."""
    engine.answer = engine.hang
    engine.info = replace(INFO, slots=2, hang_timeout_s=timeout)
    node = make_node(lambda *_, **__: engine.open_it())
    hung = give(node)
    assert engine.begun.wait(20)
    engine.answer, ready = GOOD, Event()

    def now():
        if engine.tried > 1:
            ready.set()
        return engine.now

    monkeypatch.setattr(module, 'monotonic', now)
    waits = give(node)
    assert ready.wait(20)
    engine.now += seconds
    engine.go.set()
    assert node.session.pipeline.drain(20)
    assert published == [hung, waits][:2 - lost]
    counts = node.statistics.report().counts
    assert (counts.classified, counts.failed) == (2 - lost, lost)


def test_no_model_is_loaded_beside_one_whose_inference_hangs(engine, node, give):
    engine.answer, worker = engine.hang, node.session.pipeline
    give(node)
    assert engine.begun.wait(20)
    node.trigger_deactivate()
    node.trigger_cleanup()
    for _ in range(2):
        node.trigger_configure()
        assert node.state == 'unconfigured'
        assert "cannot be closed: model 'net': an inference still runs; try again" in node.failure
    assert (engine.opened, engine.closed) == (1, 0)
    engine.go.set()
    assert worker.stop(20)
    assert (engine.opened, engine.closed) == (1, 1)
    engine.answer = GOOD
    node.trigger_configure()
    assert (node.state, engine.opened, engine.closed) == ('inactive', 2, 1)


def test_cleanup_succeeds_if_closing_the_engine_fails(engine, node):
    engine.at_close = OSError('gone')
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert (node.state, node.failure) == ('unconfigured', '')
    engine.at_close = None
    node.trigger_configure()
    assert (node.state, engine.opened) == ('inactive', 2)


@pytest.mark.parametrize('late', [GOOD, OSError('gone')], ids=['result', 'error'])
@pytest.mark.parametrize('again', [False, True], ids=['shutdown', 'new start'])
def test_result_after_the_end_of_its_session_is_dropped(
        engine, node, published, give, late, again):
    def hang():
        engine.hang()
        if late is GOOD:
            return late
        raise copy(late)

    engine.answer = hang
    worker = node.session.pipeline
    give(node)
    assert engine.begun.wait(20)
    if again:
        node.trigger_deactivate()
        node.trigger_cleanup()
        node.trigger_configure()
        assert engine.opened == 1
    else:
        node.trigger_shutdown()
    engine.go.set()
    assert worker.stop(20)
    if again:
        node.trigger_configure()
        node.trigger_activate()
        assert (node.state, engine.opened) == ('active', 2)
    assert not published
    report = node.statistics.report()
    assert (report.problem, report.counts.classified) == ('', 0)
    assert report.counts.failed == 0


def test_ctrl_c_ends_process_with_a_hung_engine(ros, make_image, tmp_path):
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
