# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Compare the node with a plain one and with a bare subscriber, over DDS between processes.

Each side sees the same camera, and none runs the network. The floor is a subscriber that takes the
serialised image and does nothing. ``bench/dds_roles.py`` has the code of the processes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
import json
from statistics import median
import subprocess
import sys
from time import monotonic
from typing import Any

from edgenext_ros.bench import ros_domain
from edgenext_ros.bench.table import BenchRow
from edgenext_ros.models.store import resource_folder

_PLAIN, _FLOOR = 'plain rclpy node', 'raw subscriber that does nothing'
_ECHO = 'raw subscriber that answers at once'
_BASELINE = 'edgenext_ros.bench.model_zoo_baseline'
"""Module of the plain node's path; it needs scipy, which this process does without."""
_TIMEOUT = 120
_INFERENCE_US = 5200  # base, the largest of the four sizes
_FASTDDS = 'FASTRTPS_DEFAULT_PROFILES_FILE'
_KEEP_MEMORY = {'MALLOC_MMAP_THRESHOLD_': str(2 ** 26), 'MALLOC_TRIM_THRESHOLD_': str(2 ** 28)}
"""Environment for glibc malloc; without it, each large image causes a fault for every page."""


@dataclass(frozen=True)
class CameraStream:
    """The images that a camera process sends."""

    width: int
    height: int
    encoding: str
    step: int
    rate: float
    frames: int
    input_type: str = 'raw'
    """``raw``: an Image; ``hbmem``: an HbmMsg1080P of TROS, which only the classifier reads."""

    @property
    def title(self) -> str:
        """Size, encoding and rate, as text."""
        return f'{self.width}x{self.height} {self.encoding} at {self.rate:.0f} Hz'


LARGE = CameraStream(1920, 1080, 'bgr8', 5760, 30, 240)
SMALL = CameraStream(640, 480, 'bgr8', 1920, 30, 240)
MANY = CameraStream(640, 480, 'nv12', 640, 200, 10_100)
TROS = CameraStream(1920, 1080, 'nv12', 1920, 30, 240)


def rows() -> Iterator[BenchRow]:
    """Measure every case, and yield each row when it is known."""
    found = {role: session(role, LARGE) for role in ('floor', 'plain', 'classifier')}
    cpu = {role: figures['cpu_ms'] for role, figures in found.items()}
    yield BenchRow(f'CPU a frame, {LARGE.title}', _PLAIN, 'ms', cpu['classifier'], cpu['plain'])
    yield BenchRow(f'CPU a frame, {LARGE.title}', _FLOOR, 'ms', cpu['classifier'], cpu['floor'])
    shares = (100 * found[role]['results'] / LARGE.frames for role in ('classifier', 'plain'))
    yield BenchRow(f'frames with a result, {LARGE.title}', _PLAIN, '%', *shares, more=True)
    yield from _shared_memory_rows()
    ages = {role: median(session(role, SMALL)['ages_ms'])
            for role in ('floor', 'echo', 'plain', 'classifier')}
    for role, baseline in (('plain', _PLAIN), ('echo', _ECHO), ('floor', _FLOOR)):
        yield BenchRow(f'age of a result, {SMALL.title}', baseline, 'ms', ages['classifier'],
                       ages[role])
    held, free, helper = (
        session('classifier', SMALL, infer_us=_INFERENCE_US, **how)
        for how in ({'holds_gil': True}, {}, {'helper': True}))
    for what, unit, of in (
            ('age of a result', 'ms', lambda figures: median(figures['ages_ms'])),
            ('CPU a frame', 'ms', lambda figures: figures['cpu_ms'])):
        for baseline, other in (('same with the GIL released', free),
                                ('same in a helper process', helper)):
            yield BenchRow(f'{what}, {SMALL.title}, GIL held for {_INFERENCE_US / 1000:.1f} ms',
                           baseline, unit, of(held), of(other))
    memory = session('classifier', MANY)['memory_mb']
    yield BenchRow('memory after 10,000 frames', 'same after 100', 'MB',
                   *(memory.get(count, float('nan')) for count in ('10000', '100')))
    starts = [_first_result() for _ in range(5)]
    yield BenchRow('edgenext classify, start to first result, onnx', '1.5 s that are allowed', 's',
                   median(starts), 1.5)


def _shared_memory_rows() -> Iterator[BenchRow]:
    """Compare the messages of TROS' shared memory with an Image of the same picture."""
    if find_spec('hbm_img_msgs') is None:
        print('edgenext bench: HbmMsg1080P is not measured: hbm_img_msgs is missing',
              file=sys.stderr)
        return
    shared, image = (session('classifier', replace(TROS, input_type=input_type))
                     for input_type in ('hbmem', 'raw'))
    case, baseline = f'{TROS.title} in HbmMsg1080P', 'same in Image'
    yield BenchRow(f'CPU a frame, {case}', baseline, 'ms', shared['cpu_ms'], image['cpu_ms'])
    yield BenchRow(f'age of a result, {case}', baseline, 'ms', median(shared['ages_ms']),
                   median(image['ages_ms']))
    yield BenchRow(f'frames with a result, {case}', baseline, '%',
                   *(100 * found['results'] / TROS.frames for found in (shared, image)), more=True)


def _first_result() -> float:
    """Return the seconds of ``edgenext classify`` for one picture, on ONNX Runtime."""
    begin = monotonic()
    subprocess.run(
        [sys.executable, '-m', 'edgenext_ros.cli', 'classify', '--runtime', 'onnx',
         str(resource_folder() / 'demo' / 'chelsea.jpg')],
        check=True, capture_output=True, timeout=_TIMEOUT)
    return monotonic() - begin


def environment() -> dict[str, str]:
    """Return an environment with a ROS domain of its own, and room for large images in DDS."""
    config = resource_folder().parent / 'config'
    return {_FASTDDS: str(config / 'fastdds_localhost.xml'), **ros_domain.environment()}


def session(role: str, camera: CameraStream, *, infer_us: int = 0,
            holds_gil: bool = False, helper: bool = False) -> dict[str, Any]:
    """
    Run one side with one camera until all images are sent.

    :param role: the side, a role of ``bench/dds_roles.py``.
    :param camera: the images.
    :param infer_us: duration of the classifier's stand-in inference, in microseconds.
    :param holds_gil: the inference holds the GIL, as the vendor's Python modules do.
    :param helper: the inference runs in a process of its own; its CPU is not counted.
    :return: the role's figures, with number (``results``) and ages (``ages_ms``) of the results;
        for the floor, those of its images.
    :raises RuntimeError: a process has ended early.
    """
    print(f'{camera.title}: {role} ...', file=sys.stderr, flush=True)
    with ExitStack() as stack:
        variables = environment()
        listener = stack.enter_context(Process('listener', {}, variables)) \
            if role != 'floor' else None
        side = stack.enter_context(Process(
            role, {'path': _BASELINE, 'infer_us': infer_us,
                   'holds_gil': holds_gil, 'helper': helper, 'input_type': camera.input_type},
            variables | (_KEEP_MEMORY if role in ('floor', 'echo') else {})))
        sender = stack.enter_context(
            Process('camera', asdict(camera), variables | _KEEP_MEMORY))
        sender.figures()
        found = side.figures(close=True)
        heard = found if listener is None else listener.figures(
            close=True, wanted=found['frames'])
    return {**found, 'results': heard['frames'], 'ages_ms': heard['ages_ms']}


class Process:
    """
    A role in a process of its own; a context manager that waits until it is ready.

    :param role: a role of ``bench/dds_roles.py``.
    :param options: options of the role.
    :param variables: environment of the process.
    :param namespace: ROS namespace of its topics.
    :param module: module with the role.
    """

    def __init__(self, role: str, options: dict[str, Any], variables: dict[str, str], *,
                 namespace: str = '', module: str = 'edgenext_ros.bench.dds_roles') -> None:
        self._process = subprocess.Popen(
            [sys.executable, '-m', module, role, json.dumps(options),
             '--ros-args', '--log-level', 'error', '-r', f'__ns:=/{namespace}'],
            env=variables, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Process:
        try:
            self._line()
        except BaseException:  # after Ctrl-C the role must not stay behind
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self._process.kill()
        self._process.communicate()

    def figures(self, *, close: bool = False, wanted: int = 0) -> dict[str, Any]:
        """
        Wait for the role's figures.

        :param close: tell the role to end first.
        :param wanted: with ``close``, wait a while until the role has counted so many frames.
        :raises RuntimeError: the process has ended without figures.
        """
        assert self._process.stdin is not None
        if close:
            self._process.stdin.write(str(wanted))
            self._process.stdin.close()
            self._process.stdin = None
        found: dict[str, Any] = json.loads(self._line())
        return found

    def _line(self) -> str:
        assert self._process.stdout is not None
        # Libraries may print on stdout too; their lines are neither "ready" nor JSON.
        for line in self._process.stdout:
            if line.startswith(('ready', '{')):
                return line
        raise RuntimeError(f'{self._process.args}: ended with code {self._process.wait()}')
