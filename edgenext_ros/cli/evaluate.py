# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Measure a model's accuracy on pictures whose class is known."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import TYPE_CHECKING

from edgenext_ros.choices import DEFAULT_FIT, ENGINES, FITS, INTERPOLATIONS, NODE, NODE_DOES
from edgenext_ros.cli.progress import PictureMeter

if TYPE_CHECKING:
    from edgenext_ros.core.labels import LabelSet
    from edgenext_ros.models.store import Located
    from edgenext_ros.toolchain.evaluation.evaluate import Evaluation, Subject

HELP = 'Measure the accuracy of a model on pictures whose class is known.'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('model', nargs='?', metavar='MODEL',
                        help='catalog name or path (default: demo)')
    parser.add_argument('--data', type=Path, required=True, metavar='FOLDER',
                        help='one folder of pictures per class, named by label or synset; or, '
                             'with --truth, pictures in any folders')
    parser.add_argument('--truth', type=Path, metavar='FILE',
                        help='text file with lines of "file class", separated by a TAB if the '
                             'file name has blanks; the class is a name, a synset, or an index '
                             'from 0')
    parser.add_argument('--labels', type=Path, metavar='FILE',
                        help="label file to use instead of the model's own")
    parser.add_argument('--compare', nargs='+', default=[], metavar='MODEL',
                        help='further models, to compare with the first: agreement, and accuracy '
                             'lost')
    parser.add_argument('--quantised', type=Path, metavar='FILE.onnx',
                        help="also evaluate hb_mapper's quantised graph of the first model (from "
                             'edgenext compile --keep)')
    parser.add_argument('--runtime', default='auto', choices=('auto', *ENGINES),
                        help='inference engine (default: auto)')
    parser.add_argument('--fit', nargs='+', default=[DEFAULT_FIT], choices=('all', *FITS),
                        help='how pictures of another shape are fitted; several are compared '
                             f'(default: {DEFAULT_FIT})')
    parser.add_argument('--interpolation', nargs='+', default=[NODE],
                        choices=('all', *INTERPOLATIONS),
                        help='how pictures are resized: as the node does, or by a method of '
                             'OpenCV; several are compared (default: node)')
    parser.add_argument('--split', default='all', choices=('all', 'test', 'train'),
                        help='all pictures, or one side of the split that the training makes by '
                             'default (default: all)')
    parser.add_argument('--held-back', dest='split', action='store_const', const='test',
                        help='the same as --split test')
    parser.add_argument('--count', type=int, metavar='N',
                        help='maximum number of pictures, chosen evenly (default: all)')
    parser.add_argument('--html', type=Path, metavar='FILE',
                        help='write a page with plots and the worst mistakes here; needs '
                             'matplotlib')


def run(arguments: argparse.Namespace) -> int:
    """Print the figures; return 2 for wrong usage or without matplotlib for ``--html``."""
    from importlib.util import find_spec

    from edgenext_ros.cli import write_json
    from edgenext_ros.libraries import pip_install
    from edgenext_ros.toolchain.evaluation import report

    if arguments.count is not None and arguments.count < 1:
        print(f'edgenext evaluate: --count must be at least 1, got {arguments.count}',
              file=sys.stderr)
        return 2
    if arguments.html and find_spec('matplotlib') is None:
        print(f'edgenext evaluate: --html needs matplotlib: {pip_install("matplotlib")}',
              file=sys.stderr)
        return 2
    try:
        evaluation = _evaluate(arguments)
    except KeyboardInterrupt:
        print('\nedgenext evaluate: interrupted; the same command resumes from here',
              file=sys.stderr)
        raise
    _show(evaluation)
    write_json(arguments.json, report.figures(evaluation))
    if arguments.html:
        arguments.html.write_text(report.html(evaluation), encoding='utf-8')
    evaluation.remove_partial_files()
    return 0


def _evaluate(arguments: argparse.Namespace) -> Evaluation:
    """Open all models first, so that an error in one shows early; then evaluate them."""
    from contextlib import ExitStack

    from edgenext_ros.engines.select import suffixes
    from edgenext_ros.models import store
    from edgenext_ros.toolchain.evaluation import evaluate, labelled_pictures
    from edgenext_ros.toolchain.evaluation.resampling import View

    names = [arguments.model] if arguments.model else []
    names += arguments.compare if names or len(arguments.compare) > 1 else [
        'demo', *arguments.compare]
    located = [store.locate(name, suffixes=suffixes(arguments.runtime)) for name in names]
    views = [View(fit, interpolation)
             for fit in _all_of(arguments.fit, FITS)
             for interpolation in _all_of(arguments.interpolation, INTERPOLATIONS)]
    with ExitStack() as stack:
        subjects = [stack.enter_context(evaluate.opened(found.path, arguments.runtime))
                    for found in located]
        labels = _labels(subjects, located, arguments.labels)
        data = labelled_pictures.read(arguments.data, labels, truth=arguments.truth,
                                      split=arguments.split, count=arguments.count)
        if arguments.quantised:
            subjects.append(evaluate.quantised(arguments.quantised, subjects[0].info))
        return evaluate.evaluate_all(subjects, views, data, labels, progress=PictureMeter)


def _all_of(chosen: list[str], known: tuple[str, ...]) -> list[str]:
    """Resolve ``all``, and drop duplicates."""
    return list(dict.fromkeys(known if 'all' in chosen else chosen))


def _labels(subjects: list[Subject], located: list[Located], own: Path | None) -> LabelSet:
    """Return the labels that all models share; class indices if none has labels."""
    from edgenext_ros.models import store

    named: LabelSet | None = None
    for subject, found in zip(subjects, located, strict=True):
        classes = subject.info.classes
        labels, source = store.labels_of(found, classes=classes, chosen=own)
        if source and named is None:
            named = labels
        if classes != subjects[0].info.classes or (source and labels != named):
            raise ValueError(
                f'{subject.path}: expected the {subjects[0].info.classes} classes of '
                f'{subjects[0].path.name} in the same order, found {classes} others; only models '
                'of the same classes can be compared')
    if named is None:
        print(store.no_labels(subjects[0].path), file=sys.stderr)
    return named or labels


def _show(evaluation: Evaluation) -> None:
    """Print the tables."""
    from edgenext_ros.models.regular_file import shown
    from edgenext_ros.toolchain.evaluation.metrics import TOP
    from edgenext_ros.toolchain.evaluation.report import share

    first, labels = evaluation.runs[0], evaluation.labels
    found = first.accuracy
    print(f'{found.pictures} pictures of {len(found.per_class)} classes in '
          f'{evaluation.data.folder} ({evaluation.data.note}), {len(first.skipped)} skipped')
    for skipped in first.skipped[:5]:
        print(f'  skipped: {shown(skipped.file)}: {skipped.reason}')
    account = first.account(evaluation.data)
    if account:
        print(account)
    subjects = {id(r.subject): r.subject for r in evaluation.runs}.values()
    for subject in subjects:
        print(f'{subject.path.name}: sha256 {subject.digest}, {subject.info.engine}')
    print(f'interpolation "{NODE}" resizes pictures as the ROS node does: {NODE_DOES}')
    print('ECE, the error of calibration, is the mean distance between a score and the share of '
          'right answers\nat this score; 0 is best\n')
    top5 = len(labels) > TOP  # with five classes or fewer it is always 100 %
    _table(['model', 'fit', 'interpolation', 'top-1 %', *(['top-5 %'] if top5 else []), 'ECE %',
            'fps', 'convert ms', 'infer ms'],
           [[r.subject.path.name, r.view.fit, r.view.interpolation, share(r.accuracy.top1),
             *([share(r.accuracy.top5)] if top5 else []), f'{r.accuracy.ece:.1f}', f'{r.fps:.1f}',
             f'{r.convert_ms:.2f}', f'{r.infer_ms:.2f}'] for r in evaluation.runs])
    compared = evaluation.comparisons()
    if compared:
        print()
        _table(['second', 'against', 'same class %', 'top-1 lost, points', 'p (McNemar)'],
               [[v.second.title, v.first.title, share(v.comparison.agreement),
                 share(v.comparison.drop), f'{v.comparison.p_value:.2g}'] for v in compared])
    print(f'\nlowest top-1 of {first.title}:')
    for score in sorted(found.per_class, key=lambda c: c.top1)[:5]:
        print(f'  {labels[score.class_id]}: {score.top1:.0f} % of {score.pictures}')
    if found.confusions:
        print('most confused: ' + ', '.join(
            f'{labels[c.truth]} taken for {labels[c.found]} {c.pictures} x'
            for c in found.confusions[:5]))


def _table(heads: list[str], rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        print('  '.join(map(str.ljust, row, widths)).rstrip())
