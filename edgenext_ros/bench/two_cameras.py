# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compare one process with one model for two cameras with a process for each camera."""

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
from edgenext_ros.bench.soak import sample_process
from edgenext_ros.bench.table import BenchRow

NAMES = ('front', 'rear')
CAMERA = CameraStream(640, 480, 'bgr8', 1920, 10, 100)
_EACH = 'process for each camera'


@dataclass(frozen=True)
class Cost:
    """The cost of classifying two cameras."""

    cpu_ms: float
    """CPU time of all processes, per result."""
    memory_mb: float
    """Resident memory of all processes, at the end."""
    ages_ms: tuple[float, ...]
    """Ages of all results."""
    results: tuple[int, ...]
    """Number of results of each camera."""


def rows() -> Iterator[BenchRow]:
    """Measure one process for both cameras, then a process for each."""
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
    Run classifiers with both cameras, the inference included.

    :param commands: module of ``edgenext_ros.ros`` and arguments of each process.
    :param camera: the images of each camera.
    :raises RuntimeError: a process has ended early.
    """
    with ExitStack() as stack:
        variables = environment()
        listeners = [stack.enter_context(Process('listener', {}, variables, namespace=name))
                     for name in NAMES]
        nodes = [stack.enter_context(node_process(words, variables)) for words in commands]
        each = len(NAMES) // len(nodes)
        for node in nodes:  # a node that is still starting would miss the first images
            wait_for_lines(node, ': model ', count=each)
        senders = [stack.enter_context(
            Process('camera', asdict(camera), variables, namespace=name)) for name in NAMES]
        # Measure from the first image on, to leave out the loading of the model.
        for node in nodes:
            wait_for_lines(node, ': images of /', count=each)
        before = sum(cpu_seconds(node.pid) for node in nodes)
        for sender in senders:
            sender.figures()
        spent = sum(cpu_seconds(node.pid) for node in nodes) - before
        memory = sum(sample_process(node.pid, second=0, visit=0).memory_mb for node in nodes)
        heard = [listener.figures(close=True, wanted=camera.frames) for listener in listeners]
    results = tuple(found['frames'] for found in heard)
    return Cost(1e3 * spent / max(1, sum(results)), memory,
                tuple(age for found in heard for age in found['ages_ms']), results)


@contextmanager
def node_process(words: tuple[str, ...], variables: dict[str, str], *,
                 runtime: str = 'onnx') -> Iterator[subprocess.Popen[str]]:
    """
    Run a node of the package; its log is the process's ``stderr``.

    :param words: module of ``edgenext_ros.ros`` and arguments.
    :param variables: environment of the process.
    :param runtime: inference engine.
    """
    ros = () if '--ros-args' in words else ('--ros-args',)
    process = subprocess.Popen(
        [sys.executable, '-m', f'edgenext_ros.ros.{words[0]}', *words[1:], *ros,
         '-p', f'runtime:={runtime}'], env=variables, text=True, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for_lines(node: subprocess.Popen[str], text: str, *, count: int) -> None:
    """
    Read a node's log until enough lines have contained a text.

    :param node: the process; see ``node_process``.
    :param text: the text.
    :param count: number of lines.
    :raises RuntimeError: the process has ended before.
    """
    assert node.stderr is not None
    for line in node.stderr:
        count -= text in line
        if not count:
            return
    raise RuntimeError(f'{node.args}: ended with code {node.wait()}')


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process, in user and kernel mode (proc(5))."""
    fields = Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf('SC_CLK_TCK')
