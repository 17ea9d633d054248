# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What each way to quantise a model costs in accuracy, and what it takes in time.

Accuracy is that of hb_mapper's quantised graph, to which the simulated ``.bin`` is equal bit for
bit (``edgenext verify``), through the node's own path. Latency is the compiler's estimate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
import json
from pathlib import Path
from types import MappingProxyType
from typing import Any

from edgenext_ros.core.nv12 import DEFAULT_FIT
from edgenext_ros.models.atomic_file import atomic_write
from edgenext_ros.toolchain.bpu.compile import compile_model, CompileJob, fingerprint
from edgenext_ros.toolchain.bpu.hb_mapper import CompilerReport
from edgenext_ros.toolchain.bpu.recipe import RECIPES
from edgenext_ros.toolchain.evaluation import metrics
from edgenext_ros.toolchain.evaluation.evaluate import evaluate, EvaluationRun, opened, quantised, Subject
from edgenext_ros.toolchain.evaluation.labelled_pictures import Labelled
from edgenext_ros.toolchain.evaluation.resampling import View
from edgenext_ros.toolchain.evaluation.verify import CountProgress
import numpy as np

_FAST, _PUBLISHED = RECIPES['fast'], RECIPES['published']
WORST = (r'^/stem/norm/(mean/Conv|Div_reciprocal)'
         r'|^/stages/stages[.]3/stages[.]3[.]2/(mlp/(fc2/Conv|norm/mean/Conv|Mul_1)|Add)')
"""Those of EdgeNeXt-XX-Small whose int8 costs the bundled model most (``--sensitivity``)."""
QUANTISED_FORMS = MappingProxyType({
    'published': _PUBLISHED,
    'published, 99.99 %': replace(_PUBLISHED, percentile=0.9999),
    'fast': _FAST,
    'fast, 99.9 %': replace(_FAST, percentile=0.999),
    'fast, all values': replace(_FAST, percentile=1.0),
    'fast, KL divergence': replace(_FAST, method='kl'),
    'fast, per channel': replace(_FAST, per_channel=True),
    'fast, bias correction': replace(_FAST, optimization='bias_correction'),
    'fast, worst nodes int16': replace(_FAST, int16=WORST),
    'precise': RECIPES['precise'],
})
"""What is compared; the percentages are the share of a tensor's values that int8 covers."""
_SAME_MS, _BESIDE_MS = 0.02, 0.05
"""Points nearer than the one are drawn the other apart."""


@dataclass(frozen=True)
class QuantisationResult:
    """One way to quantise."""

    name: str
    report: CompilerReport
    accuracy: metrics.Accuracy
    comparison: metrics.Comparison
    """With the float model."""
    cosine: float
    """Mean over the pictures, of the logits without their mean, to those of the float model."""


@dataclass(frozen=True)
class Study:
    """What is quantised, and on what it is measured."""

    model: Path
    """The float ONNX file."""
    data: Labelled
    calibration: Path
    """Folder of pictures that are not in ``data``."""
    cache: Path
    """Folder of what has been compiled; an interrupted study goes on from there."""

    def measure(self, names: list[str], *, progress: Callable[[str], None],
                meter: Callable[[str], CountProgress]) -> tuple[EvaluationRun, list[QuantisationResult]]:
        """
        Quantise and evaluate in each of these ways.

        :return: the float model's run, and the rows in the order of ``names``.
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
                  progress: Callable[[str], None]) -> Iterator[tuple[str, CompilerReport, Path]]:
        for name in names:
            folder = self.cache / ''.join(c if c.isalnum() else '-' for c in name)
            job = CompileJob(model=str(self.model), recipe=QUANTISED_FORMS[name], output=folder / 'study.bin',
                             pictures=self.calibration, keep=folder)
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
    """Return the mean cosine of the logits of two runs, each picture's mean taken away."""
    a, b = (np.log(np.maximum(run.probabilities, 1e-30)) for run in (first, second))
    a, b = (x - x.mean(1, keepdims=True) for x in (a, b))
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(((a * b).sum(1) / lengths).mean())


def as_json(rows: list[QuantisationResult]) -> list[dict[str, Any]]:
    """Return the rows as cases of ``edgenext bench``: points of top-1, ours lost to float."""
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
    lines = ['| form | top-1 | top-1 lost, points (95 %) | same best class | cosine of the logits '
             '| estimated latency |', '|---|---|---|---|---|---|',
             f'| float | {truth.accuracy.top1.value:.1f} % | | | | |']
    for row in rows:
        drop = row.comparison.drop
        lines.append(
            f'| {row.name} | {row.accuracy.top1.value:.1f} % '
            f'| {drop.value:.1f} ({drop.low:.1f} to {drop.high:.1f}) '
            f'| {row.comparison.agreement.value:.1f} % | {row.cosine:.4f} '
            f'| {row.report.latency_ms:.3f} ms |')
    return '\n'.join(lines)


def plot(rows: list[QuantisationResult], path: Path) -> None:
    """Draw loss against latency, with 95 % intervals; those of one latency stand side by side."""
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
