# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a classifier in this process on an engine under the test's control."""

from copy import copy
from dataclasses import replace
from threading import Event

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.core import newest_frame
from edgenext_ros.engines.base import ModelInfo
from edgenext_ros.engines.recovering import Recovering
from edgenext_ros.ros import diagnostics, health, node as module
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
        self.begun, self.go, self.info, self.at_close = Event(), Event(), INFO, None

    def opener(self, model, **_):
        engine = Recovering(self.open_it, clock=lambda: self.now)
        return engine, engine.info

    def open_it(self):
        self.opened += 1
        return self, self.info

    def infer(self, nv12):
        self.tried += 1
        if isinstance(self.answer, Exception):
            raise copy(self.answer)  # whose traceback would keep the node until the end
        return self.answer() if callable(self.answer) else self.answer

    def close(self):
        self.closed += 1
        if self.at_close:
            raise self.at_close

    def hang(self):
        """Answer when the test says so."""
        self.begun.set()
        assert self.go.wait(20)
        return GOOD


@pytest.fixture
def engine(monkeypatch):
    """Make the engine; the pipeline has its time too, and ends of work are not waited for long."""
    engine = Hostile()
    for one in (newest_frame, module, health, diagnostics):
        monkeypatch.setattr(one, 'monotonic', lambda: engine.now)
    monkeypatch.setattr(module, '_STOP_SECONDS', 0.01)
    yield engine
    engine.go.set()


@pytest.fixture
def patient(engine):
    """Make the model one that takes long."""
    engine.info = replace(INFO, patience_s=20.0)


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
