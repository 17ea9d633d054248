# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Rows of a measurement as words, as a Markdown table and as a plot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgenext_ros.bench.host import BenchRow


def markdown(machine: str, rows: list[BenchRow]) -> str:
    """Return the table of docs/benchmarks.md."""
    lines = [f'{machine}.', '', '| case | baseline | unit | ours | theirs | ratio |',
             '|---|---|---|---|---|---|']
    lines += [f'| {row.case} | {row.baseline} | {row.unit} | {row.ours:.1f} | {row.theirs:.1f} '
              f'| {row.ratio:.2f} |' for row in rows]
    return '\n'.join(lines)


def verdict(row: BenchRow) -> str:
    """Say who is faster, and by how much."""
    factor, word = (row.ratio, 'better') if row.ratio >= 1 else (1 / row.ratio, 'worse')
    if row.unit in ('us', 'ms', 's'):
        word = {'better': 'faster', 'worse': 'slower'}[word]
    return f'{factor:.2f} times {word} than the {row.baseline}'


def plot(rows: list[BenchRow], path: Path) -> None:
    """Draw one bar a case, to the right of 1 where ours is faster and to the left where not."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 1 + 0.35 * len(rows)), layout='constrained')
    axes = figure.subplots()
    bars = axes.barh([f'{row.case}, against {row.baseline}' for row in rows],
                     [row.ratio - 1 for row in rows], left=1,
                     color=['tab:green' if row.ratio >= 1 else 'tab:red' for row in rows])
    axes.bar_label(bars, [f'{row.ratio:.2f}' for row in rows], padding=3)
    axes.axvline(1, color='black', linewidth=1)
    axes.margins(x=0.15)
    axes.invert_yaxis()
    axes.set_xscale('log')
    axes.set_xlabel('baseline / ours: above 1 ours is better')
    figure.savefig(path, dpi=120)
