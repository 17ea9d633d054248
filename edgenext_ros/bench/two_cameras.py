# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Two cameras: one process with one model, against a process for each; the inference included."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, ExitStack
from dataclasses import asdict, dataclass
import os
from pathlib import Path
from statistics import median
import subprocess
import sys

from edgenext_ros.bench.dds import CameraStream, environment, Process
from edgenext_ros.bench.host import BenchRow
from edgenext_ros.bench.soak import look

NAMES = ('front', 'rear')
CAMERA = CameraStream(640, 480, 'bgr8', 1920, 10, 100)
_EACH = 'process for each camera'


@dataclass(frozen=True)
class Cost:
    """What two cameras took."""

    cpu_ms: float
    """Of all processes, for a result."""
    memory_mb: float
    """Of all processes, at the end."""
    ages_ms: tuple[float, ...]
    """Of all results."""
    results: tuple[int, ...]
    """Of each camera."""


def rows() -> Iterator[BenchRow]:
    """Measure both ways."""
    print(f'two cameras, {CAMERA.title}: one process, then two ...', file=sys.stderr, flush=True)
    one, each = (measure(commands, CAMERA) for commands in (
        [('multi_node', *NAMES)],
        [('node', '--ros-args', '-r', f'__ns:=/{name}') for name in NAMES]))
    case = f'two cameras, {CAMERA.title}, one process'
    yield BenchRow(f'{case}: CPU a frame', _EACH, 'ms', one.cpu_ms, each.cpu_ms)
    yield BenchRow(f'{case}: memory', _EACH, 'MB', one.memory_mb, each.memory_mb)
    yield BenchRow(f'{case}: age', _EACH, 'ms', median(one.ages_ms), median(each.ages_ms))


def measure(commands: list[tuple[str, ...]], camera: CameraStream) -> Cost:
    """
    Let classifiers see both cameras.

    :param commands: module of ``edgenext_ros.ros`` and arguments of each process.
    """
    with ExitStack() as stack:
        variables = environment()
        listeners = [stack.enter_context(Process('listener', {}, variables, namespace=name))
                     for name in NAMES]
        nodes = [stack.enter_context(_node(words, variables)) for words in commands]
        each = len(NAMES) // len(nodes)
        for node in nodes:  # who is not there yet hears nothing of the first pictures
            _wait_for_lines(node, ': model ', count=each)
        senders = [stack.enter_context(
            Process('camera', asdict(camera), variables, namespace=name)) for name in NAMES]
        # From the first picture on: loading the model is another matter.
        for node in nodes:
            _wait_for_lines(node, ': images of /', count=each)
        before = sum(_cpu_seconds(node.pid) for node in nodes)
        for sender in senders:
            sender.figures()
        spent = sum(_cpu_seconds(node.pid) for node in nodes) - before
        memory = sum(look(node.pid, second=0, visit=0).memory_mb for node in nodes)
        heard = [listener.figures(close=True, wanted=camera.frames) for listener in listeners]
    results = tuple(found['frames'] for found in heard)
    return Cost(1e3 * spent / max(1, sum(results)), memory,
                tuple(age for found in heard for age in found['ages_ms']), results)


@contextmanager
def _node(words: tuple[str, ...], variables: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    ros = () if '--ros-args' in words else ('--ros-args',)
    process = subprocess.Popen(
        [sys.executable, '-m', f'edgenext_ros.ros.{words[0]}', *words[1:], *ros,
         '-p', 'runtime:=onnx'], env=variables, text=True, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _wait_for_lines(node: subprocess.Popen[str], text: str, *, count: int) -> None:
    """Read a node's log until so many lines have had this text."""
    assert node.stderr is not None
    for line in node.stderr:
        count -= text in line
        if not count:
            return
    raise RuntimeError(f'{node.args}: ended with code {node.wait()}')


def _cpu_seconds(pid: int) -> float:
    """Return the processor time of a process, user's and kernel's (proc(5))."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf('SC_CLK_TCK')
