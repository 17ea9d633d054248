# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Let the node work for long while subscribers come and go, and see whether it grows.

``./dev soak --minutes N`` starts camera, node and subscribers as processes of their own, in a ROS
domain of their own, and looks at them once a second. The floor of each coming and going is judged:
what a subscriber costs while it is there is no growth.
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

LIMITS = {'memory_mb': 5.0, 'threads': 0.9, 'descriptors': 0.9}
"""Growth over the judged time that is none: memory comes in steps, the others are whole."""
WARM_UP = 0.25
"""Share of a run, at its start, that is not judged: caches fill, the allocator finds its size."""
LEAST_POINTS = 4
VISIT_S, PAUSE_S = 9.0, 3.0
"""How long a subscriber stays, and how long there is none."""

_END_S = 10
_WATCHED = ('node', 'camera')
_QUIET = ('--ros-args', '--log-level', 'warn')


@dataclass(frozen=True)
class Sample:
    """One process at one time."""

    second: float
    visit: int
    """Number of the coming and going."""
    memory_mb: float
    threads: int
    descriptors: int


@dataclass(frozen=True)
class Visit:
    """What one subscriber has received."""

    begin: float
    end: float
    rate: float
    """Results a second of its stay, of which finding the node is a part."""
    age_ms: float
    """Median of now minus the camera's stamp; nan without a result."""


@dataclass
class SoakRun:
    """All that was seen."""

    rate: float
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)


@dataclass(frozen=True)
class Verdict:
    """One figure of one process."""

    name: str
    first: float
    last: float
    growth: float
    """Over the judged time, by the median slope between any two floors."""
    grows: bool


def look(pid: int, *, second: float, visit: int) -> Sample:
    """Read what a process holds; OSError when it has ended."""
    process = Path(f'/proc/{pid}')
    said = dict(line.split(':', 1) for line in (process / 'status').read_text().splitlines())
    if 'VmRSS' not in said:
        raise ProcessLookupError(f'process {pid} has ended')
    return Sample(second, visit, int(said['VmRSS'].split()[0]) * 1024 / 1e6,
                  int(said['Threads']), len(list((process / 'fd').iterdir())))


def judge(samples: list[Sample], process: str) -> Iterator[Verdict]:
    """
    Say of each figure whether it grows.

    :raises ValueError: too short a run to tell.
    """
    visits = sorted({sample.visit for sample in samples})
    visits = visits[int(len(visits) * WARM_UP):]
    if len(visits) < LEAST_POINTS:
        raise ValueError(f'{len(visits)} comings and goings after the warm-up are too few to '
                         f'judge: expected {LEAST_POINTS} or more, let it run longer')
    for figure, limit in LIMITS.items():
        floors = [min((s for s in samples if s.visit == visit), key=lambda s: getattr(s, figure))
                  for visit in visits]
        times = np.array([sample.second for sample in floors])
        values = np.array([getattr(sample, figure) for sample in floors], np.float64)
        one, other = np.triu_indices(len(visits), 1)
        slope = float(np.median((values[other] - values[one]) / (times[other] - times[one])))
        growth = slope * float(times[-1] - times[0])
        yield Verdict(f'{process} {figure}', float(values[0]), float(values[-1]), growth,
                      growth > limit)


@contextmanager
def _started(module: str, *words: str, environment: dict[str, str],
             ) -> Iterator[subprocess.Popen[str]]:
    """Run a module of the package until the end of the block."""
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
    Let camera and node work while subscribers come and go.

    :param minutes: at least so long; the last subscriber is waited for.
    :param rate: the camera's frames a second.
    :raises RuntimeError: a process has ended.
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
                    found.samples[name].append(look(
                        process.pid, second=monotonic() - begin, visit=len(found.visits)))
                sleep(min(1.0, max(0.0, end - monotonic())))

        while monotonic() - begin < 60 * minutes:
            with _started('bench.dds_roles', 'listener', '{"joins": true}',
                          environment=environment) as listener:
                assert listener.stdin is not None and listener.stdout is not None
                listener.stdout.readline()  # it says that it is ready
                came = monotonic() - begin
                watch(VISIT_S)
                listener.stdin.close()
                left = monotonic() - begin
                heard = json.loads(listener.stdout.readline())
                listener.stdin = None
                listener.wait(_END_S)  # a signal in the middle of its end would be a traceback
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
    """Draw what was seen over the time."""
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
    """Soak, write plot and figures, and judge: 1 when something grows or nothing was received."""
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
        verdicts = [v for name in _WATCHED for v in judge(found.samples[name], name)]
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
