# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is under way when something else comes: a frame in work, a model that loads."""

import signal
import subprocess
import sys
from threading import enumerate as enumerate_threads, Event, Thread

from edgenext_ros.models.store import resource_folder
from edgenext_ros.ros import session as module
from edgenext_ros.ros.messages import Classification
from edgenext_ros.ros.publishers import Publishers
from helpers.programs import LOADS_FOR_LONG
from helpers.ros_graph import Process
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import pytest
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

pytest_plugins = ['helpers.hostile_engine']
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
import os, threading, rclpy
from edgenext_ros.ros.node import ClassifierNode
from edgenext_ros.ros.receiver import Receiver
from rclpy.executors import ExternalShutdownException
ended, wait = threading.Event(), Receiver.wait
def note(self):
    more = wait(self)
    if not more:
        ended.set()
    return more
Receiver.wait = note
rclpy.init()
node = ClassifierNode()
assert node.autostart()
try:
    print('spins', flush=True)
    rclpy.spin(node)
except (KeyboardInterrupt, ExternalShutdownException):
    pass
if ended.wait(20):
    print('nobody waits for images', flush=True)
os._exit(0)
"""


def test_late_result_is_not_published_after_a_new_start(engine, node, give, published):
    engine.answer = engine.hang
    give(node)
    assert engine.begun.wait(20)
    node.trigger_deactivate()
    node.trigger_activate()
    engine.go.set()
    assert node.session.pipeline.drain(20)
    assert not published


def test_image_that_a_newer_one_replaces_is_not_even_read(engine, node, give, published):
    engine.answer = engine.hang
    first = give(node)
    assert engine.begun.wait(20)
    give(node, b'not a message')
    last = give(node)
    engine.go.set()
    pipeline = node.session.pipeline
    assert pipeline.drain(20)
    assert published == [first, last]
    counts = node.statistics.report().counts
    assert (counts.received, counts.refused, pipeline.dropped) == (3, 0, 1)


def test_image_in_work_keeps_its_parameters(ros, engine, node, give):
    results = ros.collect(Classification, 'classification')
    ros.wait(lambda: node.count_subscribers('classification'), what='the subscriber')
    engine.answer = engine.hang
    give(node)
    assert engine.begun.wait(20)
    assert node.set_parameters_atomically(
        [Parameter('top_k', value=2), Parameter('class_id', value='name')]).successful
    engine.go.set()
    assert node.session.pipeline.drain(20)
    give(node)
    ros.wait(lambda: len(results) == 2, what='both results')
    before, after = ([one.class_id for one in result.results] for result in results)
    assert (len(before), len(after)) == (5, 2)
    assert after == [node.session.model.labels[int(class_id)] for class_id in before[:2]]


def test_pause_does_not_wait_for_the_image_in_work(engine, node, give, published, monkeypatch):
    monkeypatch.setattr(module, 'STOP_SECONDS', 100)
    engine.answer = engine.hang
    give(node)
    assert engine.begun.wait(20)
    paused = Thread(target=node.trigger_deactivate)
    paused.start()
    paused.join(10)
    assert not paused.is_alive() and not engine.go.is_set()
    engine.go.set()
    assert node.session.pipeline.drain(20)
    assert not published


def test_pause_waits_for_the_result_that_is_being_published(engine, node, give, monkeypatch):
    begun, go = Event(), Event()
    monkeypatch.setattr(Publishers, 'publish', lambda *_: (begun.set(), go.wait(20)))
    give(node)
    assert begun.wait(20)
    paused = Thread(target=node.trigger_deactivate)
    paused.start()
    paused.join(0.2)
    assert paused.is_alive()
    go.set()
    paused.join(20)
    assert not paused.is_alive()


def test_destroyed_node_leaves_neither_model_nor_threads(engine, node, monkeypatch):
    monkeypatch.setattr(module, 'STOP_SECONDS', 20)
    before = [thread for thread in enumerate_threads() if thread.name.startswith('classify')]
    node.destroy_node()
    assert engine.closed == 1
    assert before and not any(thread.is_alive() for thread in before)


@pytest.mark.parametrize('name', ['cleanup', 'shutdown', 'destroy'])
def test_end_in_mid_traffic_raises_nothing(engine, node, give, capfd, name):
    """Images arrive while the session ends, in the camera's thread and in the node's."""
    ended = Event()

    def play():
        while not ended.is_set():
            session = node.session
            if session is not None:
                session.receive(image, session.subscription)

    image = serialize_message(Image())
    cameras = [Thread(target=play) for _ in range(2)]
    for camera in cameras:
        camera.start()
    try:
        for _ in range(5 if name == 'cleanup' else 1):
            if name == 'destroy':
                node.destroy_node()
            else:
                node.trigger_deactivate()
                getattr(node, f'trigger_{name}')()
            if name == 'cleanup':
                node.trigger_configure()
                node.trigger_activate()
    finally:
        ended.set()
        for camera in cameras:
            camera.join()
    assert 'Traceback' not in capfd.readouterr().err
    if name == 'cleanup':
        give(node)
        assert node.session.pipeline.drain(20)
        assert node.statistics.report().counts.classified


def test_cycles_leave_nothing_in_the_callback_group_of_the_node(node):
    before = len(node.default_callback_group.entities)
    for _ in range(3):
        node.trigger_deactivate()
        node.trigger_cleanup()
        node.trigger_configure()
        node.trigger_activate()
    assert len(node.default_callback_group.entities) == before


def test_signal_in_a_program_of_the_users_own(ros, tmp_path):
    process = Process([sys.executable, '-c', USERS_OWN], ros.environment, tmp_path / 'own.log')
    try:
        ros.wait(lambda: 'spins' in process.output, what='the start')
        assert process.stop(timeout=20) == 0
        assert 'nobody waits for images' in process.output
    finally:
        process.kill()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('autostart', [True, False])
def test_signal_while_a_model_loads(ros, tmp_path, autostart, number):
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
def test_signal_that_another_thread_gets(private_graph, number):
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
