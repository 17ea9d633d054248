# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Measure the processor time of publishing one result, with and without subscribers.

``python -m edgenext_ros.bench.publishing`` publishes results of five classes for a 1920x1080 frame
from this process; the subscribers are in another one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
import os
from statistics import median
import subprocess
import sys
from time import monotonic, sleep, thread_time, time
from types import SimpleNamespace
from typing import Any

from edgenext_ros.bench import ros_domain
from edgenext_ros.bench.repeatable import quiet
from edgenext_ros.core.classifier import Classification, Timings
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.ros.outcome import Outcome
from edgenext_ros.ros.publishers import Publishers
from edgenext_ros.ros.settings import ClassifierSettings
from edgenext_ros.ros.targets import find_target_types
import numpy as np
import rclpy
from rclpy.lifecycle import LifecycleNode
from std_msgs.msg import Header

_SECONDS = 30.0
"""Limit for the processes to discover each other."""
_PAUSE_S = 0.005
_CLASSES = 5
_QUESTION = 'only the question whether there are any'
_SUBSCRIBER = """
import importlib, sys, rclpy
from rclpy.executors import ExternalShutdownException
rclpy.init()
node = rclpy.create_node('subscriber')
for topic in sys.argv[1:]:
    topic, package, kind = topic.split(':')
    kind = getattr(importlib.import_module(f'{package}.msg'), kind)
    node.create_subscription(kind, topic, lambda message: None, 10)
try:
    rclpy.spin(node)
except ExternalShutdownException:  # SIGTERM
    pass
"""
_RESULT = '/classification:vision_msgs:Classification'
_TARGETS = '/classifier/targets:ai_msgs:PerceptionTargets'
_CASES = ((), (_RESULT,), (_RESULT, _TARGETS))


def outcome() -> Outcome:
    """Return the outcome of a frame of 1920x1080 pixels, with the best five classes."""
    now = time()
    image: Any = None  # not read
    picture: Any = SimpleNamespace(sec=int(now), nanosec=int(now % 1 * 1e9), frame_id='camera')
    model: Any = SimpleNamespace(
        labels=LabelSet(tuple(f'class {index}' for index in range(_CLASSES))),
        info=SimpleNamespace(name='edgenext_small'), settings=ClassifierSettings(),
        classifier=SimpleNamespace(converter=Nv12Converter(width=224, height=224)))
    scores = tuple(0.5 ** (1 + index) for index in range(_CLASSES))
    result = Classification(Prediction(tuple(range(_CLASSES)), scores),
                            Timings(convert_ms=0.5, infer_ms=5.0, postprocess_ms=0.1))
    frame = Frame.from_image(np.zeros((1080, 1920), np.uint8), 'mono8')
    return Outcome(image, model, monotonic(), picture, frame, result)


def microseconds(publishers: Publishers, *, count: int) -> float:
    """Return the median processor time of this thread for publishing one result."""
    times = []
    with quiet():
        for _ in range(count):
            what = outcome()
            begin = thread_time()
            publishers.publish(what)
            times.append(thread_time() - begin)
            sleep(_PAUSE_S)
    return 1e6 * median(times)


def _question(node: LifecycleNode, *, count: int) -> float:
    """Return the processor time of asking how many subscribers a publisher has."""
    publisher = node.create_publisher(Header, 'question', 10)
    begin = thread_time()
    for _ in range(count):
        publisher.get_subscription_count()
    return 1e6 * (thread_time() - begin) / count


def rows(*, count: int) -> Iterator[tuple[str, float]]:
    """Yield the subscribers of each case, as text, and the processor time in microseconds."""
    node = LifecycleNode('classifier')
    yield _QUESTION, _question(node, count=count)
    publishers = Publishers(node, fps=lambda: 30.0)
    node.trigger_configure()
    node.trigger_activate()
    cases = _CASES if find_target_types() is not None else _CASES[:2]
    try:
        for topics in cases:
            with _subscribed(node, topics):
                names = ', '.join(topic.partition(':')[0] for topic in topics)
                yield names or 'none', microseconds(publishers, count=count)
    finally:
        publishers.destroy()
        node.destroy_node()


@contextmanager
def _subscribed(node: LifecycleNode, topics: tuple[str, ...]) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, '-c', _SUBSCRIBER, *topics])
    end = monotonic() + _SECONDS
    try:
        while not all(node.count_subscribers(topic.partition(':')[0]) for topic in topics):
            if monotonic() > end:
                raise RuntimeError(f'no subscriber came in {_SECONDS:.0f} s')
            sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()
        while any(node.count_subscribers(topic.partition(':')[0]) for topic in topics) \
                and monotonic() < end:
            sleep(0.05)


def main() -> None:
    """Print the time of each case."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').strip().partition('\n')[0])
    parser.add_argument('--count', type=int, default=400, help='results (default: %(default)s)')
    arguments = parser.parse_args()
    os.environ.update(ros_domain.environment())
    rclpy.init()
    try:
        print('subscribers                                microseconds a result')
        for names, time_us in rows(count=arguments.count):
            print(f'{names:<42} {time_us:>6.1f}', flush=True)
    finally:
        rclpy.try_shutdown()


if __name__ == '__main__':
    main()
