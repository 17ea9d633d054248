# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Measure what each way to quantise a model costs in accuracy, and its latency.

Accuracy is that of hb_mapper's quantised graph, with the node's preprocessing; the simulated
``.bin`` equals this graph bit for bit (``edgenext verify``). Latency is the compiler's estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgenext_ros.bench.table import markdown_table
from edgenext_ros.core.nv12 import DEFAULT_FIT
from edgenext_ros.models.atomic_file import atomic_write
from edgenext_ros.toolchain.bpu.compile import compile_model, CompileJob, fingerprint
from edgenext_ros.toolchain.bpu.hb_mapper import CompilerReport
from edgenext_ros.toolchain.bpu.recipe import RECIPES
from edgenext_ros.toolchain.evaluation import metrics
from edgenext_ros.toolchain.evaluation.evaluate import (
    evaluate,
    EvaluationRun,
    opened,
    quantised,
    Subject,
)
from edgenext_ros.toolchain.evaluation.labelled_pictures import Labelled
from edgenext_ros.toolchain.evaluation.report import share
from edgenext_ros.toolchain.evaluation.resampling import View
from edgenext_ros.toolchain.evaluation.verify import CountProgress
from edgenext_ros.toolchain.progress import StepProgress
import numpy as np

_FAST, _PUBLISHED = RECIPES['fast'], RECIPES['published']
_WORST = (r'^/stem/norm/(mean/Conv|Div_reciprocal)'
          r'|^/stages/stages[.]3/stages[.]3[.]2/(mlp/(fc2/Conv|norm/mean/Conv|Mul_1)|Add)')
"""The nodes of EdgeNeXt-XX-Small whose int8 costs the bundled model the most accuracy, from
``edgenext compile --sensitivity``."""
QUANTISED_FORMS = MappingProxyType({
    'published': _PUBLISHED,
    'published, 99.99 %': replace(_PUBLISHED, percentile=0.9999),
    'fast': _FAST,
    'fast, 99.9 %': replace(_FAST, percentile=0.999),
    'fast, all values': replace(_FAST, percentile=1.0),
    'fast, KL divergence': replace(_FAST, method='kl'),
    'fast, per channel': replace(_FAST, per_channel=True),
    'fast, bias correction': replace(_FAST, optimization='bias_correction'),
    'fast, worst nodes int16': replace(_FAST, int16=_WORST),
    'precise': RECIPES['precise'],
})
"""The forms to compare; a percentage is the share of a tensor's values that int8 covers."""
_SAME_MS, _BESIDE_MS = 0.02, 0.05
"""The plot draws points with latencies closer than the first at the second's distance."""


@dataclass(frozen=True)
class QuantisationResult:
    """A quantised form compared with the float model."""

    name: str
    report: CompilerReport
    accuracy: metrics.Accuracy
    comparison: metrics.Comparison
    cosine: float
    """Cosine similarity with the float model's logits, see ``cosine``."""


@dataclass(frozen=True)
class Study:
    """The model to quantise, and the pictures to measure on."""

    model: Path
    """The float ONNX file."""
    data: Labelled
    calibration: Path
    """Folder of pictures to calibrate with, none of them in ``data``."""
    cache: Path
    """Folder of compiled models; an interrupted study resumes from there."""

    def measure(self, names: list[str], *, progress: StepProgress,
                meter: Callable[[str], CountProgress],
                ) -> tuple[EvaluationRun, list[QuantisationResult]]:
        """
        Quantise and evaluate the model in several forms.

        :param names: keys of ``QUANTISED_FORMS``.
        :param progress: called with each step of a compilation.
        :param meter: returns the progress callback of the evaluation with this title.
        :return: the float model's run, and the results in the order of ``names``.
        """
        view = View(DEFAULT_FIT)
        with opened(self.model, 'onnx') as subject:
            truth = evaluate(subject, self.data, view, progress=meter('float'))
            runs, rows = [truth], []
            for name, report, graph in self._compiled(names, subject, progress):
                run = evaluate(quantised(graph, subject.info), self.data, view,
                               progress=meter(name))
                runs.append(run)
                rows.append(QuantisationResult(name, report, run.accuracy, metrics.compare(
                    truth.best, run.best, truth.truth), cosine(truth, run)))
        for run in runs:
            run.partial.unlink(missing_ok=True)
        return truth, rows

    def _compiled(self, names: list[str], subject: Subject,
                  progress: StepProgress) -> Iterator[tuple[str, CompilerReport, Path]]:
        """Yield name, report and quantised graph of each form; compile it unless it is cached."""
        for name in names:
            folder = self.cache / ''.join(c if c.isalnum() else '-' for c in name)
            job = CompileJob(model=str(self.model), recipe=QUANTISED_FORMS[name],
                             output=folder / 'study.bin', pictures=self.calibration, keep=folder)
            made_of = {'model': subject.digest, 'compiled': fingerprint(job)}
            note = folder / 'study.json'
            known = json.loads(note.read_text()) if note.exists() else {}
            if known.get('made_of') != made_of:
                report = compile_model(
                    job, progress=lambda text, name=name: progress(f'{name}: {text}'))
                known = {'made_of': made_of, 'report': asdict(report)}
                with atomic_write(note) as part:
                    part.write_text(json.dumps(known, indent=1))
            yield name, CompilerReport(**known['report']), folder / 'study_quantized_model.onnx'


def cosine(first: EvaluationRun, second: EvaluationRun) -> float:
    """Return the mean over the pictures of the cosine of two runs' logits minus their mean."""
    a, b = (np.log(np.maximum(run.probabilities, 1e-30)) for run in (first, second))
    a, b = (x - x.mean(1, keepdims=True) for x in (a, b))
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(((a * b).sum(1) / lengths).mean())


def as_json(rows: list[QuantisationResult]) -> list[dict[str, Any]]:
    """Return the results as cases of ``edgenext bench``: top-1 of each form against float."""
    return [{'case': f'top-1, {row.name}', 'baseline': 'float', 'unit': '%',
             'ours': row.accuracy.top1.value,
             'theirs': row.accuracy.top1.value + row.comparison.drop.value,
             'ratio': row.accuracy.top1.value / (
                 row.accuracy.top1.value + row.comparison.drop.value or 1),
             'lost': row.comparison.drop.value, 'lost_low': row.comparison.drop.low,
             'lost_high': row.comparison.drop.high, 'pictures': row.comparison.pictures,
             'same_class': row.comparison.agreement.value, 'cosine': row.cosine,
             'latency_ms': row.report.latency_ms} for row in rows]


def markdown(truth: EvaluationRun, rows: list[QuantisationResult]) -> str:
    """Return the table of docs/accuracy.md."""
    return markdown_table(
        ('form', 'top-1', 'top-1 lost, points (95 %)', 'same best class', 'cosine of the logits',
         'estimated latency'),
        [('float', f'{truth.accuracy.top1.value:.1f} %', '', '', '', ''),
         *((row.name, f'{row.accuracy.top1.value:.1f} %', share(row.comparison.drop),
            f'{row.comparison.agreement.value:.1f} %', f'{row.cosine:.4f}',
            f'{row.report.latency_ms:.3f} ms') for row in rows)])


def plot(rows: list[QuantisationResult], path: Path) -> None:
    """Draw loss against latency, with 95 % intervals; forms of one latency are side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout='constrained')
    axes = figure.subplots()
    drawn: list[float] = []
    for index, row in enumerate(rows):
        drop, latency = row.comparison.drop, row.report.latency_ms
        beside = sum(abs(latency - other) < _SAME_MS for other in drawn)
        drawn.append(latency)
        axes.errorbar(
            latency + beside * _BESIDE_MS, drop.value, marker='os^Dv<>PX*hp'[index % 12],
            capsize=3, yerr=[[drop.value - drop.low], [drop.high - drop.value]], label=row.name,
            color=f'C{index % 10}', alpha=0.8)
    axes.axhline(0, color='black', linewidth=1)
    axes.axhline(0.5, color='gray', linewidth=1, linestyle='--')
    axes.set_xlim(left=0)
    axes.set_xlabel(
        'latency of one frame on the BPU, ms (estimate of the compiler; equal ones side by side)')
    axes.set_ylabel('top-1 lost against float, points')
    axes.legend(fontsize=8, ncols=2)
    figure.savefig(path, dpi=120)
