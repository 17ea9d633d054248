# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is under way when something else comes: a frame in work, a model that loads."""

import signal
import subprocess
import sys
from threading import Event, Thread

from edgenext_ros.models.store import resource_folder
from edgenext_ros.ros import node as module
from helpers.programs import LOADS_FOR_LONG
from helpers.ros_graph import Process
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import pytest
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message

PICTURES = resource_folder() / 'pictures'
# A signal goes to any thread of a process; here it is not the one that Python handles it in.
SIGNALLED_ELSEWHERE = """
import signal, sys, threading
from edgenext_ros.ros import node
def send():
    while sys._current_frames()[threading.main_thread().ident].f_code.co_name != 'run_all':
        pass  # it waits for a thread to start, not for the end
    signal.pthread_kill(threading.get_ident(), {number})
def start(self):
    threading.Thread(target=send).start()
    return True
node.ClassifierNode.autostart = start
sys.exit(node.main())
"""


# A program of a user's own, in which rclpy answers the signals.
USERS_OWN = """
import os, rclpy
from edgenext_ros.ros.node import ClassifierNode
from rclpy.executors import ExternalShutdownException
rclpy.init()
node = ClassifierNode()
assert node.autostart()
try:
    print('spins', flush=True)
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
while node.pipeline._source is not None:
    pass
print('nobody waits for images', flush=True)
os._exit(0)
"""


@pytest.fixture
def node(ros, monkeypatch):
    """Make an active classifier in this process, which waits for a frame in work only briefly."""
    monkeypatch.setattr(module, '_STOP_SECONDS', 0.01)
    # By name: the stand-ins of the board's modules can be imported in this process.
    node = module.ClassifierNode(
        context=ros.context, parameter_overrides=[Parameter('runtime', value='onnx')])
    node.trigger_configure()
    node.trigger_activate()
    yield node
    node.trigger_shutdown()
    node.destroy_node()


@pytest.fixture
def slow(node, monkeypatch):
    """Let the node's engine wait: the two events say that it has begun, and that it may go on."""
    begun, go = Event(), Event()
    infer = node.engine.classifier._infer

    def wait(nv12):
        begun.set()
        assert go.wait(20)
        return infer(nv12)

    monkeypatch.setattr(node.engine.classifier, '_infer', wait)
    yield begun, go
    go.set()


@pytest.fixture
def published(node, monkeypatch):
    """Collect the headers of the node's results, which go nowhere else."""
    headers = []
    monkeypatch.setattr(
        node, '_publish', lambda frame, result, header, labels, **_: headers.append(header))
    return headers


@pytest.mark.parametrize('name', ['deactivate', 'cleanup'])
def test_a_late_result_is_not_published_after_a_new_start(node, make_image, slow, published,
                                                          name):
    begun, go = slow
    pipeline = node.pipeline
    node._on_image(serialize_message(make_image()), node.subscription)
    assert begun.wait(20)
    node.trigger_deactivate()
    if name == 'cleanup':
        node.trigger_cleanup()
        node.trigger_configure()
    node.trigger_activate()
    go.set()
    assert pipeline.stop(20)
    assert not published


def test_an_image_that_a_newer_one_replaces_is_not_even_read(node, make_image, slow, published):
    begun, go = slow
    first, last = make_image(), make_image()
    node._on_image(serialize_message(first), node.subscription)
    assert begun.wait(20)
    node._on_image(b'not a message', node.subscription)
    node._on_image(serialize_message(last), node.subscription)
    go.set()
    assert node.pipeline.drain(20)
    assert published == [first.header, last.header]
    counts = node.statistics.report().counts
    assert (counts.received, counts.refused, node.pipeline.dropped) == (3, 0, 1)


def test_an_image_keeps_the_parameters_that_it_came_with(node, make_image, slow, monkeypatch):
    begun, go = slow
    seen = []
    monkeypatch.setattr(node._outputs.classification, 'publish', lambda message: seen.append(
        [result.class_id for result in message.results]))
    node._on_image(serialize_message(make_image()), node.subscription)
    assert begun.wait(20)
    assert node.set_parameters_atomically(
        [Parameter('top_k', value=2), Parameter('class_id', value='name')]).successful
    go.set()
    assert node.pipeline.drain(20)
    node._on_image(serialize_message(make_image()), node.subscription)
    assert node.pipeline.drain(20)
    before, after = seen
    assert (len(before), len(after)) == (5, 2)
    assert after == [node.engine.labels[int(class_id)] for class_id in before[:2]]


def test_a_pause_does_not_wait_for_the_image_in_work(node, make_image, slow, published,
                                                     monkeypatch):
    begun, go = slow
    monkeypatch.setattr(module, '_STOP_SECONDS', 100)
    node._on_image(serialize_message(make_image()), node.subscription)
    assert begun.wait(20)
    paused = Thread(target=node.trigger_deactivate)
    paused.start()
    paused.join(10)
    assert not paused.is_alive() and not go.is_set()
    go.set()
    assert node.pipeline.drain(20)
    assert not published


def test_a_pause_waits_for_the_result_that_is_being_published(node, make_image, monkeypatch):
    begun, go = Event(), Event()
    monkeypatch.setattr(node, '_publish', lambda *_, **__: (begun.set(), go.wait(20)))
    node._on_image(serialize_message(make_image()), node.subscription)
    assert begun.wait(20)
    paused = Thread(target=node.trigger_deactivate)
    paused.start()
    paused.join(0.2)
    assert paused.is_alive()
    go.set()
    paused.join(20)
    assert not paused.is_alive()


def test_a_destroyed_node_leaves_nothing(node, monkeypatch):
    closed = []
    monkeypatch.setattr(module, '_STOP_SECONDS', 20)
    monkeypatch.setattr(node.engine.runtime, 'close', lambda: closed.append(True))
    threads = node.pipeline._threads
    node.destroy_node()
    assert closed and threads and not any(thread.is_alive() for thread in threads)


def test_cycles_leave_nothing_in_the_nodes_callback_group(node):
    before = len(node.default_callback_group.entities)
    for _ in range(3):
        node.trigger_deactivate()
        node.trigger_cleanup()
        node.trigger_configure()
        node.trigger_activate()
    assert len(node.default_callback_group.entities) == before


def test_a_signal_in_a_program_of_the_users_own(ros, tmp_path):
    process = Process([sys.executable, '-c', USERS_OWN], ros.environment, tmp_path / 'own.log')
    try:
        ros.wait(lambda: 'spins' in process.output, what='the start')
        assert process.stop(timeout=20) == 0
        assert 'nobody waits for images' in process.output
    finally:
        process.kill()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('autostart', [True, False])
def test_a_signal_while_a_model_loads(ros, tmp_path, autostart, number):
    process = Process(
        [sys.executable, '-c', LOADS_FOR_LONG.format(autostart=str(autostart).lower())],
        ros.environment, tmp_path / 'node.log')
    try:
        if not autostart:
            client = ros.node.create_client(ChangeState, '/classifier/change_state')
            ros.wait(client.service_is_ready)
            client.call_async(ChangeState.Request(
                transition=Transition(id=Transition.TRANSITION_CONFIGURE)))
        ros.wait(lambda: 'loading' in process.output, what='the load')
        assert process.stop(number) == 0
        assert 'Traceback' not in process.output
    finally:
        process.kill()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_another_thread_gets(private_graph, number):
    code = SIGNALLED_ELSEWHERE.format(number=int(number))
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('module,words,nodes', [
    ('node', [], ['classifier']), ('multi_node', ['--', 'front', 'rear'], ['classifier'] * 2),
    ('camera.node', ['-p', f'source:={PICTURES}'], ['camera'])], ids=['node', 'multi', 'camera'])
def test_signals_until_the_very_end(ros, module, words, nodes, number):
    """The terminal sends one and launch another, in the worst case after the node's own end."""
    process = ros.start(module, *words)
    ros.wait(lambda: sorted(ros.node.get_node_names()) == sorted([*nodes, 'test']), what=module)
    ended = Event()

    def go_on():
        while not ended.wait(0.005):
            process.process.send_signal(number)

    signals = Thread(target=go_on)
    signals.start()
    try:
        assert process.process.wait(20) == 0
    finally:
        ended.set()
        signals.join()
    assert 'Traceback' not in process.output
