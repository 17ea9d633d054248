# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A change of the model while the node is active: swapped between two images, or refused."""

from dataclasses import replace
from itertools import count
import json
from pathlib import Path
import re
import shlex
import shutil
from threading import Event, Thread

from edgenext_ros.engines.base import InferenceError, ModelError, ModelInfo
from edgenext_ros.ros import session as session_module
from edgenext_ros.ros.live_model import LiveModel
from edgenext_ros.ros.messages import Classification, LabelInfo
from edgenext_ros.ros.node import ClassifierNode
from edgenext_ros.ros.publishers import Publishers
from helpers.wrong_models import demo_model
from lifecycle_msgs.srv import ChangeState, GetState
import numpy as np
import pytest
from rcl_interfaces.msg import Parameter as ParameterMessage, ParameterValue, SetParametersResult
from rcl_interfaces.srv import GetParameters, SetParameters, SetParametersAtomically
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from std_srvs.srv import SetBool
from vision_msgs.msg import VisionInfo

CLASSES = {'cats': 3, 'dogs': 3, 'birds': 5}


class Engine:
    """A model whose best class is the last one; it counts its users."""

    def __init__(self, name):
        self.info = ModelInfo(name, 'stand-in', 224, 224, CLASSES[name], patience_s=0.3)
        self.picture = np.empty(self.info.nv12_size, np.uint8)
        self.closed = 0
        self.hangs, self.begun, self.go = False, Event(), Event()

    def slot(self):
        return self

    def __enter__(self):
        assert not self.closed
        return self

    def __exit__(self, *_):
        assert not self.closed, 'it was closed while an image was in it'

    def run(self):
        self.begun.set()
        assert not self.hangs or self.go.wait(20)
        return np.arange(self.info.classes, dtype=np.float32)

    def close(self):
        self.closed += 1


class Models:
    """Three models as files with labels, and an opener under the test's control."""

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
    """Make the models; a load that is still held goes on at the end."""
    models = Models(tmp_path)
    yield models
    models.go.set()
    for engine in models.opened:
        engine.go.set()


@pytest.fixture
def node(ros, models, monkeypatch):
    """Make an active classifier of cats in this process, spun with the test's node."""
    monkeypatch.setattr(session_module, 'STOP_SECONDS', 0.5)
    node = ClassifierNode(context=ros.context, opener=models.open, parameter_overrides=[
        Parameter('model', value=models.path('cats')), Parameter('runtime', value='onnx'),
        Parameter('class_id', value='name')])
    ros.executor.add_node(node)
    assert node.autostart()
    yield node
    ros.executor.remove_node(node)
    if node.state != 'finalized':
        node.trigger_shutdown()
    node.destroy_node()


@pytest.fixture
def classify(node, make_image, monkeypatch):
    """Give the node an image, and return the name of its best class and the best index."""
    published, publish = [], Publishers.publish

    def collect(publishers, outcome):
        publish(publishers, outcome)
        published.append(outcome.model.labels[outcome.result.prediction.class_ids[0]])

    monkeypatch.setattr(Publishers, 'publish', collect)

    def classify_one():
        published.clear()
        node.session.receive(serialize_message(make_image()), node.session.subscription)
        assert node.session.pipeline.drain(20)
        return published[0] if published else None

    return classify_one


def change(**values):
    """Make the parameters of a request."""
    return [Parameter(name, value=value).to_parameter_msg() for name, value in values.items()]


@pytest.fixture
def set_parameters(ros, node):
    """Set parameters through the node's service: whether that succeeded, and the reason."""
    def call(**values):
        result = ros.call(SetParametersAtomically, '/classifier/set_parameters_atomically',
                          parameters=change(**values)).result
        return result.successful, result.reason

    return call


@pytest.mark.parametrize('way', ['service', 'one by one', 'in the program'])
def test_changed_model_serves_the_next_image(ros, node, models, classify, way):
    assert classify() == 'cat 2'
    path = models.path('birds')
    if way == 'in the program':
        done = node.set_parameters([Parameter('model', value=path)])
    elif way == 'service':
        done = [ros.call(SetParametersAtomically, '/classifier/set_parameters_atomically',
                         parameters=change(model=path)).result]
    else:
        done = ros.call(SetParameters, '/classifier/set_parameters',
                        parameters=change(model=path, top_k=2)).results
    assert all(result.successful for result in done), done
    assert classify() == 'bird 4'
    ros.wait(lambda: models.in_use == ['birds'], what='the end of the former model')
    assert node.get_parameter('model').value == path


def test_labels_alone_are_changed_without_a_load(node, models, classify, set_parameters):
    assert set_parameters(labels=str(models.labels('dogs'))) == (True, '')
    assert classify() == 'dog 2'
    assert len(models.opened) == 1
    assert set_parameters(labels='') == (True, '')
    assert classify() == 'cat 2'


def test_new_labels_are_published_with_a_new_version_before_the_first_result(
        ros, node, models, classify, set_parameters, monkeypatch):
    infos = ros.collect(VisionInfo, '/classifier/vision_info', 10)
    labels = ros.collect(LabelInfo, '/classifier/label_info', 10)
    order, publish_labels, publish = [], Publishers.publish_labels, Publishers.publish
    monkeypatch.setattr(Publishers, 'publish_labels', lambda *arguments, **options: (
        order.append(len(arguments[1].labels)), publish_labels(*arguments, **options)))
    monkeypatch.setattr(Publishers, 'publish', lambda publishers, outcome: (
        order.append(outcome.model.info.name), publish(publishers, outcome)))
    classify()
    assert set_parameters(model=models.path('birds'))[0]
    classify()
    assert order == ['cats', 5, 'birds']
    ros.wait(lambda: infos and infos[-1].database_version == 2, what='the version')
    ros.wait(lambda: labels and [one.class_name for one in labels[-1].class_map] == [
        f'bird {i}' for i in range(5)], what='the labels')
    # A new session goes on counting.
    for transition in ('deactivate', 'cleanup', 'configure'):
        getattr(node, f'trigger_{transition}')()
    ros.wait(lambda: infos[-1].database_version == 3, what='the next version')


@pytest.mark.parametrize('failure,reason', [
    (MemoryError('bad allocation'), 'not enough memory: bad allocation'),
    (InferenceError('the BPU is busy'), 'the BPU is busy'),
    (ModelError('birds.onnx: damaged'), 'birds.onnx: damaged'),
    (OSError('gone'), 'gone'), (KeyError('a bug'), "KeyError: 'a bug'")], ids=repr)
def test_model_that_does_not_load_is_refused_and_the_old_one_goes_on(
        node, models, classify, set_parameters, failure, reason):
    models.failure = failure
    done, text = set_parameters(model=models.path('birds'), top_k=1)
    assert not done
    assert text == f"{reason}; model {models.path('cats')!r} goes on"
    assert node.get_parameter('model').value == models.path('cats')
    assert (node.settings.top_k, classify(), models.in_use) == (5, 'cat 2', ['cats'])
    models.failure = None
    assert set_parameters(model=models.path('birds'))[0]
    assert classify() == 'bird 4'


@pytest.mark.parametrize('value', ['missing.onnx', 'nonsense', '', 'cats.txt'])
def test_model_that_is_not_there_is_refused(node, models, classify, set_parameters, value):
    done, text = set_parameters(model=value)
    assert not done and text
    assert (classify(), models.in_use) == ('cat 2', ['cats'])


def test_labels_that_do_not_fit_are_refused_with_the_call_that_sets_both(
        ros, node, models, classify, set_parameters):
    assert set_parameters(labels=str(models.labels('dogs')))[0]
    done, text = set_parameters(model=models.path('birds'))
    assert not done
    assert 'expected 5 names, one for each class of the model, found 3' in text
    assert classify() == 'dog 2'
    words = shlex.split(re.search('ros2 service call (.*); model', text).group(1))
    assert words[1] == 'rcl_interfaces/srv/SetParametersAtomically'
    request = [ParameterMessage(name=one['name'], value=ParameterValue(**one['value']))
               for one in json.loads(words[2])['parameters']]
    answer = ros.call(SetParametersAtomically, words[0], parameters=request)
    assert answer.result.successful
    assert classify() == 'bird 4'


def test_refusal_by_a_later_callback_leaves_the_old_model(
        ros, node, models, classify, set_parameters):
    agrees = SetParametersResult(successful=True)
    refuses = SetParametersResult(successful=False, reason='not on a Sunday')
    before = {'on': True}

    def on_parameters(changes):
        later = before['on'] and any(change.name == 'model' for change in changes)
        return refuses if later else agrees

    # rclpy asks the callbacks in an order of its own: one of these two comes after the node's.
    node.add_on_set_parameters_callback(on_parameters)
    assert set_parameters(model=models.path('birds')) == (False, 'not on a Sunday')
    assert node.get_parameter('model').value == models.path('cats')
    assert classify() == 'cat 2'
    ros.wait(lambda: models.in_use == ['cats'], what='the end of the refused model')
    before['on'] = False
    assert set_parameters(model=models.path('birds'))[0]
    assert classify() == 'bird 4'


def test_use_sim_time_set_to_a_word_leaves_the_old_model_or_swaps(
        node, models, classify, set_parameters):
    """Humble's rclpy takes the word with a line in the log, later ones refuse it."""
    done, _ = set_parameters(model=models.path('birds'), use_sim_time='yes')
    expected = ('bird 4', 'birds') if done else ('cat 2', 'cats')
    assert classify() == expected[0]
    assert node.get_parameter('model').value == models.path(expected[1])


def test_loading_does_not_stop_services_diagnostics_and_images(ros, node, models, classify):
    models.loading.clear()
    models.go.clear()
    client = ros.node.create_client(
        SetParametersAtomically, '/classifier/set_parameters_atomically')
    ros.wait(client.service_is_ready, what='the service')
    answer = client.call_async(
        SetParametersAtomically.Request(parameters=change(model=models.path('birds'))))
    ros.wait(models.loading.is_set, what='the load')
    looks = []
    node.health.look = lambda: looks.append(1)
    assert ros.call(GetState, '/classifier/get_state').current_state.label == 'active'
    assert ros.call(SetBool, '/classifier/set_enabled', data=True).success
    assert ros.call(GetParameters, '/classifier/get_parameters',
                    names=['model']).values[0].string_value == models.path('cats')
    assert ros.call(SetParameters, '/classifier/set_parameters',
                    parameters=change(top_k=1)).results[0].successful
    refused = ros.call(SetParameters, '/classifier/set_parameters',
                       parameters=change(model=models.path('dogs'))).results[0]
    assert not refused.successful
    assert 'birds.onnx' in refused.reason and 'is being loaded' in refused.reason
    assert classify() == 'cat 2'
    assert not answer.done()
    models.go.set()
    ros.wait(answer.done, what='the answer')
    assert answer.result().result.successful
    assert (classify(), node.settings.top_k) == ('bird 4', 1)


@pytest.mark.parametrize('transitions,state', [
    (['deactivate'], 'inactive'), (['deactivate', 'cleanup'], 'unconfigured')], ids=str)
def test_transition_while_a_model_loads(ros, node, models, transitions, state):
    models.loading.clear()
    models.go.clear()
    client = ros.node.create_client(
        SetParametersAtomically, '/classifier/set_parameters_atomically')
    ros.wait(client.service_is_ready, what='the service')
    answer = client.call_async(
        SetParametersAtomically.Request(parameters=change(model=models.path('birds'))))
    ros.wait(models.loading.is_set, what='the load')
    change_state = ros.node.create_client(ChangeState, '/classifier/change_state')
    ros.wait(change_state.service_is_ready, what='the service')
    for name in transitions:
        getattr(node, f'trigger_{name}')()
    models.go.set()
    ros.wait(answer.done, what='the answer')
    assert answer.result().result.successful
    assert node.state == state
    assert node.get_parameter('model').value == models.path('birds')
    expected = ['birds'] if state == 'inactive' else []
    ros.wait(lambda: models.in_use == expected, what='the end of the models not in use')


def test_model_that_was_loaded_for_an_earlier_session_is_not_used(ros, node, models):
    live = LiveModel(node, opener=models.open)
    settings = replace(node.settings, model=models.path('birds'))
    live.check(node.session, settings)
    for name in ('deactivate', 'cleanup', 'configure'):
        getattr(node, f'trigger_{name}')()
    live.check(node.session, settings)
    assert [one.info.name for one in models.opened] == ['cats', 'birds', 'cats', 'birds']
    live.discard()
    ros.wait(lambda: models.in_use == ['cats'], what='the end of the models not in use')


def test_change_is_refused_while_an_image_hangs_in_the_engine(
        node, models, classify, make_image, set_parameters):
    engine = models.opened[0]
    engine.begun.clear()
    engine.hangs = True
    node.session.receive(serialize_message(make_image()), node.session.subscription)
    assert engine.begun.wait(20)
    done, text = set_parameters(model=models.path('birds'))
    assert not done and 'an image has been in work for more than 0.3 s' in text
    engine.hangs = False
    engine.go.set()
    assert node.session.pipeline.drain(20)
    assert classify() == 'cat 2'


def test_each_image_of_a_stream_has_one_result_of_one_model(ros, node, models, make_image):
    results = ros.collect(Classification, 'classification', 1000)
    ros.wait(lambda: ros.node.count_publishers('classification'), what='the publisher')
    numbers, ended = count(), Event()
    image = make_image()
    pipeline, session = node.session.pipeline, node.session

    def play():
        while not ended.is_set():
            image.header.stamp.sec = next(numbers) + 1
            session.receive(serialize_message(image), session.subscription)
            assert pipeline.drain(20)

    camera = Thread(target=play)
    camera.start()
    try:
        for name in ('birds', 'dogs', 'cats') * 7:
            done = ros.call(SetParametersAtomically, '/classifier/set_parameters_atomically',
                            parameters=change(model=models.path(name))).result
            assert done.successful, done.reason
    finally:
        ended.set()
        camera.join()
    sent = next(numbers)
    counts = node.statistics.report().counts
    assert (counts.received, counts.classified, counts.failed, pipeline.dropped) == (
        sent, sent, 0, 0)
    ros.wait(lambda: len(results) == sent, what='the last result')
    assert [result.header.stamp.sec for result in results] == list(range(1, sent + 1))
    for result in results:
        names = [one.class_id for one in result.results]
        kind = names[0].split()[0]
        assert names == [f'{kind} {i}' for i in reversed(range(CLASSES[f'{kind}s']))]


@pytest.mark.slow
def test_memory_is_flat_over_two_hundred_swaps(ros, onnxruntime, tmp_path):
    def resident():
        return int(Path('/proc/self/statm').read_text().split()[1]) * 4096 / 1e6

    paths = [str(shutil.copy(demo_model(), tmp_path / f'{name}.onnx')) for name in 'ab']
    node = ClassifierNode(context=ros.context, parameter_overrides=[
        Parameter('model', value=paths[0]), Parameter('runtime', value='onnx')])
    assert node.autostart()
    try:
        for number in range(1, 201):
            done = node.set_parameters_atomically([Parameter('model', value=paths[number % 2])])
            assert done.successful, done.reason
            if number == 20:
                before = resident()
        assert node.session.model.info.name == 'a'
        # One model more in memory is about 20 MB, and there may be one that is being closed.
        assert resident() - before < 40
    finally:
        node.trigger_shutdown()
        node.destroy_node()
