# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The service ~/classify_once."""

import re
import time

from diagnostic_msgs.msg import DiagnosticArray
from helpers.diagnosed import status
from helpers.lifecycle import ACTIVATE, change, DEACTIVATE
from lifecycle_msgs.msg import Transition
import pytest
from std_srvs.srv import SetBool, Trigger

NAME = '/classifier/classify_once'
pytest_plugins = ['helpers.live_models']
WORDS = re.compile(r'\S.* \d\.\d{3}(, \S.* \d\.\d{3}){4}')


@pytest.fixture
def ask_once(ros):
    """Call the service from several clients, and publish an image until all have answers."""
    def ask(camera, image, clients=1):
        futures = [client.call_async(Trigger.Request())
                   for client in ros.clients(Trigger, NAME, clients)]
        if camera is not None:
            ros.repeat(camera, image, lambda: all(future.done() for future in futures))
        ros.wait(lambda: all(future.done() for future in futures), what='the answers')
        return [future.result() for future in futures]
    return ask


def test_two_clients_get_the_result_of_the_next_image(ros, classifier, make_image, ask_once):
    _, results, camera = classifier(image_timeout=20.0)
    image = make_image()
    answers = ask_once(camera, image, clients=2)
    assert all(answer.success and WORDS.fullmatch(answer.message) for answer in answers)
    assert results[-1].header == image.header


def test_one_image_is_classified_while_paused(ros, classifier, make_image, ask_once):
    _, results, camera = classifier(max_rate=0.01, image_timeout=20.0)
    ros.ask(camera, make_image(), results)
    ros.call(SetBool, '/classifier/set_enabled', data=False)
    ros.wait(lambda: not camera.get_subscription_count(), what='the end of the subscription')
    for _ in range(2):
        results.clear()
        (answer,) = ask_once(camera, make_image())
        assert answer.success
        ros.wait(lambda: not camera.get_subscription_count(), what='the pause')
        ros.wait(lambda: results, what='the result')
        assert len({result.header.stamp.sec for result in results}) == 1
    assert ros.call(SetBool, '/classifier/set_enabled', data=True).success
    ros.wait(camera.get_subscription_count, what='the subscription')


def test_bad_image_is_answered_with_its_error(ros, classifier, make_image, ask_once):
    _, _, camera = classifier(image_timeout=20.0)
    (answer,) = ask_once(camera, make_image(encoding='foo'))
    assert not answer.success
    assert "encoding 'foo' is not supported" in answer.message


def test_missing_image_is_answered_after_the_timeout(ros, classifier, ask_once):
    process, _, _ = classifier(image_timeout=0.3)
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    ros.wait(lambda: diagnostics, what='diagnostics')
    begin = time.monotonic()
    answers = ask_once(None, None, clients=2)
    assert time.monotonic() - begin < 10
    assert {(answer.success, answer.message) for answer in answers} == {
        (False, 'no result in 0.3 s: no image, /image is published but brings none: its camera '
         'sends nothing, or DDS loses its frames; large ones need a profile, see "Large frames" '
         'in docs/robot.md; after a crash of any node that listens to it, restart the camera')}
    before = len(diagnostics)
    ros.wait(lambda: len(diagnostics) > before, what='diagnostics, still')
    assert status(diagnostics)[1].startswith('no image for')
    assert process.stop() == 0


def test_inactive_node_answers_with_the_needed_transition(ros, classifier, ask_once):
    process, _, camera = classifier(image_timeout=60.0)
    (client,) = ros.clients(Trigger, NAME)

    def ask_while_paused():
        ros.wait(lambda: not camera.get_subscription_count(), what='the pause')
        waiting = client.call_async(Trigger.Request())
        ros.wait(camera.get_subscription_count, what='the subscription for one image')
        return waiting

    ros.call(SetBool, '/classifier/set_enabled', data=False)
    waiting = ask_while_paused()
    assert change(ros, DEACTIVATE)
    ros.wait(waiting.done, what='the answer')
    assert (waiting.result().success, waiting.result().message) == (
        False, 'the node was deactivated')
    (answer,) = ask_once(None, None)
    assert not answer.success
    assert answer.message == (
        'the node is inactive: "ros2 lifecycle set /classifier activate" first')
    assert change(ros, ACTIVATE)
    waiting = ask_while_paused()
    assert change(ros, Transition.TRANSITION_ACTIVE_SHUTDOWN)
    ros.wait(waiting.done, what='the answer')
    assert waiting.result().message == 'the node was shut down'
    (answer,) = ask_once(None, None)
    assert answer.message == 'the node is finalized'
    assert 'Traceback' not in process.output


def test_ctrl_c_ends_node_with_a_waiting_request(ros, classifier):
    process, _, camera = classifier(image_timeout=60.0)
    ros.call(SetBool, '/classifier/set_enabled', data=False)
    ros.wait(lambda: not camera.get_subscription_count(), what='the pause')
    ros.node.create_client(Trigger, NAME).call_async(Trigger.Request())
    ros.wait(camera.get_subscription_count, what='the subscription for one image')
    assert process.stop() == 0
    assert 'Traceback' not in process.output


@pytest.mark.parametrize('step', ['create_timer', '_listen'])
def test_request_without_memory_is_answered_and_not_listed(ros, live_node, monkeypatch, step):
    def fail(*_, **__):
        raise MemoryError

    with monkeypatch.context() as short:
        short.setattr(live_node if step == 'create_timer' else live_node._once, step, fail)
        answer = ros.call(Trigger, NAME)
    assert (answer.success, answer.message) == (False, 'no result: not enough memory')
    assert not live_node._once.waiting()
    timers = [timer for timer in live_node.timers if timer.timer_period_ns > 1_000_000_000]
    assert not timers, 'only that of the diagnostics'
