# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: a classifier in this process on an engine under the test's control."""

from copy import copy
from dataclasses import replace
from threading import Event

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.engines.base import ModelInfo
from edgenext_ros.engines.deferred_close import close_deferred
from edgenext_ros.engines.recovering import Recovering
from edgenext_ros.engines.slot_pool import SlotPool
from edgenext_ros.ros import (
    health,
    log_limits,
    node as node_module,
    session as module,
    statistics,
)
from edgenext_ros.ros.messages import header_message
from edgenext_ros.ros.publishers import Publishers
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message

INFO = ModelInfo('net', 'stand-in', width=224, height=224, classes=100)
GOOD = np.arange(100, dtype=np.float32)
OK, WARN, ERROR = 0, 1, 2


class Hostile:
    """An engine under the test's control, with its own clock; it is also its slots."""

    picture = np.empty(INFO.nv12_size, np.uint8)

    def __init__(self):
        self.now, self.opened, self.closed, self.tried, self.answer = 0.0, 0, 0, 0, GOOD
        self.begun, self.go, self.info, self.at_close = Event(), Event(), INFO, None

    def opener(self, model, **_):
        engine = Recovering(self.open_it, clock=lambda: self.now)
        return engine, engine.info

    def open_it(self):
        close_deferred()  # as open_model does
        self.opened += 1
        self.slots = SlotPool(self.info, [self] * self.info.slots)
        return self, self.info

    def slot(self):
        return self.slots.slot()

    def run(self):
        self.tried += 1
        if isinstance(self.answer, Exception):
            raise copy(self.answer)  # a traceback on the original would keep the node alive
        return self.answer() if callable(self.answer) else self.answer

    def close(self):
        self.closed += 1
        if self.at_close:
            raise self.at_close

    def hang(self):
        """Block until the test sets ``go``."""
        self.begun.set()
        assert self.go.wait(20)
        return GOOD


@pytest.fixture
def engine(monkeypatch):
    """Make the engine; the node uses its clock, and waits only briefly for work to end."""
    engine = Hostile()
    for user in (module, node_module, health, statistics, log_limits):
        monkeypatch.setattr(user, 'monotonic', lambda: engine.now)
    monkeypatch.setattr(module, 'STOP_SECONDS', 0.01)
    yield engine
    engine.go.set()


@pytest.fixture
def patient(engine):
    """Let inferences of the model take up to 20 s."""
    engine.info = replace(INFO, hang_timeout_s=20.0)


@pytest.fixture
def make_node(ros):
    """Return a function that makes an active classifier with this opener in this process."""
    made = []

    def make(opener):
        node = node_module.ClassifierNode(
            context=ros.context, opener=opener,
            parameter_overrides=[Parameter('runtime', value='onnx')])
        made.append(node)
        node.trigger_configure()
        node.trigger_activate()
        return node

    yield make
    for node in made:
        if node.state != 'finalized':
            node.trigger_shutdown()
        node.destroy_node()


@pytest.fixture
def node(make_node, engine):
    """Make an active classifier in this process that uses the engine."""
    return make_node(engine.opener)


@pytest.fixture
def published(monkeypatch):
    """Collect the headers of the results that nodes in this process publish."""
    headers, publish = [], Publishers.publish

    def note(publishers, outcome):
        headers.append(header_message(outcome.picture))
        publish(publishers, outcome)

    monkeypatch.setattr(Publishers, 'publish', note)
    return headers


@pytest.fixture
def give(make_image):
    """Return a function that gives a node an image, and returns the image's header."""
    def give_one(node, message=None):
        image = make_image()
        node.session.receive(serialize_message(image) if message is None else message,
                             node.session.subscription)
        return image.header

    return give_one


@pytest.fixture
def play(node, give):
    """Give the node an image, wait for the end of work on it, and return its header."""
    def play_one():
        header = give(node)
        assert node.session.pipeline.drain(20)
        return header

    return play_one


@pytest.fixture
def says(ros, node):
    """Return a function that waits until the diagnostics have a sentence at a level."""
    heard = ros.collect(DiagnosticArray, '/diagnostics')

    def said(level, sentence):
        node.health.update()
        return any(sentence in status.message and status.level in (level, bytes([level]))
                   for message in heard[-1:] for status in message.status)

    return lambda level, sentence: ros.wait(lambda: said(level, sentence), what=sentence)
