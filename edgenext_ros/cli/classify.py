# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Classify pictures without ROS, through the same path as the node."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgenext_ros.choices import DEFAULT_FIT, ENGINES, FITS

HELP = 'Classify picture files, without ROS, through the same path as the node.'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('pictures', nargs='+', type=Path, metavar='PICTURE',
                        help='JPEG or PNG file')
    parser.add_argument('--model', default='demo', help='catalog name or path (default: demo)')
    parser.add_argument('--runtime', default='auto', choices=('auto', *ENGINES),
                        help='inference engine (default: auto)')
    parser.add_argument('--labels', type=Path, help="label file instead of the model's own")
    parser.add_argument('--fit', default=DEFAULT_FIT, choices=FITS,
                        help='how another shape is fitted (default: %(default)s)')
    parser.add_argument('--top-k', type=int, default=3, help='classes shown (default: 3)')


def run(arguments: argparse.Namespace) -> int:
    """Print the best classes of each picture; 1 when one of them could not be read."""
    from edgenext_ros.cli import write_json
    from edgenext_ros.core.classifier import Classifier
    from edgenext_ros.core.frame import Frame, FrameError
    from edgenext_ros.core.labels import LabelSet
    from edgenext_ros.core.nv12 import Nv12Converter
    from edgenext_ros.models import store
    from edgenext_ros.runtime import open_model, suffixes
    import numpy as np

    if arguments.top_k < 1:
        raise ValueError(f'--top-k must be at least 1, got {arguments.top_k}')
    located = store.locate(arguments.model, suffixes=suffixes(arguments.runtime))
    runtime, info = open_model(located.path, runtime=arguments.runtime)
    try:
        source = arguments.labels or located.labels
        labels = LabelSet.numbered(info.classes) if source is None else \
            store.read_labels(source).check_count(info.classes, source=str(source))
        classifier = Classifier(
            infer=runtime.infer, probabilities=info.probabilities,
            converter=Nv12Converter(width=info.width, height=info.height, fit=arguments.fit))
        print(f'{located.path} on {info.engine}')
        rows = []
        for path in arguments.pictures:
            try:
                frame = Frame.from_compressed(np.fromfile(path, np.uint8))
            except (FrameError, OSError) as error:
                reason = getattr(error, 'strerror', None) or str(error)
                print(f'{path}: {reason}')
                rows.append({'picture': str(path), 'error': reason})
                continue
            result = classifier.classify(frame, top_k=arguments.top_k)
            best = [{'class_id': class_id, 'name': labels[class_id], 'score': score}
                    for class_id, score in zip(
                        result.prediction.class_ids, result.prediction.scores, strict=True)]
            print(f'{path}: ' + ', '.join(f'{b["name"]} {b["score"]:.1%}' for b in best)
                  + f'  ({result.timings.total_ms:.1f} ms)')
            rows.append({'picture': str(path), 'results': best, **vars(result.timings)})
    finally:
        runtime.close()
    write_json(arguments.json, rows)
    return int(any('error' in row for row in rows))
