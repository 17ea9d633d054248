# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Copy labels beside a compiled model, where the node looks for them."""

from __future__ import annotations

from pathlib import Path
import shutil

from edgenext_ros.core.labels import LabelError
from edgenext_ros.models import store
from edgenext_ros.models.atomic_file import atomic_write


def copy(model: Path, output: Path, *, classes: int) -> str:
    """
    Copy the labels of the weight file; labels that are already beside the output stay.

    :param model: the weight file; for a timm name nothing is done.
    :param output: the compiled model.
    :param classes: number of the model's classes; labels of another number are not copied.
    :return: a line for the user; '' if there is nothing to report.
    :raises OSError: the labels cannot be written.
    """
    if not model.is_file():
        return ''
    labels = store.locate(str(model.absolute())).labels
    if labels is None:
        return ''
    beside = store.locate(str(output.absolute())).labels
    if beside is not None:
        same = beside.read_bytes() == labels.read_bytes()
        return '' if same else f'{beside} stays as it is; {labels} has other labels'
    try:
        store.read_labels(labels).check_count(classes, source=str(labels))
    except LabelError as error:
        return f'no labels beside {output.name}: {error}'
    target = output.with_suffix(f'.labels{labels.suffix}')
    with atomic_write(target) as part:
        shutil.copyfile(labels, part)
    return f'labels of {labels} copied to {target.name}'
