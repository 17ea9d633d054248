# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Run camera, node and listener as processes over DDS, in a ROS domain of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
import os
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
from threading import Condition, Thread
from time import monotonic
from typing import IO

from edgenext_ros.bench.dds import CameraStream, environment, LARGE, Process, SMALL
from edgenext_ros.choices import SIMULATOR
from edgenext_ros.selftest.fast_finding import fast_finding
from edgenext_ros.selftest.finding import Conditions, Finding, Verdict
import numpy as np

_SECONDS, _QUICK_SECONDS = 8.0, 3.0
_LOADED, _RECEIVES = ': model ', ': images of /'
"""Parts of the node's log lines: the model is open, and the first image came."""
_START_S, _FIRST_IMAGE_S = 60.0, 30.0
_PACKAGES = ('rclpy', 'sensor_msgs', 'vision_msgs', 'diagnostic_msgs', 'std_srvs')
"""Packages of ROS 2 that the node or the listener imports; the first that is missing is named."""
_LOG_FORMAT = '[{severity}] [{time}] [{name}]: {message}'
"""Format of rcutils that ``_LOADED`` and ``_RECEIVES`` expect; the default, which users change."""
_NO_ROS = ('ROS 2 is not on the Python path, so the node is not run; source its setup.bash, such '
           'as "source /opt/ros/humble/setup.bash", or /opt/tros/humble/setup.bash on RDK OS, and '
           'run the self-test again')


class NodeFailedError(RuntimeError):
    """The node did not start or has ended; the text has the last line of its log."""


@dataclass(frozen=True)
class NodeFigures:
    """The work of a node on the images of a camera."""

    sent: int
    """Images that the camera sent."""
    ages_ms: tuple[float, ...]
    """Age of each result on arrival, from the stamp of its image."""
    cpu_ms: float
    """CPU time of the node's process for each result, in ms."""

    @property
    def lost(self) -> int:
        """Images without a result."""
        return max(0, self.sent - len(self.ages_ms))


def check(conditions: Conditions, *, measure: Callable[..., NodeFigures] | None = None,
          missing: Callable[[], str] | None = None) -> Iterator[Finding]:
    """
    Measure the node at each size of frame, with the first engine whose answers are not wrong.

    The simulator is left out. If the answers of all others are wrong, the first of them is used.

    :param conditions: how the self-test was asked to run.
    :param measure: measures one camera, with the parameters of ``run_node``, the default.
    :param missing: returns a package of ROS 2 that cannot be imported, or an empty text;
        ``missing_package`` by default.
    """
    engines = [name for name in conditions.engines if name != SIMULATOR]
    engine = next((name for name in engines if name not in conditions.wrong), None) or next(
        iter(engines), None)
    note = _note(engine, engines, conditions.wrong)
    lacks = (missing or missing_package)()
    for camera in (SMALL,) if conditions.quick else (SMALL, LARGE):
        name = f'node {camera.width}x{camera.height}'
        if engine is None:
            yield fast_finding(name, Verdict.UNTESTED,
                               'no engine works here that is fast enough for a camera')
        elif lacks:
            yield fast_finding(name, Verdict.UNTESTED, _without(lacks))
        else:
            seconds = _QUICK_SECONDS if conditions.quick else _SECONDS
            camera = replace(camera, frames=round(camera.rate * seconds))
            try:
                figures = (measure or run_node)(engine, camera, conditions.progress)
            except (RuntimeError, OSError) as error:
                yield fast_finding(name, Verdict.WRONG, (
                    f'expected results of the node with {engine}, found: {error}'))
            else:
                yield judge(name, f'{engine}{note}', camera, figures)


def missing_package() -> str:
    """Return the first package of ROS 2 that the node needs and that is missing, or nothing."""
    return next((name for name in _PACKAGES if find_spec(name) is None), '')


def _without(package: str) -> str:
    """Return why the node is not run, and how to mend it."""
    if package == 'rclpy':
        return _NO_ROS
    name = f'ros-{os.environ.get("ROS_DISTRO", "humble")}-{package.replace("_", "-")}'
    return (f'ROS 2 is on the Python path, but its package {package} is not, so the node is not '
            f'run; install {name} with apt and run the self-test again')


def _note(engine: str | None, engines: Sequence[str], wrong: Sequence[str]) -> str:
    """
    Return why the node uses an engine, in parentheses; empty for the first one with right answers.

    :param engine: the engine that the node uses.
    :param engines: those that could be used, in order.
    :param wrong: those with wrong answers.
    """
    if engine is None or engine in wrong:
        return ' (its answers are wrong, and so are those of the other engines)' \
            if len(engines) > 1 else ' (its answers are wrong, but it is the only engine)'
    skipped = engines[:engines.index(engine)]
    return f' (because the answers of {" and ".join(skipped)} are wrong)' if skipped else ''


def judge(name: str, engine: str, camera: CameraStream, figures: NodeFigures) -> Finding:
    """
    Return the finding for a node's figures; only a node without any result is wrong.

    :param name: name of the finding.
    :param engine: the engine that the node uses, in words.
    :param camera: the images.
    :param figures: what was measured.
    """
    if not figures.ages_ms:
        return fast_finding(name, Verdict.WRONG, (
            f'no result arrived for {figures.sent} images of {camera.title}; expected nearly as '
            'many as images'), {'sent': figures.sent, 'lost': figures.lost},
            cause='DDS on this machine loses images of this size, see docs/troubleshooting.md')
    middle, high = np.percentile(figures.ages_ms, (50, 95))
    share = 100 * figures.lost / figures.sent
    return fast_finding(name, Verdict.MEASURED, (
        f'{camera.title} with {engine}: a result is {middle:.1f} ms old on arrival (95 % within '
        f'{high:.1f} ms), {figures.cpu_ms:.1f} ms of CPU a result, {figures.lost} of '
        f'{figures.sent} images without a result'),
        {'age_median_ms': float(middle), 'age_p95_ms': float(high), 'cpu_ms': figures.cpu_ms,
         'sent': figures.sent, 'lost': figures.lost, 'lost_percent': share})


def run_node(engine: str, camera: CameraStream,
             progress: Callable[[str], None]) -> NodeFigures:
    """
    Run the node with the bundled model until a camera has sent all images.

    :param engine: the engine that the node uses.
    :param camera: the images.
    :param progress: called with each step.
    :raises RuntimeError: a process has ended early.
    """
    progress(f'the node with {engine}: start')
    with ExitStack() as stack:
        # Nodes write log files, by default to ~/.ros/log.
        logs = stack.enter_context(TemporaryDirectory())
        variables = {**environment(), 'ROS_LOG_DIR': logs}
        listener = stack.enter_context(Process('listener', {}, variables))
        node = stack.enter_context(_Node(engine, variables))
        node.wait_for(_LOADED, seconds=_START_S, missing='has not loaded the model')
        progress(f'the node with {engine}: {camera.title}')
        sender = stack.enter_context(Process('camera', asdict(camera), variables))
        node.wait_for(_RECEIVES, seconds=_FIRST_IMAGE_S, missing='has received no image')
        before = node.cpu_seconds()
        sender.figures()
        spent = node.cpu_seconds() - before
        heard = listener.figures(close=True)
    ages_ms = tuple(heard['ages_ms'])
    return NodeFigures(camera.frames, ages_ms, 1e3 * spent / max(1, len(ages_ms)))


class _Node:
    """The classifier as a process, whose log is read in a thread; a context manager."""

    def __init__(self, engine: str, variables: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, '-m', 'edgenext_ros.ros.node', '--ros-args', '-p', 'model:=demo',
             '-p', f'runtime:={engine}'],
            env={**variables, 'RCUTILS_LOGGING_BUFFERED_STREAM': '0',
                 'RCUTILS_CONSOLE_OUTPUT_FORMAT': _LOG_FORMAT, 'RCUTILS_COLORIZED_OUTPUT': '0'},
            text=True, errors='replace', stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)  # the environment decides to which of them rcutils writes
        self._lines, self._changed = deque[str](maxlen=100), Condition()
        self._ended = False
        assert self._process.stdout is not None
        self._reader = Thread(target=self._read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def __enter__(self) -> _Node:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self, log: IO[str]) -> None:
        for line in log:
            with self._changed:
                self._lines.append(line.strip())
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, text: str, *, seconds: float, missing: str) -> None:
        """
        Wait until a line of the log has contained a text.

        :param text: the text.
        :param seconds: how long to wait.
        :param missing: what the node has not done without that line, for the error.
        :raises NodeFailedError: the line has not come, or the node has ended.
        """
        end = monotonic() + seconds
        with self._changed:
            while not any(text in line for line in self._lines):
                left = end - monotonic()
                if self._ended or left <= 0:
                    last = self._lines[-1] if self._lines else 'nothing'
                    how = 'has ended' if self._ended else f'{missing} after {seconds:.0f} s'
                    raise NodeFailedError(f'the node {how}; the last line of its log: {last}')
                self._changed.wait(left)

    def cpu_seconds(self) -> float:
        """Return the CPU time of the process, in user and kernel mode (proc(5))."""
        try:
            stat = Path(f'/proc/{self._process.pid}/stat').read_text()
        except OSError as error:
            raise NodeFailedError('the node has ended') from error
        return sum(map(int, stat.rpartition(')')[2].split()[11:13])) / os.sysconf('SC_CLK_TCK')
