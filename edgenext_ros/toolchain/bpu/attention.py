# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Cross-covariance attention (XCA) for the BPU: attention between channels, all heads at once.

For z of (C, N), N pixels, and h the head of a channel (EdgeNeXt paper, section 3; timm's
CrossCovarianceAttn):

    q, k, v = W_q z + b_q, W_k z + b_k, W_v z + b_v
    T_ij    = t_h <q_i, k_j> / (|q_i| |k_j|)
    A_ij    = exp(T_ij) / sum_{j' in h} exp(T_ij')       for j in the head h of i, else 0
    y_i     = x_i + gamma_i sum_j (W_p)_ij (A v)_j + ...

Full C x C matrices with a mask of ones and zeros are faster here than one matrix for each head:
the BPU is slow at many small products. exp needs no subtraction of the maximum, since |T| <= t_h.

Layouts decide the cost. q and k come from one convolution and are reshaped once, to (1, 2C, 1, N).
The product is computed as (1, 1, j, i); reading it as (1, i, 1, j), with channels i, needs no
transposition. v stays a map: (1, H, W, j) times (1, 1, j, i) runs like a 1x1 convolution with
computed weights.
"""

from __future__ import annotations

from edgenext_ros.toolchain.bpu.layer_norm import convolution, Norm, pointwise, WideNorm
import torch
from torch import nn, Tensor
from torch.nn import functional

_SMALLEST = 1e-12
"""Added to a squared length; timm instead takes the larger of length and 1e-12."""
_WINDOW = 49
"""Pixels up to which a sum over the map is one depthwise convolution of the map's size."""


class CrossCovarianceAttention(nn.Module):
    """
    Return x + gamma XCA(LN(x)).

    :param norm: the LayerNorm before it; the weights of q, k and v are folded to act on its z.
    :param attention: timm's layer.
    :param gamma: its layer scale, (C); folded into the last convolution.
    :param pixels: height and width of the map.
    :param groups: number of groups that the heads are split into.
    """

    def __init__(self, norm: Norm | WideNorm, attention: nn.Module, gamma: Tensor, *,
                 pixels: tuple[int, int], groups: int) -> None:
        super().__init__()
        channels = gamma.numel()
        qkv = norm.fold(attention.qkv.weight.detach(), attention.qkv.bias.detach())
        weights, biases = (part.reshape(3, groups, channels // groups, -1) for part in qkv)
        columns = (gamma[:, None] * attention.proj.weight.detach()).chunk(groups, 1)
        temperatures = attention.temperature.detach().reshape(groups, -1)
        self.norm = norm
        self.groups = nn.ModuleList(Heads(
            weights[:, group], biases[:, group, :, 0], columns[group], temperatures[group],
            bias=gamma * attention.proj.bias.detach() if group == 0 else None, pixels=pixels)
            for group in range(groups))

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the same shape, (1, C, H, W)."""
        z = self.norm(x)
        for heads in self.groups:
            x = x + heads(z)
        return x


class Heads(nn.Module):
    """
    Return the projection of a group of heads, which have c channels together.

    :param weights: W_q, W_k, W_v on z, (3, c, K).
    :param biases: their biases, (3, c).
    :param project: W_p of these channels, (C, c).
    :param temperatures: temperatures of the heads, (heads).
    :param bias: bias of the projection, (C), or None.
    :param pixels: height and width of the map.
    """

    def __init__(self, weights: Tensor, biases: Tensor, project: Tensor, temperatures: Tensor, *,
                 bias: Tensor | None, pixels: tuple[int, int]) -> None:
        super().__init__()
        width, heads = weights.shape[1], temperatures.numel()
        self._width, self._count = width, pixels[0] * pixels[1]
        # Divide q and k by their lengths, unless they are much larger than T: then divide T.
        self.scales_pixels = self._count < 4 * project.shape[0]
        # The lengths contain the temperature squared, so its sign goes into the weights.
        sign = torch.cat([temperatures.repeat_interleave(width // heads).sign(),
                          torch.ones(width)])
        self.query_key = pointwise(sign[:, None] * weights[:2].flatten(0, 1),
                                   sign * biases[:2].flatten())
        self.value = pointwise(weights[2], biases[2])
        # The temperature is folded in: t_h / |q_i| = rsqrt(sum_n(q_in^2) / t_h^2).
        factor = torch.cat([temperatures.repeat_interleave(width // heads) ** -2,
                            torch.ones(width)])[:, None, None, None]
        smallest = torch.full((2 * width,), _SMALLEST)
        self.length = convolution(
            factor.expand(-1, 1, *pixels), smallest, groups=2 * width,
        ) if self._count <= _WINDOW else nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            convolution(self._count * factor, smallest, groups=2 * width))
        head = torch.arange(width) // (width // heads)
        same = (head[:, None] == head[None, :]).float()
        self.register_buffer('mask', same[None, :, None, :] if heads > 1 else None)
        # forward takes the sum over j as a mean; its factor is folded in here.
        self.project = pointwise(project / width, bias)

    def forward(self, z: Tensor) -> Tensor:
        """Return (1, C, H, W) of z, (1, K, H, W)."""
        qk, v = self.query_key(z), self.value(z)
        scale = 1 / torch.sqrt(self.length(qk.pow(2)))
        if self.scales_pixels:
            qk = qk * scale
        q, k = qk.reshape(1, 2 * self._width, 1, self._count).split(self._width, 1)
        product = (k.permute(0, 2, 1, 3) @ q.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        if not self.scales_pixels:
            scale_q, scale_k = scale.split(self._width, 1)
            product = product * scale_q * scale_k.permute(0, 2, 3, 1)
        weight = torch.exp(product)
        if self.mask is not None:
            weight = weight * self.mask
        total = functional.adaptive_avg_pool2d(weight, 1)
        if not self.scales_pixels:
            weight = weight / total
        out = (v.permute(0, 2, 3, 1) @ weight.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return self.project(out / total if self.scales_pixels else out)
