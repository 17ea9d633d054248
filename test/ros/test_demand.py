# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameter lazy: images are taken only while a result has a listener or is requested."""

from threading import enumerate as enumerate_threads, Event, Thread

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.ros import demand
from edgenext_ros.ros.errors import NO_THREAD
from edgenext_ros.ros.messages import Classification
from edgenext_ros.ros.publishers import Publishers
from helpers.diagnosed import status
from helpers.lifecycle import ACTIVATE, change, DEACTIVATE
from helpers.parameters import set_parameters
from helpers.ros_graph import LATCHED
import pytest
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool, Trigger
from vision_msgs.msg import LabelInfo, VisionInfo

pytest_plugins = ['helpers.hostile_engine']

IDLE = (0, 'idle: lazy is true, and nobody listens to the results')


@pytest.fixture
def lazy(ros):
    """Start a lazy node without a camera; return process, diagnostics and image publisher."""
    process = ros.start('node', lazy=True, image_timeout=0.3)
    ros.wait(lambda: 'listening on' in process.output, what='the start')
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    labels = [ros.collect(LabelInfo, '/classifier/label_info', LATCHED),
              ros.collect(VisionInfo, '/classifier/vision_info', LATCHED)]
    ros.wait(lambda: all(labels) and len(diagnostics) > 3, what='labels and diagnostics')
    return process, diagnostics, ros.node.create_publisher(Image, 'image', 10)


@pytest.fixture
def subscribed(ros, lazy):
    """Return a function that waits until the node takes images, or no longer does."""
    _, _, camera = lazy
    return lambda wanted: ros.wait(lambda: bool(camera.get_subscription_count()) == wanted,
                                   what=f'{"a" if wanted else "no"} subscription')


def test_node_is_idle_without_listeners(ros, lazy, subscribed, make_image):
    """One node, because each phase begins where the one before ended: idle."""
    process, diagnostics, camera = lazy
    assert 'once somebody listens to a result, classifications on' in process.output
    assert {(level, text) for level, text, _ in map(status, ([one] for one in diagnostics))} == {
        IDLE}, 'although there is no camera'
    assert 'no image' not in process.output and not camera.get_subscription_count()

    for topic, kind in (('classification', Classification),
                        ('classifier/annotated_image', Image)):
        received = []
        listener = ros.node.create_subscription(kind, topic, received.append, 10)
        ros.repeat(camera, make_image(), received.copy)
        ros.node.destroy_subscription(listener)
        subscribed(False)
        assert f'no longer idle: /{topic} has a listener' in process.output
    ros.wait(lambda: status(diagnostics)[:2] == IDLE, what='diagnostics of the idle node')

    (client,) = ros.clients(Trigger, '/classifier/classify_once')
    answer = client.call_async(Trigger.Request())
    camera_image = make_image()
    ros.wait(lambda: camera.publish(camera_image) or answer.done(), what='the answer')
    assert answer.result().success
    subscribed(False)
    answer = ros.call(Trigger, '/classifier/classify_once')
    assert not answer.success and '/image is published but brings none' in answer.message
    subscribed(False)

    for value in (False, True):
        assert set_parameters(ros, lazy=value)[0].successful
        subscribed(not value)
    listener = ros.node.create_subscription(Classification, 'classification', [].append, 10)
    subscribed(True)
    for value in (False, True):
        assert ros.call(SetBool, '/classifier/set_enabled', data=value).success
        subscribed(value)
    for transition in (DEACTIVATE, ACTIVATE):
        assert change(ros, transition)
        subscribed(transition == ACTIVATE)
    ros.node.destroy_subscription(listener)
    subscribed(False)
    assert 'idle: lazy is true, and nobody listens to /classification or /classifier/annotated' \
        in process.output
    assert process.stop() == 0
    assert 'Traceback' not in process.output


def counting():
    return [thread for thread in enumerate_threads() if thread.name == 'listeners']


@pytest.fixture
def lazy_node(node):
    """Make an active lazy classifier in this process, which no executor spins."""
    node.set_parameters([Parameter('lazy', value=True)])
    assert node.session.subscription is None and len(counting()) == 1
    return node


@pytest.mark.parametrize('end', ['trigger_shutdown', 'destroy_node'])
def test_listeners_are_not_counted_after_the_end(lazy_node, end):
    getattr(lazy_node, end)()
    assert counting() == []


def test_listeners_are_counted_only_while_they_matter(ros, lazy_node):
    steps = (lambda: lazy_node.trigger_deactivate(), lambda: lazy_node.trigger_activate(),
             lambda: lazy_node.set_parameters([Parameter('lazy', value=False)]),
             lambda: lazy_node.set_parameters([Parameter('lazy', value=True)]))
    found = []
    for step in steps:
        before = counting()
        step()
        for thread in before:
            thread.join(20)
        found.append(len(counting()))
    assert found == [0, 1, 0, 1]


def test_busy_executor_gets_one_task(ros, lazy_node, monkeypatch):
    tasks, counts = [], Event()
    ros.executor.add_node(lazy_node)
    create_task = ros.executor.create_task
    monkeypatch.setattr(ros.executor, 'create_task', lambda *arguments: (
        tasks.append(arguments), create_task(*arguments))[1])
    asked = []

    def listened(publishers):
        asked.append(1)
        if len(asked) > 5:
            counts.set()
        return ('/classification',)

    monkeypatch.setattr(Publishers, 'listened', listened)
    assert counts.wait(20)
    assert len(tasks) == 1 and lazy_node.session.subscription is None
    ros.wait(lambda: lazy_node.session.subscription, what='the subscription')
    monkeypatch.setattr(Publishers, 'listened', lambda publishers: ())
    ros.wait(lambda: not lazy_node.session.subscription, what='the end of the subscription')
    ros.executor.remove_node(lazy_node)


def test_count_that_fails_is_logged_and_repeated(ros, lazy_node, monkeypatch, capfd):
    failed = Event()

    def fail(publishers):
        failed.set()
        raise OSError('by a test')

    ros.executor.add_node(lazy_node)
    with monkeypatch.context() as short:
        short.setattr(Publishers, 'listened', fail)
        assert failed.wait(20)
    monkeypatch.setattr(Publishers, 'listened', lambda publishers: ('/classification',))
    ros.wait(lambda: lazy_node.session.subscription, what='the subscription')
    assert 'the count of listeners failed, the node goes on' in capfd.readouterr().err
    ros.executor.remove_node(lazy_node)


def test_node_without_a_thread_is_not_activated(lazy_node, monkeypatch):
    def refuse(thread):
        raise RuntimeError(NO_THREAD)

    (before,) = counting()
    lazy_node.trigger_deactivate()
    before.join(20)
    with monkeypatch.context() as short:
        short.setattr(Thread, 'start', refuse)
        assert lazy_node.trigger_activate() == TransitionCallbackReturn.FAILURE
    assert 'too many threads' in lazy_node.failure and lazy_node.state == 'inactive'
    assert lazy_node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    assert len(counting()) == 1


def test_each_change_of_the_listeners_is_found_by_one_count(ros, lazy_node, monkeypatch):
    """An idle node has 300 ms for its first result, with a camera of 10 Hz as well."""
    assert demand.POLL_S <= 0.1
    listened = []
    monkeypatch.setattr(Publishers, 'listened', lambda publishers: tuple(listened))
    lazy_node._demand._poll(False)  # this test counts
    ros.executor.add_node(lazy_node)
    for change_listeners in (lambda: listened.append('/classification'), listened.clear) * 2:
        before = lazy_node.session.subscription is None
        lazy_node._demand._check()
        ros.executor.spin_once(timeout_sec=0.0)
        assert (lazy_node.session.subscription is None) == before
        change_listeners()
        lazy_node._demand._check()
        ros.wait(lambda before=before: (lazy_node.session.subscription is None) != before,
                 what='the change')
    ros.executor.remove_node(lazy_node)


@pytest.mark.parametrize('lazy', [False, True])
def test_update_of_another_thread_during_activation_keeps_the_subscription(
        node, monkeypatch, lazy):
    """A service may call before the state changes from activating to active."""
    monkeypatch.setattr(Publishers, 'listened', lambda publishers: ('/classification',))
    node.set_parameters([Parameter('lazy', value=lazy)])
    node.trigger_deactivate()
    node._demand.update(active=True)
    node._demand.update()
    assert node.session.subscription is not None and len(counting()) == int(lazy)
    node._demand.update(active=False)
    node._demand.update()
    for thread in counting():
        thread.join(20)
    assert node.session.subscription is None and not counting()


def test_listener_of_a_node_that_cannot_subscribe_is_no_idle_time(node, lazy_node, monkeypatch):
    def refuse(*_):
        raise OSError('by a test')

    assert node.snapshot().idle
    monkeypatch.setattr(Publishers, 'listened', lambda publishers: ('/classification',))
    monkeypatch.setattr(node.session.receiver, 'subscribe', refuse)
    with pytest.raises(OSError, match='by a test'):
        node._demand.update()
    assert not node.snapshot().idle and not node.session.listens
