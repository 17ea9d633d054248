# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures: an active classifier whose model changes, with engines under the test's control."""

from threading import enumerate as enumerate_threads, Event

from edgenext_ros.engines.base import ModelInfo
from edgenext_ros.ros import session as session_module
from edgenext_ros.ros.node import ClassifierNode
from edgenext_ros.ros.publishers import Publishers
import numpy as np
import pytest
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message

CLASSES = {'cats': 3, 'dogs': 3, 'birds': 5}


class Engine:
    """A model whose best class is the last one; it counts its users."""

    def __init__(self, name):
        self.info = ModelInfo(name, 'stand-in', 224, 224, CLASSES[name], hang_timeout_s=0.3)
        self.picture = np.empty(self.info.nv12_size, np.uint8)
        self.closed = 0
        self.hangs, self.begun, self.go = False, Event(), Event()

    def slot(self):
        return self

    def __enter__(self):
        assert not self.closed
        return self

    def __exit__(self, *_):
        assert not self.closed, 'closed during an inference'

    def run(self):
        self.begun.set()
        assert not self.hangs or self.go.wait(20)
        return np.arange(self.info.classes, dtype=np.float32)

    def close(self):
        self.closed += 1


class Models:
    """Three model files with labels, and an opener under the test's control."""

    def __init__(self, folder):
        self.folder, self.opened = folder, []
        self.failure, self.loading, self.go = None, Event(), Event()
        self.go.set()
        for name, classes in CLASSES.items():
            (folder / f'{name}.onnx').write_bytes(b'')
            self.labels(name).write_text('\n'.join(f'{name[:-1]} {i}' for i in range(classes)))

    def path(self, name):
        return str(self.folder / f'{name}.onnx')

    def labels(self, name):
        return self.folder / f'{name}.labels.txt'

    def open(self, model, **_):
        self.loading.set()
        assert self.go.wait(20)
        if self.failure is not None:
            raise self.failure
        self.opened.append(Engine(model.stem))
        return self.opened[-1], self.opened[-1].info

    @property
    def in_use(self):
        return [engine.info.name for engine in self.opened if not engine.closed]


@pytest.fixture
def models(tmp_path):
    """Make the models; a load that is still held is released at the end."""
    models = Models(tmp_path)
    yield models
    models.go.set()
    for engine in models.opened:
        engine.go.set()


@pytest.fixture
def live_node(ros, models, monkeypatch):
    """Make an active classifier of cats in this process, spun with the test's node."""
    monkeypatch.setattr(session_module, 'STOP_SECONDS', 0.5)
    live_node = ClassifierNode(context=ros.context, opener=models.open, parameter_overrides=[
        Parameter('model', value=models.path('cats')), Parameter('runtime', value='onnx'),
        Parameter('class_id', value='name')])
    ros.executor.add_node(live_node)
    assert live_node.autostart()
    yield live_node
    ros.executor.remove_node(live_node)
    if live_node.state != 'finalized':
        live_node.trigger_shutdown()
    live_node.destroy_node()


@pytest.fixture
def classify(live_node, make_image, monkeypatch):
    """Give the node an image, and return the name of its best class and the best index."""
    published, publish = [], Publishers.publish

    def collect(publishers, outcome):
        publish(publishers, outcome)
        published.append(outcome.model.labels[outcome.result.prediction.class_ids[0]])

    monkeypatch.setattr(Publishers, 'publish', collect)

    def classify_one():
        published.clear()
        live_node.session.receive(serialize_message(make_image()), live_node.session.subscription)
        assert live_node.session.pipeline.drain(20)
        return published[0] if published else None

    return classify_one


def change(**values):
    """Make the parameters of a request."""
    return [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]


@pytest.fixture
def set_parameters(ros, live_node):
    """Return a function that sets parameters by service, and returns success and reason."""
    def call(**values):
        result = ros.call(SetParametersAtomically, '/classifier/set_parameters_atomically',
                          parameters=change(**values)).result
        return result.successful, result.reason

    return call


@pytest.fixture
def load_birds(ros, live_node, models):
    """Return a function that requests the birds, and returns the future during their load."""
    def call():
        models.loading.clear()
        models.go.clear()
        (client,) = ros.clients(
            SetParametersAtomically, '/classifier/set_parameters_atomically')
        answer = client.call_async(
            SetParametersAtomically.Request(parameters=change(model=models.path('birds'))))
        ros.wait(models.loading.is_set, what='the load')
        return answer

    return call


@pytest.fixture
def loaded(ros, monkeypatch):
    """Return an event that is set once a loaded model is reported to the executor."""
    loaded, create_task = Event(), ros.executor.create_task
    monkeypatch.setattr(ros.executor, 'create_task', lambda *arguments: (
        create_task(*arguments), loaded.set()))
    return loaded


def end_threads(name):
    """Wait for the threads of this name, while no executor spins."""
    for thread in enumerate_threads():
        if thread.name == name:
            thread.join(20)
            assert not thread.is_alive()
