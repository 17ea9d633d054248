# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A change of the model while the node is active swaps it between two images, or is refused."""

import json
import re
import shlex

from edgenext_ros.core.newest_frame import Pipeline
from edgenext_ros.engines.base import InferenceError
from edgenext_ros.models import ModelError
from edgenext_ros.ros import session as session_module
from edgenext_ros.ros.errors import NO_THREAD
from edgenext_ros.ros.messages import LabelInfo
from edgenext_ros.ros.publishers import Publishers
from edgenext_ros.ros.session import Session
from helpers.live_models import change
import pytest
from rcl_interfaces.msg import Parameter as ParameterMessage, ParameterValue, SetParametersResult
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.parameter import Parameter
from vision_msgs.msg import VisionInfo

pytest_plugins = ['helpers.live_models']


@pytest.mark.parametrize('way', ['service', 'one by one', 'in the program'])
def test_changed_model_serves_the_next_image(ros, live_node, models, classify, way):
    assert classify() == 'cat 2'
    path = models.path('birds')
    if way == 'in the program':
        done = live_node.set_parameters([Parameter('model', value=path)])
    elif way == 'service':
        done = [ros.call(SetParametersAtomically, '/classifier/set_parameters_atomically',
                         parameters=change(model=path)).result]
    else:
        done = ros.call(SetParameters, '/classifier/set_parameters',
                        parameters=change(model=path, top_k=2)).results
    assert all(result.successful for result in done), done
    assert classify() == 'bird 4'
    ros.wait(lambda: models.in_use == ['birds'], what='the end of the former model')
    assert live_node.get_parameter('model').value == path


def test_changed_labels_do_not_load_a_model(live_node, models, classify, set_parameters):
    assert set_parameters(labels=str(models.labels('dogs'))) == (True, '')
    assert classify() == 'dog 2'
    assert len(models.opened) == 1
    assert set_parameters(labels='') == (True, '')
    assert classify() == 'cat 2'


def test_new_labels_are_published_with_a_new_version_before_the_first_result(
        ros, live_node, models, classify, set_parameters, monkeypatch):
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
    ros.wait(lambda: labels and [entry.class_name for entry in labels[-1].class_map] == [
        f'bird {i}' for i in range(5)], what='the labels')
    # A new session continues the version numbers.
    for transition in ('deactivate', 'cleanup', 'configure'):
        getattr(live_node, f'trigger_{transition}')()
    ros.wait(lambda: infos[-1].database_version == 3, what='the next version')


@pytest.mark.parametrize('failure,reason', [
    (MemoryError('bad allocation'), 'not enough memory: bad allocation'),
    (InferenceError('the BPU is busy'), 'the BPU is busy'),
    (ModelError('birds.onnx: damaged'), 'birds.onnx: damaged'),
    (OSError('gone'), 'gone'), (KeyError('a bug'), "KeyError: 'a bug'"),
    (SystemExit(3), 'SystemExit: 3')], ids=repr)
def test_model_that_does_not_load_is_refused_and_the_old_one_stays(
        live_node, models, classify, set_parameters, failure, reason):
    models.failure = failure
    done, text = set_parameters(model=models.path('birds'), top_k=1)
    assert not done
    assert text == f"{reason}; model {models.path('cats')!r} stays in use"
    assert live_node.get_parameter('model').value == models.path('cats')
    assert (live_node.settings.top_k, classify(), models.in_use) == (5, 'cat 2', ['cats'])
    models.failure = None
    assert set_parameters(model=models.path('birds'))[0]
    assert classify() == 'bird 4'


@pytest.mark.parametrize('value', ['missing.onnx', 'nonsense', '', 'cats.txt'])
def test_missing_model_is_refused(live_node, models, classify, set_parameters, value):
    done, text = set_parameters(model=value)
    assert not done and text
    assert (classify(), models.in_use) == ('cat 2', ['cats'])


def test_refused_labels_give_the_command_that_sets_both(
        ros, live_node, models, classify, set_parameters):
    assert set_parameters(labels=str(models.labels('dogs')))[0]
    done, text = set_parameters(model=models.path('birds'))
    assert not done
    assert 'expected 5 names, one for each class of the model, found 3' in text
    assert classify() == 'dog 2'
    words = shlex.split(re.search('ros2 service call (.*); model', text).group(1))
    assert words[1] == 'rcl_interfaces/srv/SetParametersAtomically'
    request = [ParameterMessage(name=given['name'], value=ParameterValue(**given['value']))
               for given in json.loads(words[2])['parameters']]
    answer = ros.call(SetParametersAtomically, words[0], parameters=request)
    assert answer.result.successful
    assert classify() == 'bird 4'


def test_wrong_labels_beside_the_model_are_refused_without_a_command(
        models, classify, set_parameters):
    models.labels('birds').write_text('one')
    done, text = set_parameters(model=models.path('birds'))
    assert not done
    assert 'expected 5 names, one for each class of the model, found 1' in text
    assert 'change both at once' not in text
    assert classify() == 'cat 2'


def test_model_is_changed_if_no_new_thread_starts(
        models, classify, set_parameters, monkeypatch):
    def start(*_):
        raise RuntimeError(NO_THREAD)

    monkeypatch.setattr(Pipeline, 'set_at_once', start)
    assert set_parameters(model=models.path('birds')) == (True, '')
    assert classify() == 'bird 4'


@pytest.mark.parametrize('values,name', [
    ({'model': 'birds'}, 'bird 4'), ({'score_threshold': 0.1}, 'cat 2')], ids=['model', 'other'])
def test_change_is_in_force_if_its_labels_are_not_published(
        ros, live_node, models, classify, set_parameters, monkeypatch, capfd, values, name):
    def fail(*_, **__):
        raise RuntimeError('no memory in the middleware')

    if 'model' in values:
        values = {'model': models.path(values['model'])}
    with monkeypatch.context() as short:
        short.setattr(Publishers, 'publish_labels', fail)
        assert set_parameters(**values) == (True, '')
    assert 'not published: no memory in the middleware' in capfd.readouterr().err
    assert classify() == name
    ros.wait(lambda: len(models.in_use) == 1, what='the end of the former model')
    assert models.in_use == [live_node.session.model.info.name]


@pytest.mark.parametrize('when,name', [('before', 'cats'), ('after', 'birds')])
def test_swap_that_raises_leaves_one_model(
        ros, live_node, models, classify, monkeypatch, when, name):
    swap = Session.swap

    def fail(session, model):
        if when == 'after':
            swap(session, model)
        raise MemoryError

    monkeypatch.setattr(Session, 'swap', fail)
    with pytest.raises(MemoryError):
        live_node.set_parameters([Parameter('model', value=models.path('birds'))])
    ros.wait(lambda: models.in_use == [name], what='the end of the other model')
    assert classify() == f'{name[:-1]} {len(live_node.session.model.labels) - 1}'


def test_session_without_a_thread_leaves_no_topic(ros, live_node, models, monkeypatch):
    def start(*_, **__):
        raise RuntimeError(NO_THREAD)

    for transition in ('deactivate', 'cleanup'):
        getattr(live_node, f'trigger_{transition}')()
    with monkeypatch.context() as short:
        short.setattr(session_module, 'Pipeline', start)
        live_node.trigger_configure()
    assert 'too many threads' in live_node.failure
    assert (live_node.count_publishers('classification'), models.in_use) == (0, [])
    live_node.trigger_configure()
    assert live_node.count_publishers('classification') == 1


def test_refusal_by_a_later_callback_leaves_the_old_model(
        ros, live_node, models, classify, set_parameters):
    agrees = SetParametersResult(successful=True)
    refuses = SetParametersResult(successful=False, reason='not on a Sunday')
    before = {'on': True}

    def on_parameters(changes):
        later = before['on'] and any(change.name == 'model' for change in changes)
        return refuses if later else agrees

    # The order of parameter callbacks depends on rclpy; this one may run before the node's.
    live_node.add_on_set_parameters_callback(on_parameters)
    assert set_parameters(model=models.path('birds')) == (False, 'not on a Sunday')
    assert live_node.get_parameter('model').value == models.path('cats')
    assert classify() == 'cat 2'
    ros.wait(lambda: models.in_use == ['cats'], what='the end of the refused model')
    before['on'] = False
    assert set_parameters(model=models.path('birds'))[0]
    assert classify() == 'bird 4'


def test_invalid_use_sim_time_leaves_the_old_model_or_swaps(
        live_node, models, classify, set_parameters):
    """Humble's rclpy accepts the text and logs an error, later releases refuse it."""
    done, _ = set_parameters(model=models.path('birds'), use_sim_time='yes')
    expected = ('bird 4', 'birds') if done else ('cat 2', 'cats')
    assert classify() == expected[0]
    assert live_node.get_parameter('model').value == models.path(expected[1])
