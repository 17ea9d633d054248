# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Compare the published recipe with ours, on the same compiler, for all four sizes.

Latencies are hb_mapper's estimates; no board is needed.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
import json
from pathlib import Path
from statistics import median
from types import MappingProxyType
from typing import Any

from edgenext_ros.bench.table import BenchRow, markdown_table
from edgenext_ros.toolchain.bpu.compile import compile_model, CompileJob, fingerprint
from edgenext_ros.toolchain.bpu.hb_mapper import CompilerReport
from edgenext_ros.toolchain.bpu.recipe import RECIPES
from edgenext_ros.toolchain.progress import StepProgress

BOARD = MappingProxyType({
    'edgenext_xx_small': (2.47, 7.24, 403.49), 'edgenext_x_small': (2.88, 9.63, 345.73),
    'edgenext_small': (4.41, 14.93, 226.15), 'edgenext_base': (8.80, 32.31, 113.35)})
"""From the model zoo's page, on an RDK X5: latency in ms with one thread, latency in ms with four
threads, frames a second with four threads."""
_THREADS = (1, 2, 4, 8)
_OUTSIDE_MS = median(4 * 1000 / fps - four for _, four, fps in BOARD.values())
"""Time of a thread for a frame outside the inference call, in ms, on the page's board: each of
four threads delivers a frame in 4 / FPS, and the call takes the latency with four threads."""


@dataclass(frozen=True)
class SizeLatency:
    """The compiler's reports of one size."""

    size: str
    published: CompilerReport
    ours: CompilerReport
    precise: CompilerReport

    @property
    def ratio(self) -> float:
        """Published latency / ours."""
        return self.published.latency_ms / self.ours.latency_ms


def throughput(latency_ms: float, threads: int) -> float:
    """
    Predict frames a second when each thread submits one frame at a time.

    The BPU runs one frame at a time. While a thread is outside the inference call, the frames of
    the others run. So the rate is that of the threads or that of the BPU, whichever is lower. The
    page's latencies give its rates with four threads within 0.5 %.

    :param latency_ms: latency of a frame on the BPU.
    :param threads: number of threads.
    """
    return 1000 * min(threads / (latency_ms + _OUTSIDE_MS), 1 / latency_ms)


def measure(size: str, *, cache: Path | None, progress: StepProgress) -> SizeLatency:
    """
    Compile one size with all three recipes and random weights; latency does not depend on them.

    :param size: timm's name of the network.
    :param cache: folder of earlier reports, which are reused for the same graph and compiler.
    :param progress: called with each step.
    :raises ValueError: a file of the cache is damaged.
    """
    reports = {}
    for name, recipe in RECIPES.items():
        job = CompileJob(model=size, recipe=recipe, output=None)
        known = cache / f'{size}-{name}-{fingerprint(job)[:16]}.json' if cache else None
        if known is not None and known.exists():
            try:
                reports[name] = CompilerReport(**json.loads(known.read_text()))
            except (ValueError, TypeError) as error:
                raise ValueError(f'{known}: expected a report of this bench, found {error}; '
                                 'delete it') from error
            continue
        reports[name] = compile_model(job, progress=progress)
        if known is not None:
            known.parent.mkdir(parents=True, exist_ok=True)
            known.write_text(json.dumps(asdict(reports[name])))
    return SizeLatency(size, reports['published'], reports['fast'], reports['precise'])


def as_json(row: SizeLatency) -> list[dict[str, Any]]:
    """Return a size as cases of ``edgenext bench``."""
    latency, _, fps = BOARD[row.size]
    return [{**asdict(BenchRow(f'BPU latency {row.size} {name}', 'published recipe', 'ms',
                               report.latency_ms, row.published.latency_ms)),
             'ddr_mb': report.ddr_mb, 'theirs_ddr_mb': row.published.ddr_mb,
             'board_latency_ms': latency, 'board_fps': fps,
             'fps_by_threads': {threads: round(throughput(report.latency_ms, threads), 1)
                                for threads in _THREADS}}
            for name, report in (('fast', row.ours), ('precise', row.precise))]


def markdown(rows: list[SizeLatency]) -> str:
    """Return the two tables of docs/bpu.md: latency, and frames a second by threads."""
    latencies = markdown_table(
        ('size', 'published recipe, ms', 'ours, ms', 'times faster', 'ours, partly in int16, ms',
         'DDR, MB: theirs, ours', 'on the board, published: ms, FPS'),
        ((_short(row), f'{row.published.latency_ms:.3f}', f'**{row.ours.latency_ms:.3f}**',
          f'**{row.ratio:.2f}**', f'{row.precise.latency_ms:.3f}',
          f'{row.published.ddr_mb:.1f}, {row.ours.ddr_mb:.1f}',
          f'{BOARD[row.size][0]:.2f}, {BOARD[row.size][2]:.1f}') for row in rows))
    rates = markdown_table(
        ('size', 'recipe', *(f'{threads} thread{"s" if threads > 1 else ""}'
                             for threads in _THREADS)),
        ((_short(row), name, *(f'{throughput(report.latency_ms, threads):.0f}'
                               for threads in _THREADS))
         for row in rows for name, report in (('published', row.published), ('ours', row.ours))))
    return f'{latencies}\n\n{rates}'


def _short(row: SizeLatency) -> str:
    return row.size.removeprefix('edgenext_')


def plot(rows: list[SizeLatency], path: Path) -> None:
    """Draw the latencies side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout='constrained')
    axes = figure.subplots()
    bars = (('published, on the board (model zoo)', 'tab:gray', lambda row: BOARD[row.size][0]),
            ('published recipe, estimate', 'tab:orange', lambda row: row.published.latency_ms),
            ('ours, partly int16, estimate', 'tab:blue', lambda row: row.precise.latency_ms),
            ('ours, estimate', 'tab:green', lambda row: row.ours.latency_ms))
    for place, (label, colour, value) in enumerate(bars):
        drawn = axes.barh([index + 0.2 * (place - 1.5) for index in range(len(rows))],
                          [value(row) for row in rows], height=0.19, label=label, color=colour)
        axes.bar_label(drawn, [f'{value(row):.2f}' + (
            f'  {row.ratio:.2f}x' if label == 'ours, estimate' else '') for row in rows],
            padding=3, fontsize=8)
    axes.set_yticks(range(len(rows)), [row.size for row in rows])
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel('latency of one frame on the BPU, ms')
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
