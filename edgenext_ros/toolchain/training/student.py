# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The network in training: its batches, its loss and its accuracy."""

from __future__ import annotations

from dataclasses import dataclass

from edgenext_ros.core.normalisation import DEVIATION, MEAN
from edgenext_ros.toolchain.training import photographs
from edgenext_ros.toolchain.training.teacher import CHANNELS
import numpy as np
import torch
from torch.nn import functional


@dataclass(frozen=True)
class Batch:
    """Pictures with the targets of the student's two heads."""

    pictures: torch.Tensor
    """Normalised RGB, float32 (batch, 3, size, size)."""
    targets: torch.Tensor
    """Class probabilities, float32 (batch, classes)."""
    maps: torch.Tensor | None
    """The teacher's feature maps, float32 (batch, CHANNELS, size / 32, size / 32)."""

    def mixed(self, random: np.random.Generator) -> Batch:
        """
        Mix picture i with picture n - 1 - i: CutMix in half of the batches, Mixup in a quarter.

        timm's Mixup has no place here: it takes class indices as targets, and mixes no maps.
        """
        kind = random.random()
        if kind < 0.25:
            return self
        size = self.pictures.shape[-1]
        share = torch.full((1, 1, size, size), float(random.beta(0.4, 0.4)))
        if kind < 0.75:
            side = int(size * random.beta(1.0, 1.0) ** 0.5)
            left, top = random.integers(0, size - side + 1, 2)
            share[:] = 1
            share[:, :, top:top + side, left:left + side] = 0
        mean, maps = share.mean(), self.maps
        if maps is not None:
            coarse = functional.adaptive_avg_pool2d(share, maps.shape[-2:])
            maps = coarse * maps + (1 - coarse) * maps.flip(0)
        return Batch(share * self.pictures + (1 - share) * self.pictures.flip(0),
                     mean * self.targets + (1 - mean) * self.targets.flip(0), maps)


class Student(torch.nn.Module):
    """A timm EdgeNeXt with a second head that predicts the teacher's feature map."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network
        self.projection = torch.nn.Conv2d(network.num_features, CHANNELS, 1)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return cross entropy plus three times the mean cosine distance to the teacher's maps."""
        features = self.network.forward_features(batch.pictures)
        loss = functional.cross_entropy(self.network.forward_head(features), batch.targets)
        if batch.maps is None:
            return loss
        guess = self.projection(self.network.head.norm(features))
        return loss + 3 * (1 - functional.cosine_similarity(guess, batch.maps)).mean()


@dataclass(frozen=True)
class TopAccuracy:
    """Top-1 and top-5 accuracy, in per cent."""

    pictures: int
    top1: float
    top5: float


def normalise(pictures: np.ndarray) -> torch.Tensor:
    """Turn RGB, uint8 (batch, height, width, 3), into normalised float32 (batch, 3, h, w)."""
    x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float()
    x = x.sub_(torch.tensor(MEAN)[:, None, None])
    return x.div_(torch.tensor(DEVIATION)[:, None, None]) \
        .contiguous(memory_format=torch.channels_last)


def logits(network: torch.nn.Module, data: photographs.Photographs, size: int) -> np.ndarray:
    """
    Return the logits of every picture, float32 (pictures, classes).

    :param network: timm's network; it is left in eval mode.
    :param data: the pictures, of which the network sees the central square.
    :param size: width and height of the network's input, in pixels.
    """
    network.eval()
    with torch.inference_mode():
        return np.concatenate([network(normalise(np.stack(
            [photographs.center_crop(i, size) for i in data.images[start:start + 64]]))).numpy()
            for start in range(0, len(data), 64)])


def accuracy(network: torch.nn.Module, data: photographs.Photographs, size: int) -> TopAccuracy:
    """
    Classify every picture.

    :param network: timm's network; it is left in eval mode.
    :param data: the pictures, of which the network sees the central square, and their classes.
    :param size: width and height of the network's input, in pixels.
    """
    found = logits(network, data, size)
    ranks = (found > found[np.arange(len(data)), data.targets][:, None]).sum(1)
    return TopAccuracy(len(data), *(round(100 * float((ranks < k).mean()), 2) for k in (1, 5)))
