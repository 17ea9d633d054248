# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Real nodes in processes of their own, heard over DDS in a domain of each test's own."""

from array import array
from contextlib import ExitStack
from ctypes import CDLL
import gc
import itertools
import os
from pathlib import Path
import signal
import subprocess
import sys
from time import monotonic

from edgenext_ros.core.encode import encode
from edgenext_ros.ros.messages import Classification, image_message
import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
RELIABLE = QoSProfile(depth=10)
pytest.register_assert_rewrite('hostile_engine')  # test modules import it before pytest does

BEST_EFFORT = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)

HANGS_IN_A_PROCESS = """
import importlib, sys, threading
from edgenext_ros.core.classifier import Classifier
from edgenext_ros.engines.onnx import OnnxSlot
begun, classify, run = [], Classifier.classify, OnnxSlot.run
def begin(*arguments, **options):
    begun.append(1)
    print('begins', flush=True)
    return classify(*arguments, **options)
def hang(*arguments):
    if begun:
        threading.Event().wait()
    return run(*arguments)
Classifier.classify, OnnxSlot.run = begin, hang
module = importlib.import_module('edgenext_ros.ros.' + sys.argv[1])
sys.exit(module.main([*sys.argv[1:], '--ros-args', '-p', 'runtime:=onnx']))
"""
"""The node of a module, which after its warm-up never returns from a picture."""


_prctl = CDLL(None).prctl  # here, since between fork and exec little is safe


def _end_with_the_tests():
    """Have Linux kill a child when this process ends, however: the next run has its domain."""
    _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, prctl.h


class Process:
    """One of the package's nodes, with its output in a file."""

    def __init__(self, command, environment, log):
        self.log = log
        with log.open('wb') as output:
            self.process = subprocess.Popen(
                command, env=environment, stdout=output, stderr=subprocess.STDOUT,
                preexec_fn=_end_with_the_tests)

    @property
    def output(self):
        # Cyclone DDS says which interface it takes, each time.
        return ''.join(line for line in self.log.read_text(errors='replace').splitlines(True)
                       if 'selected interface' not in line)

    def stop(self, number=signal.SIGINT, timeout=5.0):
        """End it and return its exit code; 5 s is when launch would escalate."""
        self.process.send_signal(number)
        return self.process.wait(timeout)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Ros:
    """A ROS graph for one test."""

    def __init__(self, domain, folder, stack):
        self.folder = folder
        self._stack = stack
        self._numbers = itertools.count(1)
        self._clients = {}
        self.environment = {**os.environ, 'PYTHONUNBUFFERED': '1'}
        self.context = Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = rclpy.create_node('test', context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        stack.callback(self.context.try_shutdown)
        stack.callback(self.node.destroy_node)
        stack.callback(self.executor.shutdown)  # before the node that it waits for

    def start(self, module, *words, **parameters):
        """Start ``edgenext_ros.ros.MODULE`` with these parameters."""
        arguments = [part for key, value in parameters.items()
                     for part in ('-p', f'{key}:={str(value).lower()}'
                                  if isinstance(value, bool) else f'{key}:={value}')]
        process = Process(
            [sys.executable, '-m', f'edgenext_ros.ros.{module}', '--ros-args', *arguments, *words],
            self.environment, self.folder / f'{module}_{next(self._numbers)}.log')
        self._stack.callback(process.kill)
        return process

    def wait(self, condition, timeout=20.0, what='the condition'):
        """Spin until ``condition()`` is true; its value is returned."""
        end = monotonic() + timeout
        while not (value := condition()):
            if monotonic() > end:
                logs = '\n'.join(f.read_text(errors='replace') for f in self.folder.glob('*.log'))
                pytest.fail(f'{what} did not come in {timeout:.0f} s; output:\n{logs}')
            self.executor.spin_once(timeout_sec=0.05)
        return value

    def collect(self, kind, topic, qos=RELIABLE):
        """Subscribe, and return the list that the messages go into."""
        messages = []
        self.node.create_subscription(kind, topic, messages.append, qos)
        return messages

    def publisher(self, kind=Image, topic='image', qos=RELIABLE):
        """Publish on a topic, once somebody listens."""
        publisher = self.node.create_publisher(kind, topic, qos)
        self.wait(publisher.get_subscription_count, what=f'a subscriber of {topic}')
        return publisher

    def call(self, kind, name, **fields):
        """Call a service and return its response."""
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, name)
        client = self._clients[name]
        if not client.service_is_ready():
            self.wait(client.service_is_ready, what=f'service {name}')
            # The server may find the client later, and Fast DDS drops an answer after 0.1 s.
            end = monotonic() + 0.3
            while monotonic() < end:
                self.executor.spin_once(timeout_sec=0.05)
        future = client.call_async(kind.Request(**fields))
        self.wait(future.done, what=f'the answer of {name}')
        return future.result()

    def ask(self, publisher, message, results):
        """Publish until a result with the message's stamp comes back; return it."""
        return self.repeat(publisher, message, lambda: next(
            (r for r in results if r.header.stamp == message.header.stamp), None))

    def repeat(self, publisher, message, condition):
        """Publish once a second until ``condition()`` is true; its value is returned."""
        def publish_and_look():
            publisher.publish(message)
            end = monotonic() + 1.0
            while not (value := condition()) and monotonic() < end:
                self.executor.spin_once(timeout_sec=0.02)
            return value

        return self.wait(publish_and_look, what='an answer to an image')


@pytest.fixture
def ros(private_graph, tmp_path):
    """Make a ROS graph; whatever was started ends with the test."""
    with ExitStack() as stack:
        yield Ros(private_graph, tmp_path, stack)
    # A destroyed node is in a cycle, and in its domain's graph until that is collected; a hundred
    # tests later another test has this domain.
    gc.collect()


@pytest.fixture
def make_image(photograph):
    """Make Image messages of the photograph, each with a stamp of its own."""
    stamps = itertools.count(1)

    def make(source='bgr8', /, **changes):
        message = image_message(encode(photograph, source), Image().header)
        message.header.frame_id = 'front_camera'
        message.header.stamp.sec = next(stamps)
        for name, value in changes.items():
            setattr(message, name, value)
        return message

    return make


@pytest.fixture
def classifier(ros):
    """Start a classifier with its results in a list: process, results, image publisher."""
    def start(qos=RELIABLE, **parameters):
        process = ros.start('node', **parameters)
        # Not only a subscriber: that might be the last test's node, which is not quite gone.
        ros.wait(lambda: '[classifier]: model ' in process.output, what='the start')
        results = ros.collect(Classification, 'classification')
        kind = CompressedImage if parameters.get('input_type') == 'compressed' else Image
        return process, results, ros.publisher(kind, qos=qos)

    return start


def compressed(data, sec):
    """Make a CompressedImage of these bytes."""
    message = CompressedImage(format='jpeg', data=array('B', bytes(data)))
    message.header.stamp.sec = sec
    return message


def demo_model() -> Path:
    """Return the bundled ONNX file."""
    from edgenext_ros.models.store import locate
    return locate('demo', suffixes=('.onnx',)).path
