# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure this package against the RDK Model Zoo: its Python path here, its models on the BPU."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgenext_ros.toolchain.benchmark import Row

HELP = ("Measure the time around the inference, against the RDK Model Zoo's Python path; or with "
        '"bpu" the time of the inference, against its recipe, by the compiler\'s estimate.')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('what', nargs='?', default='host', choices=('host', 'bpu'),
                        help='host: this machine (default); bpu: compile all four sizes with the '
                             "vendor's tools, which takes half an hour")
    parser.add_argument('--sizes', nargs='+', metavar='NAME',
                        help='bpu: only these, such as edgenext_xx_small')
    parser.add_argument('--cache', type=Path, metavar='FOLDER',
                        help='bpu: keep reports here, and do not compute them again')
    parser.add_argument('--markdown', type=Path, metavar='FILE.md', help='bpu: write the tables')
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

    if arguments.plot and find_spec('matplotlib') is None:
        print('edgenext bench: --plot needs matplotlib: pip install matplotlib', file=sys.stderr)
        return 2
    if arguments.what == 'bpu':
        return _run_bpu(arguments)
    if find_spec('scipy') is None:
        print('edgenext bench: the baseline needs scipy: pip install scipy, or use ./dev bench, '
              'which installs it', file=sys.stderr)
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


def _run_bpu(arguments: argparse.Namespace) -> int:
    """Compile everything and print the tables."""
    import sys
    from time import monotonic

    from edgenext_ros.cli import write_json
    from edgenext_ros.toolchain import benchmark_bpu

    sizes = arguments.sizes or list(benchmark_bpu.BOARD)
    unknown = sorted(set(sizes) - benchmark_bpu.BOARD.keys())
    if unknown:
        raise ValueError(f'--sizes {" ".join(unknown)}: expected some of '
                         f'{", ".join(benchmark_bpu.BOARD)}')
    begin = monotonic()

    def progress(text: str) -> None:
        print(f'{monotonic() - begin:6.0f} s  {size}: {text}', file=sys.stderr, flush=True)

    rows = []
    for size in sizes:
        rows.append(benchmark_bpu.measure(
            size, cache=arguments.cache, progress=progress))
    tables = benchmark_bpu.markdown(rows)
    print(tables)
    write_json(arguments.json, [case for row in rows for case in benchmark_bpu.as_json(row)])
    if arguments.markdown:
        arguments.markdown.write_text(tables + '\n')
    if arguments.plot:
        benchmark_bpu.plot(rows, arguments.plot)
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
