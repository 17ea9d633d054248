# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The process whose instructions ``bench/instructions.py`` counts.

``python -m edgenext_ros.bench.instructions_process JSON`` publishes images and classifies them,
one at a time, with an engine that does nothing. After each block of frames it prints a line and
waits for a line on its standard input.
"""

from __future__ import annotations

from array import array
from collections import Counter
import gc
import json
from pathlib import Path
import struct
import sys
import threading
from time import monotonic, process_time, sleep
from typing import Any

import cv2
from edgenext_ros.engines.base import EngineOptions, ModelInfo, Scores
from edgenext_ros.engines.recovering import Recovering
from edgenext_ros.engines.slot_pool import SlotPool
from edgenext_ros.ros.node import ClassifierNode
import numpy as np
import rclpy
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

_BEST_EFFORT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
_SCORES = np.random.default_rng(0).normal(0, 3, 100).astype(np.float32)
"""Stand-in scores; their number is that of the bundled model's classes, whose labels are read."""
_PERIOD_NS = 33_333_333
_LONGEST_S = 60.0


class IdleEngine:
    """An engine that does nothing; it is its own slot."""

    def __init__(self, slots: int) -> None:
        self.runs = 0
        self.picture = np.zeros(224 * 224 * 3 // 2, np.uint8)
        self.info = ModelInfo(name='nothing', engine='nothing', width=224, height=224,
                              classes=_SCORES.size, slots=slots)
        self.slot = SlotPool(self.info, [self] * slots).slot

    def open(self, model: Path, options: EngineOptions) -> ModelInfo:
        """Return the description of the only model."""
        return self.info

    def run(self) -> Scores:
        """Return constant scores."""
        self.runs += 1
        return _SCORES

    def close(self) -> None:
        """Do nothing."""


class MeasuredNode:
    """
    A classifier node and the publisher of its images, in one process.

    :param case: fields of ``instructions.ImageCase``.
    """

    def __init__(self, case: dict[str, Any]) -> None:
        self._engine = engine = IdleEngine(case['slots'])

        def opener(*arguments: Any, **options: Any) -> Any:
            return Recovering(lambda: (engine, engine.info)), engine.info

        self._node = ClassifierNode(
            opener=opener, parameter_overrides=[Parameter('runtime', value='onnx')])
        self._node.trigger_configure()
        self._node.trigger_activate()
        rows = case['height'] * 3 // 2 if case['encoding'] == 'nv12' else case['height']
        pixels = np.random.default_rng(0).integers(0, 256, rows * case['step'], np.uint8)
        message = Image(data=array('B', pixels.tobytes()), **{
            key: case[key] for key in ('width', 'height', 'step', 'encoding')})
        message.header.frame_id = 'camera'
        self._message = bytearray(serialize_message(message))
        self._stamp = 10 ** 18
        self._sender = rclpy.create_node('sender')
        self._publisher = self._sender.create_publisher(Image, 'image', _BEST_EFFORT)
        _wait(self._publisher.get_subscription_count, 'subscription of the images')

    def send(self, frames: int, *, settle: bool) -> None:
        """
        Publish images one after the other, each after the inference of the one before.

        :param frames: number of images.
        :param settle: also wait until all threads are idle, as between a camera's frames.
        """
        for _ in range(frames):
            # Regular stamps, independent of the clock, keep the node's work the same.
            self._stamp += _PERIOD_NS
            struct.pack_into('<iI', self._message, 4, *divmod(self._stamp, 10 ** 9))
            wanted = self._engine.runs + 1
            self._publisher.publish(bytes(self._message))
            _wait(lambda wanted=wanted: self._engine.runs >= wanted, 'result')
            if settle:
                _wait_until_idle()

    def close(self) -> None:
        """Destroy both nodes."""
        self._node.trigger_deactivate()
        self._node.trigger_cleanup()
        self._node.destroy_node()
        self._sender.destroy_node()


def _wait(condition: Any, what: str) -> None:
    end = monotonic() + _LONGEST_S
    while not condition():
        if monotonic() > end:
            raise SystemExit(f'no {what} in {_LONGEST_S:.0f} s')
        sleep(0.002)


def _wait_until_idle() -> None:
    """Wait until this process has used less than 3 of 15 ms CPU time, twice in a row."""
    idle = 0
    while idle < 2:
        before = process_time()
        sleep(0.015)
        idle = idle + 1 if process_time() - before < 0.003 else 0


def _count_calls() -> Counter[str]:
    """Count the calls of Python and C functions in threads that start from now on."""
    calls: Counter[str] = Counter()

    def count(frame: Any, event: str, argument: Any) -> None:
        calls[event] += 1

    threading.setprofile(count)
    return calls


def main(options: dict[str, Any]) -> None:
    """
    Classify blocks of frames.

    :param options: ``cases`` (see ``MeasuredNode``), ``warm_up``, ``frames`` of a block,
        ``blocks``, and ``calls``: whether to count calls.
    """
    rclpy.init()
    sys.setswitchinterval(_LONGEST_S)  # threads wait for the GIL and do not request it
    cv2.setNumThreads(1)  # work in OpenCV's threads would not be counted
    calls = _count_calls() if options['calls'] else Counter()

    def report(name: str) -> None:
        print(json.dumps({'block': name, 'calls': calls['call'], 'c_calls': calls['c_call']}),
              flush=True)
        sys.stdin.readline()

    for slots in sorted({case['slots'] for case in options['cases']}):
        # Python 3.10 optimises a function after 1024 calls.
        camera = MeasuredNode({**options['cases'][0], 'slots': slots})
        camera.send(options['warm_up'], settle=False)
        camera.close()
    report('warm')
    for case in options['cases']:
        camera = MeasuredNode(case)
        camera.send(5, settle=True)
        gc.collect()
        gc.freeze()
        report('begin')
        for _ in range(options['blocks']):
            camera.send(options['frames'], settle=True)
            report('frames')
        camera.close()
    rclpy.shutdown()


if __name__ == '__main__':
    main(json.loads(sys.argv[1]))
