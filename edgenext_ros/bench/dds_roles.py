# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The processes of ``edgenext bench dds``: camera, subscribers, classifier and listener.

``python -m edgenext_ros.bench.dds_roles ROLE JSON [--ros-args ...]`` prints ``ready``, works until
its standard input ends (a camera: until it has sent all images), and prints its figures in JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from ctypes import CDLL, PyDLL
from importlib import import_module
import json
import mmap
import os
from pathlib import Path
from resource import getpagesize
import subprocess
import sys
from threading import Event, Thread
from time import monotonic, process_time, time
from types import SimpleNamespace
from typing import Any

from edgenext_ros.bench.dds_camera import camera, wait_for
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import qos_profile_sensor_data, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

_NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
_LOGITS = np.random.default_rng(0).normal(0, 3, 100).astype(np.float32)
"""Output of the stand-in inference; as many values as the bundled model has classes."""
_LAST_S = 10.0
"""Limit for the last images and results to arrive."""


class FrameMeter:
    """Count frames, and measure this process's CPU time from the first frame to the last."""

    def __init__(self) -> None:
        self.count = 0
        self.memory: dict[int, float] = {}
        self._first = self._last = 0.0

    def __call__(self) -> None:
        """Count one frame."""
        self._last = process_time()
        if not self.count:
            self._first = self._last
        self.count += 1
        if self.count in (100, 1000, 10_000):
            self.memory[self.count] = resident_mb()

    def figures(self) -> dict[str, Any]:
        """Return frames, CPU time of a frame in ms, and memory in MB after some counts."""
        spent = self._last - self._first
        return {'frames': self.count, 'cpu_ms': 1e3 * spent / max(1, self.count - 1),
                'memory_mb': self.memory}


def resident_mb() -> float:
    """Return this process's resident memory, in 10^6 bytes."""
    return int(Path('/proc/self/statm').read_text().split()[1]) * getpagesize() / 1e6


def floor(node: Node, options: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Take serialised images and drop them."""
    meter, ages = FrameMeter(), []

    def on_image(message: bytes) -> None:
        meter()
        ages.append(1e3 * (time() - _stamp(message)))

    node.create_subscription(Image, 'image', on_image, _NEWEST, raw=True)
    return lambda: {**meter.figures(), 'ages_ms': ages}


def echo(node: Node, options: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Take serialised images, and answer each immediately with the same result."""
    from edgenext_ros.ros.messages import Classification
    from vision_msgs.msg import ObjectHypothesis

    meter, result = FrameMeter(), Classification(results=[ObjectHypothesis(class_id='0')] * 5)
    publisher = node.create_publisher(Classification, 'classification', 10)

    def on_image(message: bytes) -> None:
        stamp = result.header.stamp
        stamp.sec, stamp.nanosec = divmod(round(1e9 * _stamp(message)), 10 ** 9)
        publisher.publish(result)
        meter()

    node.create_subscription(Image, 'image', on_image, _NEWEST, raw=True)
    _wait_for_listener(node)
    return meter.figures


def _stamp(message: bytes) -> float:
    sec, nanosec = np.frombuffer(message, np.int32, 2, 4).tolist()
    return sec + nanosec / 1e9


def _wait_for_listener(node: Node) -> None:
    wait_for(lambda: node.count_subscribers('classification'), 'subscriber of the results')


def plain(node: Node, options: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Run the usual node: cv_bridge, then the model zoo's Python path, in the callback."""
    from cv_bridge import CvBridge
    from edgenext_ros.ros.messages import Classification
    from vision_msgs.msg import ObjectHypothesis

    path, bridge, meter = import_module(options['path']), CvBridge(), FrameMeter()
    publisher = node.create_publisher(Classification, 'classification', 10)

    def on_image(message: Image) -> None:
        image = bridge.imgmsg_to_cv2(message, 'bgr8')
        path.preprocess(image, width=224, height=224)
        result = Classification(header=message.header)
        for index, score in zip(*path.postprocess(_LOGITS, top_k=5), strict=True):
            result.results.append(ObjectHypothesis(class_id=str(index), score=float(score)))
        publisher.publish(result)
        meter()

    node.create_subscription(Image, 'image', on_image, qos_profile_sensor_data)
    _wait_for_listener(node)
    return meter.figures


def listener(node: Node, options: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """Receive results, and record their ages."""
    from edgenext_ros.ros.messages import Classification

    ages = []

    def on_result(message: Any) -> None:
        stamp = message.header.stamp
        ages.append(1e3 * (time() - stamp.sec - stamp.nanosec / 1e9))

    node.create_subscription(Classification, 'classification', on_result, 10)
    if options.get('joins'):
        wait_for(lambda: node.count_publishers('classification'), 'publisher of results')
    return lambda: {'frames': len(ages), 'ages_ms': ages}


class _Slot:
    """
    A stand-in for the BPU: the same result after the same time.

    :param meter: called for each frame.
    :param size: size of a picture in bytes.
    :param wait: sleeps so many microseconds, with or without the GIL.
    :param us: duration of an inference, in microseconds; 0 does not wait.
    """

    def __init__(self, meter: FrameMeter, size: int, wait: Callable[[int], Any], us: int) -> None:
        self.picture = np.zeros(size, np.uint8)
        self._meter, self._wait, self._microseconds = meter, wait, us

    def run(self) -> Any:
        """Wait, and return the constant logits."""
        self._meter()
        if self._microseconds:
            self._wait(self._microseconds)
        return _LOGITS

    def close(self) -> None:
        """Do nothing."""


class _Helper:
    """
    The same in a helper process with shared memory, so that the node's GIL stays free.

    Parameters as in ``_Slot``.
    """

    _WORK = ('import mmap, os, sys; from ctypes import CDLL; '
             'memory, library = mmap.mmap(int(sys.argv[1]), 0), CDLL(None)\n'
             'while os.read(0, 1): library.usleep(int(sys.argv[2])); os.write(1, b"1")')

    def __init__(self, meter: FrameMeter, size: int, microseconds: int) -> None:
        self._meter = meter
        memory = os.memfd_create('picture')  # no name, so no file stays behind
        os.truncate(memory, size)
        self.picture = np.frombuffer(mmap.mmap(memory, size), np.uint8)
        self._process = subprocess.Popen(
            [sys.executable, '-c', self._WORK, str(memory), str(microseconds)], bufsize=0,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=[memory])
        os.close(memory)
        self.run()  # wait until it has started

    def run(self) -> Any:
        """Signal the helper, and wait for its answer."""
        self._meter()
        self._process.stdin.write(b'1')
        self._process.stdout.read(1)
        return _LOGITS

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def classifier(options: dict[str, Any]) -> tuple[Node, Callable[[], dict[str, Any]]]:
    """Return this package's node, active, with a stand-in for its network, and its figures."""
    from edgenext_ros.engines.select import open_model
    from edgenext_ros.engines.slot_pool import SlotPool
    from edgenext_ros.ros.memory import keep_memory
    from edgenext_ros.ros.node import ClassifierNode
    from edgenext_ros.ros.process import SWITCH_SECONDS

    sys.setswitchinterval(SWITCH_SECONDS)
    keep_memory()
    library, meter = PyDLL(None) if options['holds_gil'] else CDLL(None), FrameMeter()

    def opener(*arguments: Any, **more: Any) -> Any:
        engine, info = open_model(*arguments, **more)
        engine.close()
        size, microseconds = info.nv12_size, options['infer_us']
        slot: Any = _Helper(meter, size, microseconds) if options['helper'] else _Slot(
            meter, size, library.usleep, microseconds)
        return SimpleNamespace(slot=SlotPool(info, [slot]).slot, close=slot.close), info

    node = ClassifierNode(opener=opener, parameter_overrides=[
        Parameter('input_type', value=options.get('input_type', 'raw'))])
    node.trigger_configure()
    node.trigger_activate()
    _wait_for_listener(node)
    return node, meter.figures


_ROLES = {'floor': floor, 'echo': echo, 'plain': plain, 'listener': listener}


def main(role: str, options: str) -> None:
    """Play one role."""
    rclpy.init()
    settings = json.loads(options)
    if role == 'classifier':
        node, figures = classifier(settings)
    else:
        node = rclpy.create_node(role)
        if role == 'camera':
            print('ready', flush=True)
            print(json.dumps(camera(node, settings)), flush=True)
            return
        figures = _ROLES[role](node, settings)
    ended, wanted = Event(), []
    Thread(target=lambda: (wanted.append(int(sys.stdin.read() or 0)), ended.set()),
           daemon=True).start()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    print('ready', flush=True)
    while not ended.is_set():
        executor.spin_once(timeout_sec=0.2)
    end = monotonic() + _LAST_S
    while figures()['frames'] < wanted[0] and monotonic() < end:
        executor.spin_once(timeout_sec=0.2)
    executor.shutdown()  # else it may log an error when the process ends
    print(json.dumps(figures()), flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:3])
