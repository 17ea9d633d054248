# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Classify pictures without ROS, through the same path as the node."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, TYPE_CHECKING

from edgenext_ros.choices import DEFAULT_FIT, ENGINES, FITS

if TYPE_CHECKING:
    from edgenext_ros.core.classifier import Classifier
    from edgenext_ros.core.labels import LabelSet
    from edgenext_ros.models.left_out import Account
    from edgenext_ros.models.pictures import Listing

HELP = 'Classify picture files, without ROS, through the same path as the node.'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('pictures', nargs='+', type=Path, metavar='PICTURE',
                        help='picture file, or folder of pictures; the exit code is 1 when one '
                             'of them could not be read')
    parser.add_argument('--model', default='demo', help='catalog name or path (default: demo)')
    parser.add_argument('--runtime', default='auto', choices=('auto', *ENGINES),
                        help='inference engine (default: auto)')
    parser.add_argument('--labels', type=Path, help="label file instead of the model's own")
    parser.add_argument('--fit', default=DEFAULT_FIT, choices=FITS,
                        help='how another shape is fitted (default: %(default)s)')
    parser.add_argument('--top-k', type=int, default=3, help='classes shown (default: 3)')


def run(arguments: argparse.Namespace) -> int:
    """Print the best classes of each picture; 1 when one of them could not be read."""
    import sys

    from edgenext_ros.cli import write_json
    from edgenext_ros.core.classifier import Classifier
    from edgenext_ros.core.nv12 import Nv12Converter
    from edgenext_ros.engines.select import open_model, suffixes
    from edgenext_ros.models import store
    from edgenext_ros.models.left_out import Account
    from edgenext_ros.models.pictures import find, Listing

    if arguments.top_k < 1:
        print(f'edgenext classify: --top-k must be at least 1, got {arguments.top_k}',
              file=sys.stderr)
        return 2
    listings = [find(path).expect_some() if path.is_dir() else Listing(path.parent, (path.name,))
                for path in arguments.pictures]
    located = store.locate(arguments.model, suffixes=suffixes(arguments.runtime))
    engine, info = open_model(located.path, runtime=arguments.runtime)
    try:
        labels, source = store.labels_of(located, classes=info.classes, chosen=arguments.labels)
        if not source:
            print(store.no_labels(located.path), file=sys.stderr)
        classifier = Classifier(
            slot=engine.slot, probabilities=info.probabilities,
            converter=Nv12Converter(width=info.width, height=info.height, fit=arguments.fit))
        print(f'{located.path} on {info.engine}')
        rows, accounts = [], []
        for listing in listings:
            classified, account = _classify(listing, classifier, labels, top_k=arguments.top_k)
            rows += classified
            accounts.append(account)
    finally:
        engine.close()
    total = Account(tuple(entry for account in accounts for entry in account.left_out),
                    sum(account.total for account in accounts))
    if total:
        print(total)
    write_json(arguments.json, rows)
    # Other formats and hidden copies in a folder are left out on purpose: no failure.
    return int(any('error' in row for row in rows))


def _classify(listing: Listing, classifier: Classifier, labels: LabelSet, *,
              top_k: int) -> tuple[list[dict[str, Any]], Account]:
    """Print the best classes of the pictures of a folder; return a row for each, left out too."""
    import sys

    from edgenext_ros.models.left_out import LeftOut
    from edgenext_ros.models.pictures import PictureError, read
    from edgenext_ros.models.regular_file import shown

    rows, failed = [], []
    for file in listing.files:
        name = shown(listing.folder / file)
        try:
            frame = read(listing.folder / file)
        except PictureError as error:
            print(f'{name}: {error}', file=sys.stderr)
            rows.append({'picture': name, 'error': str(error), 'left_out': error.reason})
            failed.append(LeftOut(file, error.reason))
            continue
        result = classifier.classify(frame, top_k=top_k)
        best = [{'class_id': class_id, 'name': labels[class_id], 'score': score}
                for class_id, score in zip(
                    result.prediction.class_ids, result.prediction.scores, strict=True)]
        print(f'{name}: ' + ', '.join(f'{b["name"]} {b["score"]:.1%}' for b in best)
              + f'  ({result.timings.total_ms:.1f} ms)')
        if frame.note:
            print(f'{name}: {frame.note}', file=sys.stderr)
        rows.append({'picture': name, 'results': best, 'note': frame.note,
                     **vars(result.timings)})
    rows += [{'picture': shown(listing.folder / entry.file), 'left_out': entry.reason}
             for entry in listing.left_out]
    return rows, listing.account(failed)
