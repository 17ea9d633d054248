# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure this package against the RDK Model Zoo's Python path on this machine."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgenext_ros.toolchain.benchmark import Row

HELP = "Measure the time around the inference, against the RDK Model Zoo's Python path."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('--repeat', type=_positive, default=200, metavar='N',
                        help='runs of each side, of which the median counts (default: 200)')
    parser.add_argument('--plot', type=Path, metavar='FILE.png',
                        help='draw the ratios as a bar chart; needs matplotlib')


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'must be at least 1, got {value}')
    return value


def run(arguments: argparse.Namespace) -> int:
    """Print a table, one row a case; 2 without what the baseline or the plot needs."""
    from dataclasses import asdict
    from importlib.util import find_spec
    import sys

    from edgenext_ros.cli import write_json

    if find_spec('scipy') is None:
        print('edgenext bench: the baseline needs scipy: pip install scipy, or use ./dev bench, '
              'which installs it', file=sys.stderr)
        return 2
    if arguments.plot and find_spec('matplotlib') is None:
        print('edgenext bench: --plot needs matplotlib: pip install matplotlib', file=sys.stderr)
        return 2

    from edgenext_ros.toolchain import benchmark

    print(f'{benchmark.machine()}; medians of {arguments.repeat} runs, one OpenCV thread\n')
    print(f'{"case":<30}{"ours":>9}{"theirs":>10}')
    rows = []
    for case in benchmark.cases():
        row = case.measure(repeat=arguments.repeat)
        print(f'{row.case:<30}{row.ours:>9.1f}{row.theirs:>10.1f} {row.unit:<4} {verdict(row)}',
              flush=True)
        rows.append(row)
    write_json(arguments.json, [asdict(row) for row in rows])
    if arguments.plot:
        _plot(rows, arguments.plot)
    return 0


def verdict(row: Row) -> str:
    """Say who is faster, and by how much."""
    factor, word = (row.ratio, 'faster') if row.ratio >= 1 else (1 / row.ratio, 'slower')
    return f'{factor:.2f} times {word} than the {row.baseline}'


def _plot(rows: list[Row], path: Path) -> None:
    """Draw one bar a case, to the right of 1 where ours is faster and to the left where not."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 1 + 0.4 * len(rows)), layout='constrained')
    axes = figure.subplots()
    bars = axes.barh([row.case for row in rows], [row.ratio - 1 for row in rows], left=1,
                     color=['tab:green' if row.ratio >= 1 else 'tab:red' for row in rows])
    axes.bar_label(bars, [f'{row.ratio:.2f}' for row in rows], padding=3)
    axes.axvline(1, color='black', linewidth=1)
    axes.margins(x=0.15)
    axes.invert_yaxis()
    axes.set_xlabel("baseline's time / ours: above 1 ours is faster")
    figure.savefig(path, dpi=120)
