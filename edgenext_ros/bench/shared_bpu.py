# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Measure age and rate of the node's results while another process uses the same BPU.

The other process stands for a detector of TROS. It runs at the rate of a camera, or without a
pause, with the lowest priority; the node has the lowest or the highest.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from statistics import quantiles
import sys
from time import monotonic
from typing import Any

from edgenext_ros.bench.dds import CameraStream, environment, Process, SMALL
from edgenext_ros.bench.table import markdown_table
from edgenext_ros.bench.two_cameras import node_process, wait_for_lines

_RATES = (29.0, 0.0)
"""Inferences of the neighbour a second. The first is not the camera's 30, so that every phase
between the two occurs; 0 means without a pause."""
_PRIORITIES = (0, 255)
_RUNS = 3
_NEIGHBOUR = 'edgenext_ros.bench.bpu_neighbour'


@dataclass(frozen=True)
class SharedBpu:
    """What the node and its neighbour reached beside each other."""

    neighbour: str
    """The neighbour's rate, as text."""
    priority: int
    """The node's priority; that of the neighbour is 0."""
    age_ms: float
    """Median age of a result."""
    age_95_ms: float
    """Age that 95 % of the results do not exceed."""
    rate: float
    """Results a second."""
    neighbour_rate: float
    """Inferences of the neighbour a second."""


def measure(model: Path, neighbour: Path, *, rate: float | None, priority: int,
            camera: CameraStream = SMALL) -> SharedBpu:
    """
    Run the node with a camera, and the neighbour beside it.

    :param model: ``.bin`` file of the node.
    :param neighbour: ``.bin`` file of the neighbour.
    :param rate: the neighbour's inferences a second; 0 without a pause, None without a neighbour.
    :param priority: the node's priority.
    :param camera: the images.
    :raises RuntimeError: a process has ended early, or there were no results.
    """
    with ExitStack() as stack:
        variables = environment()
        listener = stack.enter_context(Process('listener', {}, variables))
        node = stack.enter_context(node_process(
            ('node', '--ros-args', '-p', f'model:={model}', '-p', f'priority:={priority}'),
            variables, runtime='libdnn'))
        wait_for_lines(node, ': model ', count=1)
        beside = None if rate is None else stack.enter_context(Process(
            'neighbour', {'model': str(neighbour), 'rate': rate}, variables, module=_NEIGHBOUR))
        sender = stack.enter_context(Process('camera', asdict(camera), variables))
        wait_for_lines(node, ': images of /', count=1)
        begin = monotonic()
        sender.figures()
        end = monotonic()
        ends = [] if beside is None else beside.figures(close=True)['ends']
        ages = listener.figures(close=True)['ages_ms']
    if len(ages) < 2:
        raise RuntimeError(f'{camera.title}: no results beside the neighbour')
    cuts = quantiles(ages, n=20)
    return SharedBpu(
        _describe(rate), priority, age_ms=cuts[9], age_95_ms=cuts[18],
        rate=camera.rate * len(ages) / camera.frames,
        neighbour_rate=sum(begin < time <= end for time in ends) / (end - begin))


def _describe(rate: float | None) -> str:
    if rate is None:
        return 'none'
    return f'at {rate:.0f} Hz' if rate else 'without a pause'


def rows(model: Path, neighbour: Path) -> list[SharedBpu]:
    """
    Measure the node alone, then beside the neighbour with each rate and priority.

    Every case is run ``_RUNS`` times in turns; the run with the lowest median age counts, because
    other programs of the machine only ever add to it.

    :param model: ``.bin`` file of the node.
    :param neighbour: ``.bin`` file of the neighbour.
    """
    cases: list[tuple[float | None, int]] = [(None, 0), *product(_RATES, _PRIORITIES)]
    found: dict[tuple[float | None, int], list[SharedBpu]] = {case: [] for case in cases}
    for run in range(1, _RUNS + 1):
        for rate, priority in cases:
            print(f'run {run} of {_RUNS}: neighbour {_describe(rate)}, priority {priority} ...',
                  file=sys.stderr, flush=True)
            found[rate, priority].append(
                measure(model, neighbour, rate=rate, priority=priority))
    return [min(runs, key=lambda row: row.age_ms) for runs in found.values()]


def markdown(found: Iterable[SharedBpu]) -> str:
    """Return the table of docs/benchmarks.md."""
    return markdown_table(
        ('neighbour', "node's priority", 'age, ms: median', '95 of 100', 'results a second',
         "neighbour's inferences a second"),
        ((row.neighbour, row.priority, f'{row.age_ms:.1f}', f'{row.age_95_ms:.1f}',
          f'{row.rate:.1f}', f'{row.neighbour_rate:.1f}') for row in found))


def as_json(found: Iterable[SharedBpu]) -> list[dict[str, Any]]:
    """Return the figures for a JSON file."""
    return [asdict(row) for row in found]
