# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure a ``lazy`` classifier: processor time without listeners, and the wait of the first."""

from __future__ import annotations

from collections.abc import Iterator
import json
from statistics import median
import subprocess
import sys
from typing import Any

from edgenext_ros.bench.dds import environment, LARGE
from edgenext_ros.bench.table import BenchRow

_ALLOWED_MS = 300.0
_TIMEOUT = 120


def rows() -> Iterator[BenchRow]:
    """Measure the node with ``lazy``, and its processor time without."""
    print(f'{LARGE.title}: lazy ...', file=sys.stderr, flush=True)
    lazy, always = measure(lazy=True), measure(lazy=False, listeners=0)
    yield BenchRow(f'CPU of a core with nobody listening, {LARGE.title}, lazy', 'not lazy', '%',
                   lazy['cpu_percent'], always['cpu_percent'])
    for what, value in (('first result', median), ('slowest first result', max)):
        yield BenchRow(f'{what} after the first listener, lazy', '300 ms that are allowed', 'ms',
                       value(lazy['first_ms']), _ALLOWED_MS)


def measure(*, lazy: bool, seconds: float = 10.0, listeners: int = 10) -> dict[str, Any]:
    """
    Run a classifier, and a process with its camera and listeners.

    :param lazy: the parameter of this name.
    :param seconds: duration of the measurement without listeners.
    :param listeners: number of listeners, one after the other.
    :return: ``cpu_percent`` of one core without listeners, and ``first_ms``, the times from the
        start of a listener to its first result.
    :raises subprocess.CalledProcessError: the camera's process has failed.
    """
    variables = environment()
    with subprocess.Popen(
            [sys.executable, '-m', 'edgenext_ros.ros.node', '--ros-args', '--log-level', 'error',
             '-p', 'runtime:=onnx', '-p', f'lazy:={str(lazy).lower()}'], env=variables) as node:
        try:
            watcher = subprocess.run(
                [sys.executable, '-m', 'edgenext_ros.bench.lazy_watcher',
                 *map(str, (node.pid, seconds, listeners))],
                env=variables, stdout=subprocess.PIPE, text=True, check=True, timeout=_TIMEOUT)
        finally:
            node.kill()
    found: dict[str, Any] = json.loads(watcher.stdout.splitlines()[-1])
    return found
