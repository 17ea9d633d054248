# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Run the node for a long time while subscribers come and go, and test for growth.

``./dev soak --minutes N`` starts camera, node and subscribers as processes in a ROS domain of
their own, and samples memory, threads and file descriptors once a second. The minimum of each
visit is compared, so what a subscriber costs during its stay does not count as growth.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, ExitStack
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
import signal
from statistics import median
import subprocess
import sys
from time import monotonic, sleep
from typing import Any

from edgenext_ros.bench import ros_domain
from edgenext_ros.models.store import resource_folder
import numpy as np

_LIMITS = {'memory_mb': 5.0, 'threads': 0.9, 'descriptors': 0.9}
"""Growth up to this is ignored: memory grows in steps, threads and descriptors are integers."""
_WARM_UP = 0.25
"""Share of the visits that is ignored at the start, while caches fill and the heap grows."""
_LEAST_POINTS = 4
"""Visits after the warm-up that are needed to test for growth."""
VISIT_S, PAUSE_S = 9.0, 3.0
"""Duration of a subscriber's stay, and of the pause until the next, in seconds."""

_END_S = 10
_WATCHED = ('node', 'camera')
_QUIET = ('--ros-args', '--log-level', 'warn')


@dataclass(frozen=True)
class Sample:
    """The resources of a process at one time."""

    second: float
    visit: int
    """Number of the visit, with the pause after it."""
    memory_mb: float
    threads: int
    descriptors: int


@dataclass(frozen=True)
class Visit:
    """What one subscriber received."""

    begin: float
    end: float
    rate: float
    """Results per second of its stay, discovery included."""
    age_ms: float
    """Median age of the results on arrival, from the camera's stamp; nan without a result."""


@dataclass
class SoakRun:
    """The samples and visits of a run."""

    rate: float
    """The camera's frames a second."""
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)


@dataclass(frozen=True)
class SoakVerdict:
    """The growth of one resource of a process."""

    name: str
    first: float
    last: float
    growth: float
    """Over the time after the warm-up, from the median slope between all pairs of minima."""
    grows: bool


def sample_process(pid: int, *, second: float, visit: int) -> Sample:
    """
    Read the resources of a process.

    :param pid: id of the process.
    :param second: time since the begin of the run.
    :param visit: number of the visit.
    :raises OSError: the process has ended.
    """
    process = Path(f'/proc/{pid}')
    status = dict(line.split(':', 1) for line in (process / 'status').read_text().splitlines())
    if 'VmRSS' not in status:
        raise ProcessLookupError(f'process {pid} has ended')
    return Sample(second, visit, int(status['VmRSS'].split()[0]) * 1024 / 1e6,
                  int(status['Threads']), len(list((process / 'fd').iterdir())))


def growth_of(samples: list[Sample], process: str) -> Iterator[SoakVerdict]:
    """
    Yield the growth of each resource in ``_LIMITS``.

    :raises ValueError: the run is too short.
    """
    visits = sorted({sample.visit for sample in samples})
    visits = visits[int(len(visits) * _WARM_UP):]
    if len(visits) < _LEAST_POINTS:
        raise ValueError(f'{len(visits)} visits after the warm-up are too few to test for growth: '
                         f'expected {_LEAST_POINTS} or more, let it run longer')
    for figure, limit in _LIMITS.items():
        minima = [min((s for s in samples if s.visit == visit), key=lambda s: getattr(s, figure))
                  for visit in visits]
        times = np.array([sample.second for sample in minima])
        values = np.array([getattr(sample, figure) for sample in minima], np.float64)
        first, second = np.triu_indices(len(visits), 1)
        slope = float(np.median((values[second] - values[first]) / (times[second] - times[first])))
        growth = slope * float(times[-1] - times[0])
        yield SoakVerdict(f'{process} {figure}', float(values[0]), float(values[-1]), growth,
                          growth > limit)


@contextmanager
def _started(module: str, *words: str, environment: dict[str, str],
             ) -> Iterator[subprocess.Popen[str]]:
    """Run a module of the package; interrupt it at the end of the block."""
    process = subprocess.Popen(
        [sys.executable, '-m', f'edgenext_ros.{module}', *words], env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def run(*, minutes: float, rate: float) -> SoakRun:
    """
    Run camera and node while subscribers come and go.

    :param minutes: minimum duration; the visit in progress is finished.
    :param rate: the camera's frames a second.
    :raises RuntimeError: a process has ended early.
    """
    environment, found = ros_domain.environment(), SoakRun(rate, {name: [] for name in _WATCHED})
    with ExitStack() as stack:
        processes = {
            'node': stack.enter_context(_started('ros.node', *_QUIET, environment=environment)),
            'camera': stack.enter_context(_started(
                'ros.camera.node', *_QUIET, '-p', f'source:={resource_folder() / "pictures"}',
                '-p', f'rate:={rate}', '-p', 'hold:=1.0', '-p', 'width:=640', '-p', 'height:=480',
                environment=environment))}
        begin = monotonic()

        def watch(seconds: float) -> None:
            end = monotonic() + seconds
            while monotonic() < end:
                for name, process in processes.items():
                    if process.poll() is not None:
                        raise RuntimeError(f'the {name} has ended with code {process.returncode}')
                    found.samples[name].append(sample_process(
                        process.pid, second=monotonic() - begin, visit=len(found.visits)))
                sleep(min(1.0, max(0.0, end - monotonic())))

        while monotonic() - begin < 60 * minutes:
            with _started('bench.dds_roles', 'listener', '{"joins": true}',
                          environment=environment) as listener:
                assert listener.stdin is not None and listener.stdout is not None
                listener.stdout.readline()  # "ready"
                came = monotonic() - begin
                watch(VISIT_S)
                listener.stdin.close()
                left = monotonic() - begin
                heard = json.loads(listener.stdout.readline())
                listener.stdin = None
                listener.wait(_END_S)  # a signal while it exits would print a traceback
            watch(PAUSE_S)
            ages = heard['ages_ms']
            found.visits.append(Visit(came, left, len(ages) / (left - came),
                                      median(ages) if ages else float('nan')))
            print(f'\r{(monotonic() - begin) / 60:5.1f} of {minutes:g} minutes, subscriber '
                  f'{len(found.visits)}: {found.visits[-1].rate:.1f} results a second ', end='',
                  file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return found


def plot(found: SoakRun, path: Path) -> None:
    """Draw resources, rates and ages over time."""
    from matplotlib.figure import Figure
    figure = Figure(figsize=(9, 9), layout='constrained')
    axes = figure.subplots(5, sharex=True)
    for axis, name, title in zip(
            axes, ('memory_mb', 'threads', 'descriptors'),
            ('memory, MB', 'threads', 'file descriptors'), strict=False):
        for process, samples in found.samples.items():
            axis.plot([s.second / 60 for s in samples], [getattr(s, name) for s in samples],
                      label=process, linewidth=1)
        axis.set_ylabel(title)
        axis.set_ylim(bottom=0)
    axes[0].legend(loc='lower right')
    times = [visit.end / 60 for visit in found.visits]
    for axis, name, title in zip(axes[3:], ('rate', 'age_ms'),
                                 ('results a second', 'age of a result, ms'), strict=True):
        axis.plot(times, [getattr(visit, name) for visit in found.visits], '.-', linewidth=1)
        axis.set_ylabel(title)
        axis.set_ylim(bottom=0)
    axes[4].set_xlabel('minutes')
    axes[0].set_title(f'camera, node, and {len(found.visits)} subscribers that come and go, '
                      f'{found.rate:g} frames a second')
    figure.savefig(path, dpi=100)


def main(args: list[str] | None = None) -> int:
    """Run, write plot and figures; return 1 if a resource grows or a subscriber got nothing."""
    parser = argparse.ArgumentParser(prog='./dev soak', description=__doc__.split('\n')[1])
    parser.add_argument('--minutes', type=float, default=10.0, metavar='N')
    parser.add_argument('--rate', type=float, default=10.0, metavar='HZ',
                        help="the camera's frames a second (default: 10)")
    parser.add_argument('--plot', type=Path, default=Path('soak.png'), metavar='FILE.png')
    parser.add_argument('--json', type=Path, default=Path('soak.json'), metavar='FILE')
    arguments = parser.parse_args(args)
    try:
        found = run(minutes=arguments.minutes, rate=arguments.rate)
        plot(found, arguments.plot)
        verdicts = [v for name in _WATCHED for v in growth_of(found.samples[name], name)]
    except KeyboardInterrupt:
        return 130
    except (OSError, RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
        print(f'soak: {error}', file=sys.stderr)
        return 1
    figures: dict[str, Any] = asdict(found) | {'verdicts': [asdict(v) for v in verdicts]}
    arguments.json.write_text(json.dumps(figures, indent=1) + '\n')
    for verdict in verdicts:
        print(f'{verdict.name:20} {verdict.first:8.1f} -> {verdict.last:8.1f}  '
              f'growth {verdict.growth:+7.2f}  {"GROWS" if verdict.grows else "steady"}')
    silent = sum(not visit.rate for visit in found.visits)
    rates, ages = ([getattr(v, name) for v in found.visits] for name in ('rate', 'age_ms'))
    print(f'{len(found.visits)} subscribers, {silent} of them without a result; results a second '
          f'of their stay {min(rates):.1f} to {max(rates):.1f}, median age {median(ages):.1f} ms')
    return int(bool(silent) or any(verdict.grows for verdict in verdicts))


if __name__ == '__main__':
    sys.exit(main())
