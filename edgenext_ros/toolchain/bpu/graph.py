# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
EdgeNeXt for inference in a form that is fast on the BPU, with timm's weights and outputs.

Transformations:

    LayerNorm's scale and shift    folded into the next layer (``layer_norm``)
    layer scale gamma              folded into fc2, and into the attention's projection
    temperature                    folded into the lengths of q (``attention``)
    Linear                         a 1x1 convolution; all maps stay NCHW, without transpositions
    channel split of a block       a depthwise convolution that copies the other channels
    position encoding              a constant, added once

docs/bpu.md explains the reason for each, and its gain.
"""

from __future__ import annotations

from collections import OrderedDict
from copy import deepcopy

from edgenext_ros.toolchain.bpu.attention import CrossCovarianceAttention
from edgenext_ros.toolchain.bpu.layer_norm import convolution, Norm, pointwise, WideNorm
from edgenext_ros.toolchain.network.sizes import INPUT_SIZE, Plan, PLANS, size_of
import torch
from torch import nn, Tensor
from torch.nn import functional


class Stem(nn.Sequential):
    """
    A 4x4 convolution with stride 4, and LayerNorm: 3 x 224 x 224 to C x 56 x 56.

    The BPU is slow at large strides on 3 channels. Two 2x2 convolutions with stride 2 compute the
    same; the first only gathers 2x2 pixels into 12 channels, with weights of ones and zeros.
    """

    def __init__(self, stem: nn.Sequential) -> None:
        wide, norm = stem
        channels = wide.out_channels
        gather = torch.eye(12).reshape(12, 3, 2, 2)
        # (out, colour, 2 I + i, 2 J + j) becomes (out, (colour, i, j), I, J).
        weight = wide.weight.detach().reshape(channels, 3, 2, 2, 2, 2) \
            .permute(0, 1, 3, 5, 2, 4).reshape(channels, 12, 2, 2)
        norm = Norm(norm, before=convolution(weight, wide.bias, stride=2))
        super().__init__(OrderedDict(
            gather=convolution(gather, stride=2), norm=norm,
            # Scale and shift of LN cannot be folded further, because the next layer pads.
            affine=pointwise(*norm.fold(torch.eye(channels).to(weight), torch.zeros(channels)))))


class Mlp(nn.Module):
    """
    Return gamma (W_2 GELU(W_1 LN(x) + b_1) + b_2).

    :param norm: the LayerNorm before it.
    :param mlp: timm's layer.
    :param gamma: its layer scale, (C).
    """

    def __init__(self, norm: Norm | WideNorm, mlp: nn.Module, gamma: Tensor) -> None:
        super().__init__()
        self.norm = norm
        self.fc1 = pointwise(*norm.fold(mlp.fc1.weight.detach(), mlp.fc1.bias.detach()))
        self.fc2 = pointwise(gamma[:, None] * mlp.fc2.weight.detach(), gamma * mlp.fc2.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the same shape, (1, C, H, W)."""
        return self.fc2(functional.gelu(self.fc1(self.norm(x))))


class ConvBlock(nn.Module):
    """Return x + gamma MLP(LN(depthwise(x)))."""

    def __init__(self, block: nn.Module, plan: Plan) -> None:
        super().__init__()
        self.conv_dw = block.conv_dw
        self.mlp = Mlp(_norm(block.norm, plan), block.mlp, block.gamma.detach())

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the same shape, (1, C, H, W)."""
        return x + self.mlp(self.conv_dw(x))


class Scales(nn.Sequential):
    """
    Res2Net's split: y_0 = D_0 x_0, y_s = D_s (x_s + y_(s-1)); the last part is copied.

    Each depthwise convolution D_s runs over all channels; an identity kernel copies those outside
    its part. The sums are 1x1 convolutions of ones and zeros.
    """

    def __init__(self, block: nn.Module, channels: int) -> None:
        layers: list[nn.Module] = []
        for scale, small in enumerate(block.convs):
            first, last = scale * block.width, (scale + 1) * block.width
            if scale:
                add = torch.eye(channels)
                for channel in range(first, last):
                    add[channel, channel - block.width] = 1
                layers.append(pointwise(add))
            weight, bias = torch.zeros(channels, 1, 3, 3), torch.zeros(channels)
            weight[:, :, 1, 1] = 1
            weight[first:last], bias[first:last] = small.weight.detach(), small.bias.detach()
            layers.append(convolution(weight, bias, padding=1, groups=channels))
        super().__init__(*layers)


class SplitTransposeBlock(nn.Module):
    """
    Return x + gamma MLP(LN(y)), where y is the XCA block of scales(x) + position.

    :param block: timm's block.
    :param plan: the form for this size.
    :param stage: number of the stage, 1 to 3.
    :param pixels: height and width of the map.
    """

    def __init__(self, block: nn.Module, plan: Plan, *, stage: int,
                 pixels: tuple[int, int]) -> None:
        super().__init__()
        channels = block.gamma.numel()
        self.scales = Scales(block, channels)
        self.register_buffer('position', None if block.pos_embd is None else
                             block.pos_embd((1, *pixels)).detach())
        self.xca = CrossCovarianceAttention(
            _norm(block.norm_xca, plan), block.xca, block.gamma_xca.detach(),
            pixels=pixels, groups=plan.groups[stage - 1])
        self.mlp = Mlp(_norm(block.norm, plan), block.mlp, block.gamma.detach())

    def forward(self, x: Tensor) -> Tensor:
        """Return a map of the same shape, (1, C, H, W)."""
        y = self.scales(x)
        return x + self.mlp(self.xca(y if self.position is None else y + self.position))


class Downsample(nn.Sequential):
    """LayerNorm and a 2x2 convolution with stride 2; without padding, so all of LN is folded."""

    def __init__(self, downsample: nn.Sequential, plan: Plan) -> None:
        norm, conv = _norm(downsample[0], plan), downsample[1]
        super().__init__(OrderedDict(norm=norm, conv=convolution(
            *norm.fold(conv.weight.detach(), conv.bias.detach()), stride=2)))


class BpuEdgeNeXt(nn.Module):
    """
    Compute the logits of a timm EdgeNeXt.

    Weights are folded in float64: the last bits of float32 products depend on the processor, and
    the same weights should give the same ``.bin`` everywhere.

    :param network: timm's ``edgenext_xx_small``, ``_x_small``, ``_small`` or ``_base``, any
        number of classes, in eval mode.
    :param size: height and width of the input in pixels, multiples of 32.
    :raises ValueError: it is another network.
    """

    def __init__(self, network: nn.Module,
                 size: tuple[int, int] = (INPUT_SIZE, INPUT_SIZE)) -> None:
        super().__init__()
        plan = PLANS[size_of(network.stem[0].out_channels)]
        network = deepcopy(network).double()
        self.stem = Stem(network.stem)
        stages = []
        for index, stage in enumerate(network.stages):
            layers: list[nn.Module] = []
            if index:
                layers.append(Downsample(stage.downsample, plan))
            pixels = size[0] >> index + 2, size[1] >> index + 2
            for block in stage.blocks:
                layers.append(SplitTransposeBlock(block, plan, stage=index, pixels=pixels)
                              if hasattr(block, 'xca') else ConvBlock(block, plan))
            stages.append(nn.Sequential(*layers))
        self.stages = nn.Sequential(*stages)
        self.norm = _norm(network.head.norm, plan)
        fc = network.head.fc
        self.fc = pointwise(*self.norm.fold(fc.weight.detach(), fc.bias.detach()))
        self.float()

    def forward(self, x: Tensor) -> Tensor:
        """
        Return logits, float32 (1, classes, 1, 1), of normalised RGB, float32 (1, 3, *size).

        The logits keep four dimensions, because a reshape would run on the CPU, and pyeasy_dnn
        expects four.
        """
        return self.fc(self.norm(functional.adaptive_avg_pool2d(self.stages(self.stem(x)), 1)))


def _norm(norm: nn.Module, plan: Plan) -> Norm | WideNorm:
    """Choose the form of a LayerNorm by its width."""
    return (WideNorm if norm.weight.numel() >= plan.wide_from else Norm)(norm)
