# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Services, images, transitions and other changes while a model is being loaded."""

from dataclasses import replace
import sys
from threading import Event, Thread

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.ros import live_model, node as node_module
from edgenext_ros.ros.live_model import LiveModel
from helpers.live_models import change, end_threads
from helpers.ros_graph import Process
from lifecycle_msgs.srv import GetState
import pytest
from rcl_interfaces.srv import GetParameters, SetParameters, SetParametersAtomically
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from std_srvs.srv import SetBool

pytest_plugins = ['helpers.live_models']


ENDS_WHILE_LOADING = """
import atexit, sys, threading
import numpy as np
from edgenext_ros.engines.base import ModelInfo
from edgenext_ros.ros import node as module
class Engine:
    picture = np.empty(224 * 224 * 3 // 2, np.uint8)
    def close(self):
        pass
    def slot(self):
        return self
def load(model, **_):
    if model.stem == 'birds':
        print('loading', flush=True)
        threading.Event().wait()
    return Engine(), ModelInfo(model.stem, 'stand-in', 224, 224, 3)
module.ClassifierNode.__init__.__kwdefaults__['opener'] = load
atexit.register(print, 'Python ends', flush=True)
sys.exit(module.main(['--ros-args', '-p', 'runtime:=onnx', '-p', 'model:=' + sys.argv[1]]))
"""


def test_loading_blocks_neither_services_nor_diagnostics_nor_images(
        ros, live_node, models, classify, load_birds):
    answer = load_birds()
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    ros.wait(lambda: diagnostics, what='diagnostics during the load')
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
    assert (classify(), live_node.settings.top_k) == ('bird 4', 1)


@pytest.mark.parametrize('transitions,state', [
    (['deactivate'], 'inactive'), (['deactivate', 'cleanup'], 'unconfigured')], ids=str)
def test_loaded_model_is_used_or_freed_after_a_transition(
        ros, live_node, models, load_birds, transitions, state):
    answer = load_birds()
    for name in transitions:
        getattr(live_node, f'trigger_{name}')()
    models.go.set()
    ros.wait(answer.done, what='the answer')
    assert answer.result().result.successful
    assert live_node.state == state
    assert live_node.get_parameter('model').value == models.path('birds')
    expected = ['birds'] if state == 'inactive' else []
    ros.wait(lambda: models.in_use == expected, what='the end of the models not in use')


@pytest.mark.parametrize('top_k', [3, 1000])
def test_other_parameters_do_not_discard_a_loaded_model(
        ros, live_node, models, classify, load_birds, loaded, top_k):
    answer = load_birds()
    models.go.set()
    assert loaded.wait(20)
    done = live_node.set_parameters([Parameter('top_k', value=top_k)])[0].successful
    assert done == (top_k == 3)
    assert live_node.session.model.info.name == 'cats'
    ros.wait(answer.done, what='the answer')
    assert answer.result().result.successful
    assert (classify(), len(models.opened)) == ('bird 4', 2)


def test_two_threads_changing_the_model_keep_parameter_and_model_consistent(
        live_node, models, classify, monkeypatch):
    """The threads of a MultiThreadedExecutor may do this."""
    checked, go, check = Event(), Event(), LiveModel.check

    def pause(*arguments):
        check(*arguments)
        if not checked.is_set():
            checked.set()
            assert go.wait(20)

    monkeypatch.setattr(LiveModel, 'check', pause)
    setters = [Thread(target=live_node.set_parameters,
                      args=([Parameter('model', value=models.path(name))],))
               for name in ('birds', 'dogs')]
    setters[0].start()
    assert checked.wait(20)
    setters[1].start()
    setters[1].join(0.5)  # without a lock, it has changed the model by then
    go.set()
    for setter in setters:
        setter.join(20)
        assert not setter.is_alive()
    assert live_node.get_parameter('model').value == models.path('dogs')
    assert classify() == 'dog 2'
    end_threads('close model')
    assert models.in_use == ['dogs']


@pytest.mark.parametrize('order', ['load ends first', 'node ends first'])
def test_destroyed_node_frees_a_model_that_no_executor_takes(
        ros, live_node, models, load_birds, loaded, monkeypatch, order):
    monkeypatch.setattr(node_module, 'LOAD_SECONDS', 0.0)
    load_birds()
    if order == 'load ends first':
        models.go.set()
        assert loaded.wait(20)
    live_node.trigger_shutdown()
    live_node.destroy_node()
    models.go.set()
    end_threads('load model')
    end_threads('close model')
    assert models.in_use == []
    assert len(models.opened) == 2


def test_images_are_classified_while_no_executor_takes_the_loaded_model(
        ros, live_node, models, classify, load_birds, monkeypatch):
    monkeypatch.setattr(live_model, 'OFFER_SECONDS', 0.0)
    answer = load_birds()
    models.go.set()
    end_threads('load model')
    assert classify() == 'cat 2'
    end_threads('close model')
    assert models.in_use == ['cats']
    ros.wait(answer.done, what='the answer')
    assert answer.result().result.successful
    assert classify() == 'bird 4'


def test_process_ends_promptly_while_a_model_loads(ros, models, tmp_path):
    """The process must not run Python's exit: it would end the loading thread inside a library."""
    process = Process([sys.executable, '-c', ENDS_WHILE_LOADING, models.path('cats')],
                      ros.environment, tmp_path / 'node.log')
    try:
        (client,) = ros.clients(
            SetParametersAtomically, '/classifier/set_parameters_atomically')

        def asked():
            client.call_async(SetParametersAtomically.Request(
                parameters=change(model=models.path('birds'))))
            return 'loading' in process.output

        ros.wait(asked, what='the load')
        assert process.stop(timeout=10) == 0
        assert 'Python ends' not in process.output
    finally:
        process.kill()


def test_model_loaded_for_an_earlier_session_is_not_used(ros, live_node, models):
    live = LiveModel(live_node, opener=models.open)
    settings = replace(live_node.settings, model=models.path('birds'))
    live.check(live_node.session, settings)
    for name in ('deactivate', 'cleanup', 'configure'):
        getattr(live_node, f'trigger_{name}')()
    live.check(live_node.session, settings)
    assert [engine.info.name for engine in models.opened] == ['cats', 'birds', 'cats', 'birds']
    live.discard()
    ros.wait(lambda: models.in_use == ['cats'], what='the end of the models not in use')


def test_change_is_refused_while_an_image_hangs_in_the_engine(
        live_node, models, classify, make_image, set_parameters):
    engine = models.opened[0]
    engine.begun.clear()
    engine.hangs = True
    live_node.session.receive(serialize_message(make_image()), live_node.session.subscription)
    assert engine.begun.wait(20)
    done, text = set_parameters(model=models.path('birds'))
    assert not done and 'an image has been in work for more than 0.3 s' in text
    assert models.in_use == ['cats']
    engine.hangs = False
    engine.go.set()
    assert live_node.session.pipeline.drain(20)
    assert classify() == 'cat 2'
