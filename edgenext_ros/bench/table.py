# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The rows of a benchmark, as text, as a Markdown table and as a plot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, InitVar
from pathlib import Path


@dataclass(frozen=True)
class BenchRow:
    """What one case cost, ours and the baseline's; less is better, unless ``more``."""

    case: str
    baseline: str
    unit: str
    ours: float
    theirs: float
    more: InitVar[bool] = False
    ratio: float = field(init=False)
    """Theirs / ours, or its inverse for ``more``: above 1 ours is better."""

    def __post_init__(self, more: bool) -> None:
        above, below = (self.ours, self.theirs) if more else (self.theirs, self.ours)
        object.__setattr__(self, 'ratio', above / below if below else float('inf'))


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table."""
    first, *others = (f'| {" | ".join(map(str, line))} |' for line in (head, *rows))
    return '\n'.join((first, '|' + '---|' * len(head), *others))


def markdown(machine: str, rows: list[BenchRow]) -> str:
    """Return the table of docs/benchmarks.md."""
    return f'{machine}.\n\n' + markdown_table(
        ('case', 'baseline', 'unit', 'ours', 'theirs', 'ratio'),
        ((row.case, row.baseline, row.unit, f'{row.ours:.1f}', f'{row.theirs:.1f}',
          f'{row.ratio:.2f}') for row in rows))


def verdict(row: BenchRow) -> str:
    """Compare the two sides in words, such as ``2.50 times faster than the model zoo``."""
    factor, word = (row.ratio, 'better') if row.ratio >= 1 else (1 / row.ratio, 'worse')
    if row.unit in ('us', 'ms', 's'):
        word = {'better': 'faster', 'worse': 'slower'}[word]
    return f'{factor:.2f} times {word} than the {row.baseline}'


def plot(rows: list[BenchRow], path: Path) -> None:
    """Draw a bar for each case, which ends right of 1 where ours is better, else left of it."""
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
