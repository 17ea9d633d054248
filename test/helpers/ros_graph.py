# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Real nodes in separate processes; each test talks to them over DDS in its own domain."""

from array import array
from ctypes import CDLL
import itertools
import os
import signal
import subprocess
import sys
from threading import Thread
from time import monotonic

import pytest
import rclpy
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
RELIABLE = QoSProfile(depth=10)
BEST_EFFORT = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)

_prctl = CDLL(None).prctl  # loaded here: little is safe between fork and exec


def _end_with_the_tests():
    """Have Linux kill a child when this process ends: the next run may use its domain."""
    _prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG, prctl.h


class Process:
    """
    One of the package's nodes, with its output in a file.

    :param command: program and arguments.
    :param environment: all of its variables.
    :param log: the file.
    :param as_service: give it the streams and the working directory that systemd gives a service.
    """

    def __init__(self, command, environment, log, *, as_service=False):
        self.log = log
        with log.open('wb') as output:
            self.process = subprocess.Popen(
                command, env=environment, stderr=subprocess.STDOUT,
                stdout=subprocess.PIPE if as_service else output,
                stdin=subprocess.DEVNULL if as_service else None,
                cwd='/' if as_service else None, preexec_fn=_end_with_the_tests)
        if as_service:
            self._reader = Thread(target=self._read, daemon=True)
            self._reader.start()

    def _read(self):
        with self.log.open('wb', buffering=0) as output, self.process.stdout as stream:
            for line in iter(stream.readline, b''):
                output.write(line)

    @property
    def output(self):
        # Cyclone DDS prints the chosen interface at every start.
        return ''.join(line for line in self.log.read_text(errors='replace').splitlines(True)
                       if 'selected interface' not in line)

    def stop(self, number=signal.SIGINT, timeout=5.0):
        """End it and return its exit code; launch would escalate after 5 s."""
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
        # Runs before the node is destroyed. Humble's waits for requests, some of which never end.
        stack.callback(self.executor.shutdown, 2.0)

    def start(self, module, *words, **parameters):
        """Start ``edgenext_ros.ros.MODULE`` with these parameters."""
        arguments = [part for key, value in parameters.items()
                     for part in ('-p', f'{key}:={str(value).lower()}'
                                  if isinstance(value, bool) else f'{key}:={value}')]
        return self.run(
            [sys.executable, '-m', f'edgenext_ros.ros.{module}', '--ros-args', *arguments, *words],
            name=module)

    def run(self, command, *, name='process', environment=None, as_service=False):
        """
        Start a process in this graph; it is killed at the end of the test.

        :param command: program and arguments.
        :param name: first part of the name of its log.
        :param environment: all of its variables, instead of ``self.environment``.
        :param as_service: see ``Process``.
        """
        process = Process(command, self.environment if environment is None else environment,
                          self.folder / f'{name}_{next(self._numbers)}.log',
                          as_service=as_service)
        self.at_end(process.kill)
        return process

    def at_end(self, function):
        """Call a function at the end of the test, before the graph is destroyed."""
        self._stack.callback(function)

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
        """Subscribe, and return the list that collects the messages."""
        messages = []
        self.node.create_subscription(kind, topic, messages.append, qos)
        return messages

    def participant(self):
        """
        Make a node with a DDS participant of its own.

        With Fast DDS's shared memory, a participant that has published to a process that was
        killed may not reach the process that starts next (docs/troubleshooting.md).
        """
        context = Context()
        rclpy.init(context=context, domain_id=self.context.get_domain_id())
        node = rclpy.create_node('participant', context=context)
        self._stack.callback(context.try_shutdown)
        self._stack.callback(node.destroy_node)
        return node

    def publisher(self, kind=Image, topic='image', qos=RELIABLE, node=None):
        """Make a publisher, of ``self.node`` or another one, and wait for a subscriber."""
        publisher = (node or self.node).create_publisher(kind, topic, qos)
        self.wait(publisher.get_subscription_count, what=f'a subscriber of {topic}')
        return publisher

    def clients(self, kind, name, count=1):
        """Make clients of a service, and wait until client and server have found each other."""
        clients = [self.node.create_client(kind, name) for _ in range(count)]
        for client in clients:
            self.wait(client.service_is_ready, what=f'service {name}')
        # The server may discover a client later, and Fast DDS drops an answer after 0.1 s.
        end = monotonic() + 0.3
        while monotonic() < end:
            self.executor.spin_once(timeout_sec=0.05)
        return clients

    def call(self, kind, name, **fields):
        """Call a service and return its response."""
        client = self._clients.get(name)
        if client is None or not client.service_is_ready():
            (client,) = self.clients(kind, name)
            self._clients[name] = client
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


def compressed(data, sec):
    """Make a CompressedImage of these bytes."""
    message = CompressedImage(format='jpeg', data=array('B', bytes(data)))
    message.header.stamp.sec = sec
    return message
