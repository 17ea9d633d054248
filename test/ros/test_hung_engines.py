# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Engines that take long, or return when nobody waits any more."""

from copy import copy
from dataclasses import replace
import sys

from edgenext_ros.engines.base import InferenceError
from edgenext_ros.ros import node as module
from edgenext_ros.ros.messages import Classification
from helpers.hostile_engine import GOOD, INFO, OK
from helpers.programs import HANGS_IN_A_PROCESS
from helpers.ros_graph import Process
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message

pytest_plugins = ['helpers.hostile_engine']


def test_a_slow_model_gives_its_results_and_is_no_hang(
        engine, patient, node, published, says, make_image):
    """The patience is that of the engine."""
    engine.answer = engine.hang
    image = make_image()
    node._on_image(serialize_message(image), node.subscription)
    assert engine.begun.wait(20)
    waiting = make_image()
    node._on_image(serialize_message(waiting), node.subscription)
    engine.now += 6
    says(OK, 'classifications a second')
    engine.answer = GOOD
    engine.go.set()
    assert node.pipeline.drain(20)
    assert published == [image.header, waiting.header]
    assert node.statistics.report().counts.failed == 0


def test_an_image_behind_a_failure_of_a_slow_model_is_not_dropped(
        engine, patient, node, published, make_image):
    def fail():
        engine.hang()
        raise InferenceError('the BPU is busy')

    engine.answer = fail
    node._on_image(serialize_message(make_image()), node.subscription)
    assert engine.begun.wait(20)
    waiting = make_image()
    node._on_image(serialize_message(waiting), node.subscription)
    engine.now += 6
    engine.answer = GOOD
    engine.go.set()
    assert node.pipeline.drain(20)
    assert published == [waiting.header]
    assert node.pipeline.dropped == 0


@pytest.mark.parametrize('patience,seconds,lost', [(5.0, 6, 1), (20.0, 6, 0), (0.5, 1, 1)])
def test_a_result_that_waited_for_one_that_hung_is_dropped(
        ros, engine, monkeypatch, make_image, published_by, patience, seconds, lost):
    """Two at once: the second is ready at once, and has to wait for its turn."""
    def infer_from(write):
        write(np.empty(224 * 224 * 3 // 2, np.uint8))
        return engine.infer(None)

    engine.infer_from, engine.answer = infer_from, engine.hang
    info = replace(INFO, slots=2, patience_s=patience)
    monkeypatch.setattr(module, 'monotonic', lambda: engine.now)
    node = module.ClassifierNode(
        context=ros.context, opener=lambda *_, **__: (engine, info),
        parameter_overrides=[Parameter('runtime', value='onnx')])
    node.trigger_configure()
    node.trigger_activate()
    published, hung, waits = published_by(node), make_image(), make_image()
    node._on_image(serialize_message(hung), node.subscription)
    assert engine.begun.wait(20)
    engine.answer = GOOD
    node._on_image(serialize_message(waits), node.subscription)
    ros.wait(lambda: node.pipeline._turn._waiters)
    engine.now += seconds
    engine.go.set()
    assert node.pipeline.drain(20)
    assert published == [hung.header, waits.header][:2 - lost]
    counts = node.statistics.report().counts
    assert (counts.classified, counts.failed) == (2 - lost, lost)
    node.trigger_shutdown()
    node.destroy_node()


def test_no_model_is_loaded_beside_one_whose_inference_hangs(engine, node, make_image):
    engine.answer, worker = engine.hang, node.pipeline
    node._on_image(serialize_message(make_image()), node.subscription)
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


def test_an_engine_that_breaks_down_in_close_does_not_fail_the_cleanup(engine, node):
    engine.at_close = OSError('gone')
    node.trigger_deactivate()
    node.trigger_cleanup()
    assert (node.state, node.failure) == ('unconfigured', '')
    engine.at_close = None
    node.trigger_configure()
    assert (node.state, engine.opened) == ('inactive', 2)


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
