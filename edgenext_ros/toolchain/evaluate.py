# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Measure accuracy through the node's own path: file, frame, NV12, engine.

One row for each way to fit a picture into the model.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
import json
from pathlib import Path

import cv2
from edgenext_ros.core.classifier import Classifier
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.nv12 import FITS, Nv12Converter
from edgenext_ros.models import store
from edgenext_ros.runtime import open_model


@dataclass(frozen=True)
class Accuracy:
    """Shares of pictures, in per cent."""

    fit: str
    pictures: int
    top1: float
    top5: float


def evaluate(model: str, data: Path, files: list[str]) -> list[Accuracy]:
    """
    Classify every picture with every fit.

    :param data: folder with one folder per class, named as in the model's labels.
    :param files: ``class/file`` of the pictures.
    :raises ValueError: a class that the labels lack, or a picture that does not decode.
    """
    located = store.locate(model)
    if located.labels is None:
        raise ValueError(f'{model}: no labels beside this model, so nothing to compare with')
    runtime, info = open_model(located.path)
    labels = store.read_labels(located.labels).check_count(info.classes)
    index = {name: position for position, name in enumerate(labels.names)}
    hits = {fit: [0, 0] for fit in FITS}
    for number, file in enumerate(files, start=1):
        image = cv2.imread(str(data / file), cv2.IMREAD_COLOR)
        truth = index.get(file.split('/')[0])
        if image is None or truth is None:
            raise ValueError(f'{data / file}: not a picture of a class that the labels know')
        for fit, counts in hits.items():
            converter = Nv12Converter(width=info.width, height=info.height, fit=fit)
            found = Classifier(
                infer=runtime.infer, converter=converter, probabilities=info.probabilities,
            ).classify(Frame.from_image(image), top_k=5).prediction.class_ids
            counts[0] += found[0] == truth
            counts[1] += truth in found
        print(f'\r{number}/{len(files)} pictures', end='', flush=True)
    print()
    runtime.close()
    return [Accuracy(fit, len(files), *(round(100 * c / len(files), 2) for c in counts))
            for fit, counts in hits.items()]


def main() -> None:
    """Read the arguments, evaluate, and print one row a fit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path, help='folder with one folder of pictures per class')
    parser.add_argument('--split', type=Path, required=True,
                        help='split.json of the training; its test pictures are used')
    parser.add_argument('--model', default='demo', help='catalog name or path (default: demo)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures here too')
    arguments = parser.parse_args()
    files = json.loads(arguments.split.read_text())['test']
    rows = evaluate(arguments.model, arguments.data, files)
    for row in rows:
        print(f'{row.fit:10} top-1 {row.top1:.1f} %  top-5 {row.top5:.1f} %  '
              f'of {row.pictures} pictures')
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(row) for row in rows], indent=2) + '\n')


if __name__ == '__main__':
    main()
