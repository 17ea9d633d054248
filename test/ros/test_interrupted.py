# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Transitions, parameters and signals while an image is in work or a model loads."""

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
# The kernel delivers a signal to any thread; here not to the main thread, which handles it.
SIGNALLED_ELSEWHERE = """
import signal, sys, threading
from edgenext_ros.ros import node
def send():
    while sys._current_frames()[threading.main_thread().ident].f_code.co_name != 'run_all':
        pass  # the main thread still waits for a thread to start
    signal.pthread_kill(threading.get_ident(), {number})
def start(self):
    threading.Thread(target=send).start()
    return True
node.ClassifierNode.autostart = start
sys.exit(node.main())
"""

# Steps at the end of the process raise.
FAILS_AT_THE_END = """
import sys
from edgenext_ros.ros.node import ClassifierNode
from edgenext_ros.ros.multi_node import main
destroy = ClassifierNode.destroy_node
def fail(node):
    raise ValueError('by a test')
def note(node):
    destroy(node)
    print('a classifier destroyed', flush=True)
    if sys.argv[1] == 'destroy_node':
        fail(node)
ClassifierNode.destroy_node = note
if sys.argv[1] == 'trigger_shutdown':
    ClassifierNode.trigger_shutdown = fail
sys.exit(main(['multi', 'front', 'rear', '--ros-args', '-p', 'runtime:=onnx']))
"""


# A user's program, in which rclpy handles the signals.
USER_PROGRAM = """
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
    print('the receiver has ended', flush=True)
os._exit(0)
"""


def test_late_result_is_not_published_after_reactivation(engine, node, give, published):
    engine.answer = engine.hang
    give(node)
    assert engine.begun.wait(20)
    node.trigger_deactivate()
    node.trigger_activate()
    engine.go.set()
    assert node.session.pipeline.drain(20)
    assert not published


def test_replaced_image_is_not_read(engine, node, give, published):
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
    before, after = ([entry.class_id for entry in result.results] for result in results)
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
def test_session_ends_without_errors_while_images_arrive(engine, node, give, capfd, name):
    """Two threads deliver images while a third ends the session."""
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


def test_lifecycle_cycles_leave_no_entities_in_the_callback_group(node):
    before = len(node.default_callback_group.entities)
    for _ in range(3):
        node.trigger_deactivate()
        node.trigger_cleanup()
        node.trigger_configure()
        node.trigger_activate()
    assert len(node.default_callback_group.entities) == before


def test_signal_in_a_user_program_ends_the_receiver(ros, tmp_path):
    process = Process([sys.executable, '-c', USER_PROGRAM], ros.environment, tmp_path / 'own.log')
    try:
        ros.wait(lambda: 'spins' in process.output, what='the start')
        assert process.stop(timeout=20) == 0
        assert 'the receiver has ended' in process.output
    finally:
        process.kill()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('autostart', [True, False])
def test_signal_while_a_model_loads_ends_node_cleanly(ros, tmp_path, autostart, number):
    process = Process(
        [sys.executable, '-c', LOADS_FOR_LONG.format(autostart=str(autostart).lower())],
        ros.environment, tmp_path / 'node.log')
    try:
        if not autostart:
            (client,) = ros.clients(ChangeState, '/classifier/change_state')
            client.call_async(ChangeState.Request(
                transition=Transition(id=Transition.TRANSITION_CONFIGURE)))
        ros.wait(lambda: 'loading' in process.output, what='the load')
        assert process.stop(number) == 0
        assert 'Traceback' not in process.output
    finally:
        process.kill()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signal_to_another_thread_ends_node(private_graph, number):
    code = SIGNALLED_ELSEWHERE.format(number=int(number))
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('module,words,nodes', [
    ('node', [], ['classifier']), ('multi_node', ['--', 'front', 'rear'], ['classifier'] * 2),
    ('camera.node', ['-p', f'source:={PICTURES}'], ['camera'])], ids=['node', 'multi', 'camera'])
def test_repeated_signals_end_node_cleanly(ros, module, words, nodes, number):
    """Terminal and launch both send a signal, the second possibly while the process ends."""
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


@pytest.mark.parametrize('step', ['trigger_shutdown', 'destroy_node'])
def test_every_node_is_destroyed_although_a_step_raises(ros, step):
    process = ros.run([sys.executable, '-c', FAILS_AT_THE_END, step])
    ros.wait(lambda: process.output.count('[front.classifier]: listening')
             + process.output.count('[rear.classifier]: listening') == 2, what='the start')
    assert process.stop() == 0
    assert process.output.count('classifier destroyed') == 2
    assert process.output.count('ValueError: by a test') == 2
