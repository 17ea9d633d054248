# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The camera and the listeners of ``bench/lazy.py``, in one process.

``python -m edgenext_ros.bench.lazy_watcher PID SECONDS LISTENERS`` measures the classifier with
this process id, and prints the figures in JSON.
"""

from __future__ import annotations

from collections.abc import Callable
import json
import sys
from threading import Event, Thread
from time import monotonic, time
from typing import Any

from edgenext_ros.bench.dds import LARGE
from edgenext_ros.bench.two_cameras import cpu_seconds
from edgenext_ros.core.frame import Frame
from edgenext_ros.ros.serialised_images import write_image
import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from vision_msgs.msg import Classification

_LIMIT_S = 30.0
_BEST_EFFORT = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)


class _Watcher:

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._node = rclpy.create_node('watcher')
        self._camera = self._node.create_publisher(Image, 'image', _BEST_EFFORT)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._ended = Event()

    def figures(self, *, seconds: float, listeners: int) -> dict[str, Any]:
        """Measure the time without listeners, then that of the first result of several."""
        self._wait(lambda: self._node.count_publishers('classification'))
        thread = Thread(target=self._send)
        thread.start()
        try:
            before, begin = cpu_seconds(self._pid), monotonic()
            self._spin(seconds)
            spent = cpu_seconds(self._pid) - before
            percent = 100 * spent / (monotonic() - begin)
            return {'cpu_percent': percent,
                    'first_ms': [self._first_result(number) for number in range(listeners)]}
        finally:
            self._ended.set()
            thread.join()

    def _send(self) -> None:
        pixels = np.random.default_rng(0).integers(0, 256, (LARGE.height, LARGE.width, 3))
        frame, due = Frame.from_image(pixels.astype(np.uint8)), monotonic()
        while not self._ended.wait(max(0.0, due - monotonic())):
            due = max(due, monotonic()) + 1 / LARGE.rate
            seconds, part = divmod(time(), 1.0)
            self._camera.publish(write_image(
                frame, sec=int(seconds), nanosec=int(1e9 * part), frame_id='camera'))

    def _first_result(self, number: int) -> float:
        results: list[Any] = []
        begin = monotonic()
        listener = self._node.create_subscription(
            Classification, 'classification', results.append, 10)
        self._wait(lambda: results)
        spent = monotonic() - begin
        self._node.destroy_subscription(listener)
        # A node that is not lazy stays subscribed.
        end = monotonic() + 2.0
        while self._camera.get_subscription_count() and monotonic() < end:
            self._spin(0.01)
        self._spin(0.5 + 0.0137 * number)  # at different moments of the node's period
        return 1e3 * spent

    def _spin(self, seconds: float) -> None:
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0:
            self._executor.spin_once(timeout_sec=left)

    def _wait(self, condition: Callable[[], Any]) -> None:
        end = monotonic() + _LIMIT_S
        while not condition():
            if monotonic() > end:
                raise SystemExit(f'no classifier, or no result, in {_LIMIT_S:.0f} s')
            self._executor.spin_once(timeout_sec=0.01)


def main(pid: str, seconds: str, listeners: str) -> None:
    """
    Measure a classifier, and print the figures.

    :param pid: its process id.
    :param seconds: duration without listeners.
    :param listeners: number of listeners, one after the other.
    """
    rclpy.init()
    figures = _Watcher(int(pid)).figures(seconds=float(seconds), listeners=int(listeners))
    print(json.dumps(figures), flush=True)
    rclpy.shutdown()


if __name__ == '__main__':
    main(*sys.argv[1:4])
