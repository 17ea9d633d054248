# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Train EdgeNeXt on class folders, at increasing picture size, with or without a teacher."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import asdict, dataclass
import json
import math
from pathlib import Path
import time

from edgenext_ros.models import ModelError
from edgenext_ros.models.atomic_file import atomic_write
from edgenext_ros.toolchain.network.sizes import INPUT_SIZE
from edgenext_ros.toolchain.progress import duration, Passing, StepProgress
from edgenext_ros.toolchain.training import photographs
from edgenext_ros.toolchain.training.origin import CHECKPOINT, Origin
from edgenext_ros.toolchain.training.student import accuracy, Batch, normalise, Student
from edgenext_ros.toolchain.training.teacher import crop_view, Views
import numpy as np
from safetensors import safe_open, SafetensorError
from safetensors.torch import save_file
from timm.optim import param_groups_weight_decay
from timm.utils import ModelEmaV3
import torch
from torch.nn import functional

_FRESH = 1_000_000
"""Training without a teacher crops view _FRESH + epoch: a new part of each picture every epoch."""


@dataclass(frozen=True)
class TrainingSettings:
    """How to train; a run with the same settings resumes an interrupted one."""

    model: str
    """timm's name of the network."""
    weights: str
    """Initial weights: ``auto``, ``random``, or what ``weights.load`` takes."""
    views: int
    """Random parts of each picture that the teacher sees; 0 trains without a teacher."""
    schedule: tuple[tuple[int, int], ...]
    """Picture size and number of epochs, in order."""
    rate: float
    """Highest learning rate of AdamW; a ramp over two epochs times a cosine."""
    batch: int = 64
    patience: int = 0
    """Stop after this many epochs in a row below the best validation result; 0 never stops."""
    seed: int = 0

    @property
    def sizes(self) -> list[int]:
        """Picture size of each epoch."""
        return [size for size, epochs in self.schedule for _ in range(epochs)]


@dataclass(frozen=True)
class Epoch:
    """Results of one epoch."""

    number: int
    size: int
    loss: float
    seconds: float
    validation: float | None
    """Top-1 accuracy of the averaged weights on the validation pictures, in per cent."""

    def __str__(self) -> str:
        validation = '' if self.validation is None else \
            f', {self.validation:.1f} % of the validation pictures right'
        return f'{self.seconds:.0f} s, loss {self.loss:.3f}{validation}'


def parse_schedule(text: str) -> tuple[tuple[int, int], ...]:
    """
    Parse ``128x20,224x10``: 20 epochs at 128 pixels, then 10 at 224.

    :raises ValueError: the syntax is another, or a size is not a multiple of 32.
    """
    try:
        parts = tuple((int(size), int(epochs)) for size, epochs in (
            part.split('x') for part in text.split(',')))
    except ValueError:
        parts = ()
    if not parts or any(size < 64 or size % 32 or epochs < 1 for size, epochs in parts):
        raise ValueError(f'schedule {text!r}: expected SIZExEPOCHS,..., such as 128x20,224x10, '
                         'with sizes from 64 in steps of 32')
    return parts


class Trainer:
    """
    One training run: the student, the average of its weights, and the optimiser.

    A checkpoint in ``output`` is loaded, and ``run`` resumes after its last epoch.

    :param network: timm's EdgeNeXt with as many classes as the pictures have.
    :param training: the pictures to train on.
    :param validation: the pictures to validate on; None validates nothing.
    :param settings: how to train.
    :param origin: settings and files, which the checkpoint stores and compares.
    :param output: folder of the checkpoint.
    :raises ModelError: ``output`` holds the checkpoint of another training, or a damaged one.
    """

    def __init__(self, network: torch.nn.Module, training: photographs.Photographs,
                 validation: photographs.Photographs | None, settings: TrainingSettings,
                 origin: Origin, output: Path) -> None:
        self.training, self.validation = training, validation
        self.settings, self.origin, self.output = settings, origin, output
        self.views: Views | None = None
        self.truth = functional.one_hot(
            torch.from_numpy(training.targets), len(training.names)).float()
        self.student = Student(network).to(memory_format=torch.channels_last)
        # Average about 500 steps, fewer at the beginning. foreach rounds differently on PyTorch
        # 1.13.
        self.average = ModelEmaV3(network, decay=0.998, use_warmup=True, warmup_gamma=9,
                                  warmup_power=1, foreach=False)
        # Parameters with decay come first: checkpoints store the optimiser's state by number.
        self.optimiser = torch.optim.AdamW(
            param_groups_weight_decay(self.student, weight_decay=0.05)[::-1])
        self.history: list[Epoch] = []
        self.best = self.average.module.state_dict()
        self._resume()

    def run(self, views: Views | None, progress: StepProgress) -> None:
        """
        Train until the schedule or the patience ends; leave the best weights in ``best``.

        The checkpoint is written after every epoch. An interrupted epoch restarts with the same
        pictures in the same order.

        :param views: the teacher's outputs for the training pictures; None trains on the labels
            alone.
        :param progress: called with a line for each epoch, and with ``Passing`` ones between.
        """
        self.views = views
        for index in range(len(self.history), len(self.settings.sizes)):
            if 0 < self.settings.patience <= _epochs_since_best(self.history):
                progress(f'no validation result as good as {_best(self.history):.1f} % in '
                         f'{self.settings.patience} epochs (--patience): done')
                break
            began = time.monotonic()
            loss = self._epoch(index, progress)
            size, top1 = self.settings.sizes[index], None
            if self.validation is not None:
                top1 = accuracy(self.average.module, self.validation, INPUT_SIZE).top1
            if top1 is None or top1 >= max((e.validation or 0 for e in self.history), default=0):
                self.best = deepcopy(self.average.module.state_dict())
            self.history.append(
                Epoch(index + 1, size, loss, round(time.monotonic() - began, 1), top1))
            self._save()
            progress(describe_last(self.history, self.settings))

    def _epoch(self, epoch: int, progress: StepProgress) -> float:
        settings, count = self.settings, len(self.training)
        size, epochs = settings.sizes[epoch], len(settings.sizes)
        batch = min(settings.batch, count)
        steps = count // batch
        random = np.random.default_rng([settings.seed, epoch])
        number = np.full(count, _FRESH + epoch) if self.views is None else \
            random.integers(0, len(self.views.maps), count)
        flipped = random.random(count) < 0.5

        def prepare(index: int) -> np.ndarray:
            picture = photographs.recolour(
                crop_view(self.training, int(number[index]), index, size, settings.seed),
                np.random.default_rng([settings.seed, epoch, index]))
            return picture[:, ::-1] if flipped[index] else picture

        self.student.train()
        losses: list[float] = []
        for pictures, indices in photographs.batches(
                count, prepare, batch=batch, seed=settings.seed, epoch=epoch):
            rate = learning_rate(settings.rate, epoch + len(losses) / steps, steps, epochs)
            for group in self.optimiser.param_groups:
                group['lr'] = rate
            target, maps = self.truth[indices], None
            if self.views is not None:
                views = number[indices]
                target = 0.3 * target + 0.7 * self.views.targets[views, indices]
                maps = torch.from_numpy(self.views.maps[views, indices]).float()
                mirrored = torch.from_numpy(flipped[indices])
                maps[mirrored] = maps[mirrored].flip(-1)
                maps = functional.interpolate(maps, (size // 32,) * 2, mode='bilinear')
            loss = self.student.loss(Batch(normalise(pictures), target, maps).mixed(random))
            self.optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
            self.optimiser.step()
            losses.append(loss.item())
            # The new weights get a share of 9 / (10 + n) in step n; timm's is 9 / (8 + step).
            self.average.update(self.student.network, step=epoch * steps + len(losses) + 2)
            if len(losses) % 10 == 0:
                progress(Passing(
                    f'epoch {epoch + 1} of {epochs}: {len(losses)}/{steps} steps of '
                    f'{batch} pictures, {size} pixels, loss {np.mean(losses):.3f}'))
        return float(np.mean(losses))

    def _save(self) -> None:
        tensors = {f'{part}.{name}': value for part, state in self._states().items()
                   for name, value in state.items()}
        for index, state in self.optimiser.state_dict()['state'].items():
            tensors |= {f'optimiser.{index}.{name}': value for name, value in state.items()}
        history = json.dumps([asdict(epoch) for epoch in self.history])
        try:
            with atomic_write(self.output / CHECKPOINT) as part:
                save_file({name: value.contiguous() for name, value in tensors.items()}, part,
                          {**self.origin.metadata(), 'pictures': json.dumps(self.training.files),
                           'history': history})
        except SafetensorError as error:
            raise OSError(f'{self.output / CHECKPOINT}: cannot be written: {error}; the last one '
                          'is still there') from error

    def _states(self) -> dict[str, dict[str, torch.Tensor]]:
        return {'student': self.student.state_dict(), 'average': self.average.module.state_dict(),
                'best': self.best}

    def _resume(self) -> None:
        path = self.output / CHECKPOINT
        if not path.exists():
            return
        self.origin.check(self.output)
        try:
            with safe_open(path, 'pt') as stored:
                facts = stored.metadata()
                names = stored.keys()
                tensors = {name: stored.get_tensor(name) for name in names}
        except Exception as error:  # safetensors raises its own error for a damaged file
            raise ModelError(f'{path}: cannot be read ({error}); remove it to begin '
                             'again') from error
        if json.loads(facts['pictures']) != self.training.files:
            raise ModelError(f'{path}: from a training where other pictures of the same names '
                             'decoded; remove it to begin again')

        def part(prefix: str) -> dict[str, torch.Tensor]:
            return {name.removeprefix(prefix): value for name, value in tensors.items()
                    if name.startswith(prefix)}

        self.student.load_state_dict(part('student.'))
        self.average.module.load_state_dict(part('average.'))
        self.best = part('best.')
        state = self.optimiser.state_dict()
        for name, value in part('optimiser.').items():
            index, key = name.split('.')
            state['state'].setdefault(int(index), {})[key] = value
        self.optimiser.load_state_dict(state)
        self.history = [Epoch(**row) for row in json.loads(facts['history'])]


def learning_rate(highest: float, done: float, steps: int, epochs: int) -> float:
    """
    Return the learning rate of one step: a ramp over two epochs, times a cosine down to 1 %.

    Unlike timm's CosineLRScheduler, the cosine also falls during the ramp.

    :param highest: the rate that ramp and cosine are multiplied with.
    :param done: epochs done before the step, with the steps of the present one as a fraction.
    :param steps: steps of an epoch.
    :param epochs: epochs of the schedule.
    """
    return highest * min(1.0, (done + 1 / steps) / 2) * (
        0.505 + 0.495 * math.cos(math.pi * done / epochs))


def describe_last(history: list[Epoch], settings: TrainingSettings) -> str:
    """Describe the last epoch, the epochs since the best one, and the time that is left."""
    last, sizes, since_best = history[-1], settings.sizes, _epochs_since_best(history)
    text = f'epoch {last.number} of {len(sizes)}: {last}'
    if since_best:
        patience = f' of {settings.patience}' if settings.patience else ''
        text += f' (best {_best(history):.1f} %, {since_best}{patience} epochs ago)'
    # The work of an epoch grows with the area of the pictures.
    left = sum(last.seconds * (size / last.size) ** 2 for size in sizes[last.number:])
    return f'{text}; about {duration(left)} left' if left else text


def _best(history: list[Epoch]) -> float:
    return max(epoch.validation or 0 for epoch in history)


def _epochs_since_best(history: list[Epoch]) -> int:
    results = [epoch.validation or 0 for epoch in reversed(history)]
    return results.index(max(results)) if results else 0
