# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The process whose instructions ``bench/instructions.py`` counts.

``python -m edgenext_ros.bench.instructions_process JSON`` classifies images that it publishes
itself, one at a time, with an engine that does nothing. After each block of frames it prints one
line and waits for one on its standard input.
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
"""As many as the bundled model gives, whose labels the node reads."""
_PERIOD_NS = 33_333_333
_LONGEST_S = 60.0


class Nothing:
    """An engine that does nothing; also the slots that it lends."""

    def __init__(self, slots: int) -> None:
        self.runs = 0
        self.picture = np.zeros(224 * 224 * 3 // 2, np.uint8)
        self.info = ModelInfo(name='nothing', engine='nothing', width=224, height=224,
                              classes=_SCORES.size, slots=slots)
        self.slot = SlotPool(self.info, [self] * slots).slot

    def open(self, model: Path, options: EngineOptions) -> ModelInfo:
        """Return the model that there is."""
        return self.info

    def run(self) -> Scores:
        """Return what it always returns."""
        self.runs += 1
        return _SCORES

    def close(self) -> None:
        """Do nothing."""


class MeasuredNode:
    """
    A node and the publisher of its images, in one process.

    :param case: width, height, step and encoding of the images, slots of the engine.
    """

    def __init__(self, case: dict[str, Any]) -> None:
        self._engine = engine = Nothing(case['slots'])

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
        Have images classified one after the other.

        :param settle: publish each when all threads wait, as with a camera; else earlier.
        """
        for _ in range(frames):
            # Stamps are regular whatever the clock says: so is what the node makes of them.
            self._stamp += _PERIOD_NS
            struct.pack_into('<iI', self._message, 4, *divmod(self._stamp, 10 ** 9))
            wanted = self._engine.runs + 1
            self._publisher.publish(bytes(self._message))
            _wait(lambda wanted=wanted: self._engine.runs >= wanted, 'result')
            if settle:
                _wait_until_idle()

    def close(self) -> None:
        """End both nodes."""
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
    """Wait until this process has used next to no processor time, twice in a row."""
    idle = 0
    while idle < 2:
        before = process_time()
        sleep(0.015)
        idle = idle + 1 if process_time() - before < 0.003 else 0


def _count_calls() -> Counter[str]:
    """Count the calls of Python functions and of C functions in each thread that starts now."""
    calls: Counter[str] = Counter()

    def count(frame: Any, event: str, argument: Any) -> None:
        calls[event] += 1

    threading.setprofile(count)
    return calls


def main(options: dict[str, Any]) -> None:
    """
    Classify blocks of frames.

    :param options: ``cases`` (see ``MeasuredNode``), ``warm_up``, ``frames`` of a block, ``blocks``,
        ``calls``: count Python's calls.
    """
    rclpy.init()
    sys.setswitchinterval(_LONGEST_S)  # no thread asks for the GIL: each waits until it is free
    cv2.setNumThreads(1)  # OpenCV's own threads are not counted
    calls = _count_calls() if options['calls'] else Counter()

    def tell(name: str) -> None:
        print(json.dumps({'block': name, 'calls': calls['call'], 'c_calls': calls['c_call']}),
              flush=True)
        sys.stdin.readline()

    for slots in sorted({case['slots'] for case in options['cases']}):
        # Python 3.10 makes a function faster when it has been called 1024 times.
        camera = MeasuredNode({**options['cases'][0], 'slots': slots})
        camera.send(options['warm_up'], settle=False)
        camera.close()
    tell('warm')
    for case in options['cases']:
        camera = MeasuredNode(case)
        camera.send(5, settle=True)
        gc.collect()
        gc.freeze()
        tell('begin')
        for _ in range(options['blocks']):
            camera.send(options['frames'], settle=True)
            tell('frames')
        camera.close()
    rclpy.shutdown()


if __name__ == '__main__':
    main(json.loads(sys.argv[1]))
