# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An evaluation as JSON, and as a self-contained HTML page."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, TYPE_CHECKING

import cv2
from edgenext_ros import __version__
from edgenext_ros.choices import NODE, NODE_DOES
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.models import pictures
from edgenext_ros.models.regular_file import shown
from edgenext_ros.toolchain.evaluation.evaluate import Evaluation, EvaluationRun, Versus
from edgenext_ros.toolchain.evaluation.labelled_pictures import Labelled
from edgenext_ros.toolchain.evaluation.metrics import Share, TOP
import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_SHOWN = 20
"""Number of classes or confusions in a plot."""
_MISTAKES = 24
_THUMBNAIL = 160
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto;
  padding: 0 1rem; color: #222; background: #fff }
table { border-collapse: collapse; margin: 1rem 0; font-size: 93% }
th, td { border-bottom: 1px solid #ddd; padding: .25rem .6rem; text-align: left;
  vertical-align: top }
td.n, th.n { text-align: right }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap }
code { overflow-wrap: anywhere; font-size: 85% }
.scroll { overflow-x: auto }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(24rem, 1fr)); gap: 1rem }
.plots img { width: 100% }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr));
  gap: 1rem }
figure { margin: 0 }
figcaption { font-size: 85%; line-height: 1.3; overflow-wrap: anywhere }
figure img { display: block; height: 8rem; max-width: 100%; object-fit: contain }
"""


def figures(evaluation: Evaluation) -> dict[str, Any]:
    """Return the first run's figures, with those of the others and the comparisons in them."""
    first, *others = (_run_figures(run, evaluation) for run in evaluation.runs)
    return {**first, 'others': others,
            'comparisons': [_versus_figures(v) for v in evaluation.comparisons()]}


def _run_figures(run: EvaluationRun, evaluation: Evaluation) -> dict[str, Any]:
    accuracy, labels = run.accuracy, evaluation.labels
    return {
        'model': str(run.subject.path), 'sha256': run.subject.digest,
        'runtime': run.subject.info.engine, 'fit': run.view.fit,
        'interpolation': run.view.interpolation, 'data': str(evaluation.data.folder),
        'selection': evaluation.data.note, 'pictures': accuracy.pictures,
        'skipped': [{'file': s.file, 'reason': s.reason} for s in run.skipped],
        'left_out': run.account(evaluation.data).as_json(),
        'top1': accuracy.top1.value, 'top1_interval': [accuracy.top1.low, accuracy.top1.high],
        'top5': accuracy.top5.value, 'top5_interval': [accuracy.top5.low, accuracy.top5.high],
        'ece': accuracy.ece, 'fps': run.fps, 'convert_ms': run.convert_ms,
        'infer_ms': run.infer_ms,
        'per_class': [{'name': labels[c.class_id], **vars(c)} for c in accuracy.per_class],
        'confusion': [{'truth': labels[c.truth], 'found': labels[c.found],
                       'pictures': c.pictures} for c in accuracy.confusions],
        'calibration': [vars(b) for b in accuracy.bins]}


def _versus_figures(versus: Versus) -> dict[str, Any]:
    found = versus.comparison
    return {'first': versus.first.title, 'second': versus.second.title,
            'pictures': found.pictures, 'agreement': found.agreement.value,
            'agreement_interval': [found.agreement.low, found.agreement.high],
            'drop': found.drop.value, 'drop_interval': [found.drop.low, found.drop.high],
            'lost': found.lost, 'gained': found.gained, 'p_value': found.p_value}


def share(value: Share) -> str:
    """Format a share with its interval."""
    return f'{value.value:.1f} ({value.low:.1f} to {value.high:.1f})'


def html(evaluation: Evaluation) -> str:
    """
    Return the HTML page; plots and pictures show the first run.

    :raises ImportError: matplotlib is not installed.
    """
    run, data = evaluation.runs[0], evaluation.data
    labels = _short(evaluation.labels)
    heading = f'Evaluation of {run.subject.path.name}'
    parts = [
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(heading)}</title><style>{_STYLE}</style></head><body>',
        f'<h1>{escape(heading)}</h1>',
        f'<p>{run.accuracy.pictures} pictures of {len(run.accuracy.per_class)} classes in <code>'
        f'{escape(shown(data.folder))}</code> ({escape(data.note)}). Shares are in per cent, '
        'with 95 % confidence intervals. Interpolation '
        f'<code>{NODE}</code>: {NODE_DOES}.</p>',
        _runs(evaluation.runs), _comparisons(evaluation.comparisons()),
        f'<h2>{escape(run.title)}</h2>', _plots(run, labels), '<h2>Worst mistakes</h2>',
        '<p>Wrong answers with the highest confidence, worst first.</p>',
        _mistakes(run, data, labels),
        _classes(run, labels), _skipped(run, data),
        f'<p>edgenext_ros {__version__}</p></body></html>\n']
    return '\n'.join(parts)


def _short(labels: LabelSet) -> list[str]:
    """Return the first name of each class; ImageNet's classes have several."""
    return [name.split(',')[0] for name in labels.names]


def _table(heads: list[str], rows: list[list[str]], *, text: int) -> str:
    """Return a table; the first ``text`` columns are text, the others figures."""
    def line(cells: list[str], tag: str) -> str:
        return '<tr>' + ''.join(
            f'<{tag}{"" if i < text else " class=n"}>{escape(cell)}</{tag}>'
            for i, cell in enumerate(cells)) + '</tr>'
    return (f'<div class=scroll><table>{line(heads, "th")}'
            f'{"".join(line(row, "td") for row in rows)}</table></div>')


def _runs(runs: tuple[EvaluationRun, ...]) -> str:
    digests = {run.subject.path: run.subject.digest for run in runs}
    top5 = _has_top5(runs[0])
    return _table(
        ['model', 'runtime', 'fit', 'interpolation', 'top-1', *(['top-5'] if top5 else []),
         'calibration error', 'skipped', 'pictures a second', 'convert, ms', 'infer, ms'],
        [[run.subject.path.name, run.subject.info.engine, run.view.fit, run.view.interpolation,
          share(run.accuracy.top1), *([share(run.accuracy.top5)] if top5 else []),
          f'{run.accuracy.ece:.1f}', str(len(run.skipped)), f'{run.fps:.1f}',
          f'{run.convert_ms:.2f}', f'{run.infer_ms:.2f}'] for run in runs], text=4) + ''.join(
        f'<p>SHA-256 of {escape(path.name)}: <code>{found}</code></p>'
        for path, found in digests.items())


def _has_top5(run: EvaluationRun) -> bool:
    """Return whether top-5 is informative; with five classes or fewer it is always 100 %."""
    return run.probabilities.shape[1] > TOP


def _comparisons(found: list[Versus]) -> str:
    if not found:
        return ''
    return '<h2>Differences</h2>' + _table(
        ['first', 'second', 'same best class', 'top-1 lost by the second', 'only first right',
         'only second right', 'p (McNemar)'],
        [[v.first.title, v.second.title, share(v.comparison.agreement), share(v.comparison.drop),
          str(v.comparison.lost), str(v.comparison.gained), f'{v.comparison.p_value:.3g}']
         for v in found], text=2)


def _plots(run: EvaluationRun, labels: list[str]) -> str:
    drawn = [_reliability(run), _all_classes(run), _bars(
        f'classes with the lowest top-1 (of {len(run.accuracy.per_class)})', 'top-1, per cent',
        [(f'{labels[c.class_id]} ({c.pictures})', c.top1) for c in sorted(
            run.accuracy.per_class, key=lambda c: c.top1)[:_SHOWN]])]
    if run.accuracy.confusions:
        drawn.append(_bars('most confused: class, taken for', 'pictures', [
            (f'{labels[c.truth]}, {labels[c.found]}', c.pictures)
            for c in run.accuracy.confusions[:_SHOWN]]))
    return '<div class=plots>' + ''.join(
        f'<img alt="{escape(name)}" src="{_svg(figure)}">' for name, figure in drawn) + '</div>'


def _figure(name: str) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure
    figure = Figure(figsize=(6, 4.5), layout='constrained')
    axes = figure.subplots()
    axes.set_title(name, fontsize=10)
    return figure, axes


def _svg(figure: Figure) -> str:
    file = BytesIO()
    figure.savefig(file, format='svg', metadata={'Date': None})
    return 'data:image/svg+xml;base64,' + b64encode(file.getvalue()).decode()


def _reliability(run: EvaluationRun) -> tuple[str, Figure]:
    name = f'reliability: calibration error {run.accuracy.ece:.1f}'
    figure, axes = _figure(name)
    filled = [b for b in run.accuracy.bins if b.pictures]
    axes.bar([b.low for b in filled], [100 * b.pictures / run.accuracy.pictures for b in filled],
             width=[b.high - b.low for b in filled], align='edge', color='#cfd8e3',
             label='pictures')
    axes.plot([0, 100], [0, 100], color='grey', linestyle='--', linewidth=1, label='perfect')
    axes.plot([b.confidence for b in filled], [b.accuracy for b in filled], marker='o',
              markersize=4, label='right')
    axes.set(xlabel='confidence, per cent', ylabel='per cent', xlim=(0, 100), ylim=(0, 100))
    axes.legend(loc='upper left', fontsize=8)
    return name, figure


def _all_classes(run: EvaluationRun) -> tuple[str, Figure]:
    name = 'all classes, each line from its worst'
    figure, axes = _figure(name)
    for key in ('top1', 'top5') if _has_top5(run) else ('top1',):
        values = sorted(getattr(c, key) for c in run.accuracy.per_class)
        axes.step(range(1, len(values) + 1), values, where='mid', label=f'top-{key[3:]}')
    axes.set(xlabel='classes', ylabel='per cent', ylim=(0, 102))
    axes.legend(loc='lower right', fontsize=8)
    return name, figure


def _bars(name: str, unit: str, rows: list[tuple[str, float]]) -> tuple[str, Figure]:
    figure, axes = _figure(name)
    axes.barh(range(len(rows)), [value for _, value in rows], color='tab:orange')
    # matplotlib would typeset text between two dollar signs as mathematics.
    axes.set_yticks(range(len(rows)), [text.replace('$', r'\$') for text, _ in rows], fontsize=7)
    axes.invert_yaxis()
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel=unit, xlim=(0, max(1.0, *(value for _, value in rows)) * 1.05))
    return name, figure


def _mistakes(run: EvaluationRun, data: Labelled, labels: list[str]) -> str:
    best = run.best
    wrong = np.flatnonzero(best != run.truth)
    order = wrong[np.argsort(-run.probabilities[wrong, best[wrong]], kind='stable')][:_MISTAKES]
    figures = []
    for i in order:
        file = data.files[run.pictures[i]]
        found, truth = run.probabilities[i, best[i]], run.probabilities[i, run.truth[i]]
        figures.append(
            f'<figure><img alt="" title="{escape(shown(file))}" '
            f'src="{_thumbnail(data.folder / file)}">'
            f'<figcaption><b>{escape(labels[run.truth[i]])}</b> ({truth:.1%})<br>taken for '
            f'<b>{escape(labels[best[i]])}</b> ({found:.1%})</figcaption></figure>')
    return f'<div class=mistakes>{"".join(figures)}</div>' if figures else '<p>None.</p>'


def _thumbnail(path: Path) -> str:
    frame = pictures.read(path)
    image = frame.plane(3, width=frame.width, height=frame.height)
    scale = min(1.0, _THUMBNAIL / max(image.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in image.shape[1::-1])
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode('.jpg', small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    return 'data:image/jpeg;base64,' + b64encode(jpeg.tobytes()).decode()


def _classes(run: EvaluationRun, labels: list[str]) -> str:
    return '<details><summary>All classes</summary>' + _table(
        ['class', 'pictures', 'top-1', *(['top-5'] if _has_top5(run) else [])],
        [[labels[c.class_id], str(c.pictures), f'{c.top1:.1f}',
          *([f'{c.top5:.1f}'] if _has_top5(run) else [])]
         for c in run.accuracy.per_class], text=1) + '</details>'


def _skipped(run: EvaluationRun, data: Labelled) -> str:
    account = run.account(data)
    line = f'<p>{escape(str(account))}</p>' if account else ''
    if not run.skipped:
        return line
    return (f'{line}<details><summary>{len(run.skipped)} files were skipped</summary>' + _table(
        ['file', 'reason'], [[shown(s.file), s.reason] for s in run.skipped],
        text=2) + '</details>')
