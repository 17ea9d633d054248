# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Train EdgeNeXt on class folders, with a distilled teacher, at growing size.

Run it again with the same arguments after an interruption: it goes on from the last epoch.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
import time

from edgenext_ros.toolchain import dataset, teacher
import numpy as np
import timm
import torch
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

SCHEDULE = '96x40,128x45,160x12,224x4'


class Student(torch.nn.Module):
    """A timm EdgeNeXt with a second head that predicts the teacher's features."""

    def __init__(self, name: str, classes: int, channels: int) -> None:
        super().__init__()
        self.network = timm.create_model(name, num_classes=classes, ls_init_value=0.1)
        self.projection = torch.nn.Linear(self.network.num_features, channels)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits (batch, classes) and predicted features (batch, channels)."""
        pooled = self.network.forward_head(self.network.forward_features(x), pre_logits=True)
        return self.network.head.fc(pooled), self.projection(pooled)


def _normalise(pictures: np.ndarray) -> torch.Tensor:
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
    x = x.sub_(torch.from_numpy(dataset.MEAN)[:, None, None])
    return x.div_(torch.from_numpy(dataset.STD)[:, None, None]) \
        .contiguous(memory_format=torch.channels_last)


def _mix(x: torch.Tensor, random: np.random.Generator) -> tuple[torch.Tensor, float]:
    """Mix each picture with its mirror in the batch: CutMix or Mixup, half of the time."""
    kind = random.random()
    if kind < 0.5:
        return x, 1.0
    other = x.flip(0)
    share = float(random.beta(1.0, 1.0) if kind < 0.75 else random.beta(0.4, 0.4))
    if kind >= 0.75:
        return share * x + (1 - share) * other, share
    size = x.shape[-1]
    side = int(size * (1 - share) ** 0.5)
    left, top = random.integers(0, size - side + 1, 2)
    x = x.clone()
    x[:, :, top:top + side, left:left + side] = other[:, :, top:top + side, left:left + side]
    return x, 1 - (side / size) ** 2


def accuracy(network: torch.nn.Module, data: dataset.Photographs, size: int) -> float:
    """Return the top-1 share of the stretched pictures."""
    network.eval()
    hits = 0
    with torch.inference_mode():
        for start in range(0, len(data), 64):
            pictures = [dataset.stretch(i, size) for i in data.images[start:start + 64]]
            logits = network(_normalise(np.stack(pictures)))
            hits += int((logits.argmax(1).numpy() == data.targets[start:start + 64]).sum())
    return hits / len(data)


def train(arguments: argparse.Namespace) -> None:
    """Train, writing ``checkpoint.pt`` and ``log.jsonl`` after every epoch."""
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(arguments.threads)
    output: Path = arguments.output
    output.mkdir(parents=True, exist_ok=True)
    data = dataset.read_folder(arguments.data)
    training, test = dataset.split(data, test_fraction=arguments.test_fraction,
                                   seed=arguments.seed)
    classes = len(data.names)
    (output / 'labels.txt').write_text('\n'.join(data.names) + '\n')
    (output / 'split.json').write_text(json.dumps({'train': training.files, 'test': test.files}))
    print(f'{len(training)} training and {len(test)} test pictures, {classes} classes')

    known = teacher.features(training, output / 'teacher.npz')
    known = functional.normalize(known - known.mean(0))
    soft, top1 = teacher.soft_targets(known * known.shape[1] ** 0.5 / 4, training.targets, classes)
    print(f'teacher: top-1 of out-of-fold probes {top1:.1%}')
    target = 0.5 * soft + 0.5 * functional.one_hot(
        torch.from_numpy(training.targets), classes).float()

    student = Student(arguments.model, classes, known.shape[1]).to(
        memory_format=torch.channels_last)
    average = AveragedModel(student, multi_avg_fn=get_ema_multi_avg_fn(0.997))
    decay = [p for p in student.parameters() if p.ndim > 1]
    others = [p for p in student.parameters() if p.ndim <= 1]
    optimiser = torch.optim.AdamW([{'params': decay, 'weight_decay': 0.05},
                                   {'params': others, 'weight_decay': 0.0}])

    sizes = [int(size) for part in arguments.schedule.split(',')
             for size, count in [part.split('x')] for _ in range(int(count))]
    steps = len(training) // arguments.batch
    checkpoint = output / 'checkpoint.pt'
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        student.load_state_dict(state['student'])
        average.load_state_dict(state['average'])
        optimiser.load_state_dict(state['optimiser'])
        first = state['epoch']
        print(f'resumed after epoch {first} of {len(sizes)}')

    for epoch in range(first, len(sizes)):
        began, size, losses = time.monotonic(), sizes[epoch], []
        random = np.random.default_rng([arguments.seed, epoch])
        student.train()
        for step, (pictures, indices) in enumerate(dataset.batches(
                training, size=size, batch=arguments.batch, seed=arguments.seed, epoch=epoch)):
            progress = (epoch + step / steps) / len(sizes)
            warm = min(1.0, (epoch * steps + step) / (3 * steps))
            for group in optimiser.param_groups:
                group['lr'] = float(
                    arguments.rate * warm * 0.5 * (1 + np.cos(np.pi * progress)))
            x, share = _mix(_normalise(pictures), random)
            logits, guess = student(x)
            wanted, seen = target[indices], known[indices]
            wanted = share * wanted + (1 - share) * wanted.flip(0)
            seen = share * seen + (1 - share) * seen.flip(0)
            loss = functional.cross_entropy(logits, wanted) \
                + 2 * (1 - functional.cosine_similarity(guess, seen)).mean()
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            optimiser.step()
            average.update_parameters(student)
            losses.append(loss.item())
        row: dict[str, float] = {
            'epoch': epoch + 1, 'size': size, 'loss': float(np.mean(losses)),
            'seconds': round(time.monotonic() - began, 1)}
        if (epoch + 1) % 5 == 0 or epoch + 1 == len(sizes):
            row['test_top1'] = accuracy(average.module.network, test, size)
        temporary = checkpoint.with_suffix('.part')
        torch.save({'student': student.state_dict(), 'average': average.state_dict(),
                    'optimiser': optimiser.state_dict(), 'epoch': epoch + 1}, temporary)
        temporary.replace(checkpoint)
        with (output / 'log.jsonl').open('a') as log:
            log.write(json.dumps(row) + '\n')
        print(' '.join(f'{k} {v:.4g}' for k, v in row.items()), f'of {len(sizes)}', flush=True)


def main() -> None:
    """Read the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path, help='folder with one folder of pictures per class')
    parser.add_argument('--output', type=Path, required=True, help='folder for the results')
    parser.add_argument('--model', default='edgenext_xx_small', help='timm name')
    parser.add_argument('--schedule', default=SCHEDULE,
                        help='picture size x epochs, in order (default: %(default)s)')
    parser.add_argument('--batch', type=int, default=64, help='pictures per step')
    parser.add_argument('--rate', type=float, default=1.5e-3, help='highest learning rate')
    parser.add_argument('--test-fraction', type=float, default=dataset.TEST_FRACTION,
                        help='share of each class that is never trained on')
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--threads', type=int, default=2, help='CPU threads')
    train(parser.parse_args())


if __name__ == '__main__':
    main()
