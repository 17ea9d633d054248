# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
LayerNorm over channels in operators that are fast on the BPU: 1x1 convolutions and tables.

Let P be the C - 1 rows of the orthonormal DCT-II without the constant row. P 1 = 0 and
P'P = I - 11'/C, so P removes the mean and |P x|^2 = C var(x), without any reduction:

    u = P x,   z = u / sqrt(mean_c(u^2) + eps),   LN(x) = diag(g) P' z + b.

The last map is linear, so ``Norm.fold`` folds it into the next layer. Orthonormal rows matter for
int8: the matrix I - 11'/C would do the same in float, but its small off-diagonal entries would
round to one step or zero.
"""

from __future__ import annotations

from math import pi

import torch
from torch import nn, Tensor


def pointwise(weight: Tensor, bias: Tensor | None = None) -> nn.Conv2d:
    """Return a 1x1 convolution with a matrix (out, in), the BPU's fastest linear map."""
    return convolution(weight[:, :, None, None], bias)


def convolution(weight: Tensor, bias: Tensor | None = None, *, stride: int = 1, padding: int = 0,
                groups: int = 1) -> nn.Conv2d:
    """
    Return a convolution with given weights.

    :param weight: (out, in / groups, height, width).
    :param bias: (out), or None.
    :param stride: stride in pixels, along both axes.
    :param padding: pixels of zeros on each side.
    :param groups: number of groups of channels.
    """
    layer = nn.Conv2d(weight.shape[1] * groups, weight.shape[0], tuple(weight.shape[2:]),
                      stride=stride, padding=padding, groups=groups, bias=bias is not None)
    layer.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
    if bias is not None:
        layer.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
    return layer


def rotation(channels: int) -> Tensor:
    """Return P, float64 (channels - 1, channels)."""
    frequency = torch.arange(1, channels, dtype=torch.float64)[:, None]
    place = torch.arange(channels, dtype=torch.float64)[None] + 0.5
    return (2 / channels) ** 0.5 * torch.cos(pi / channels * frequency * place)


class Norm(nn.Module):
    """
    The part z of a LayerNorm over the channels of a map; ``fold`` applies the rest.

    :param norm: timm's layer; ``fold`` applies its weight and bias.
    :param before: the convolution before it, which P is folded into; None applies P as a
        convolution of its own.
    """

    def __init__(self, norm: nn.Module, *, before: nn.Conv2d | None = None) -> None:
        super().__init__()
        channels = norm.weight.numel()
        turn = rotation(channels).to(norm.weight)
        if before is None:
            self.rotate = pointwise(turn)
        else:
            self.rotate = convolution(torch.einsum('kc,cixy->kixy', turn, before.weight),
                                      turn @ before.bias, stride=before.stride[0])
        self._after = norm.weight.detach()[:, None] * turn.T
        self._shift = norm.bias.detach()
        # Every output channel is the mean, so the division needs no broadcast; the bias is eps.
        self.mean = pointwise(torch.full((channels - 1, channels - 1), 1 / channels),
                              torch.full((channels - 1,), norm.eps))

    def forward(self, x: Tensor) -> Tensor:
        """Return z, (1, C - 1, H, W), of x, (1, C, H, W)."""
        u = self.rotate(x)
        return u / torch.sqrt(self.mean(u.pow(2)))

    def fold(self, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        """
        Return weight and bias that give for z the same as these for LN(x).

        Exact only for a layer without padding, because LN's bias is not zero outside the map.

        :param weight: (out, C, height, width), or (out, C).
        :param bias: (out).
        """
        taps = weight.reshape(*weight.shape[:2], -1).sum(2)
        return torch.einsum('oc...,ck->ok...', weight, self._after), bias + taps @ self._shift


_LANES = 32
"""Copies of a mean that are computed in parallel; fewer are not faster."""


class WideNorm(nn.Module):
    """
    The same as ``Norm`` for wide maps, where a C x C convolution is slow to load and to run.

    z = (x - mean(x)) / sqrt(var(x) + eps). Each mean is computed in ``_LANES`` lanes, and a second
    convolution spreads it to all channels: 2 _LANES C weights instead of C^2.
    """

    def __init__(self, norm: nn.Module) -> None:
        super().__init__()
        channels = norm.weight.numel()
        self._after, self._shift = norm.weight.detach().diag(), norm.bias.detach()
        average = torch.full((_LANES, channels), 1 / channels)
        spread = torch.eye(_LANES).repeat(-(-channels // _LANES), 1)[:channels]
        self.mean, self.centre = pointwise(average), pointwise(-spread)
        self.variance = pointwise(average, torch.full((_LANES,), norm.eps))
        self.spread = pointwise(spread)

    def forward(self, x: Tensor) -> Tensor:
        """Return z, (1, C, H, W), of x, (1, C, H, W)."""
        u = x + self.centre(self.mean(x))
        return u * self.spread(1 / torch.sqrt(self.variance(u.pow(2))))

    fold = Norm.fold
