# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The four sizes of EdgeNeXt, and the suffixes of their weights; needs no PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

WEIGHTS = ('.onnx', '.pt', '.pth', '.tar', '.ckpt', '.bin', '.pkl', '.safetensors')
"""Suffixes of files with weights; what timm's names have behind a point is none of them."""
INPUT_SIZE = 224
"""Width and height of the input in pixels, where nothing else is asked for."""


@dataclass(frozen=True)
class Plan:
    """Which of several equal forms is the fastest; measured for each size (docs/bpu.md)."""

    width: int
    """Channels of stage 0, by which a network is recognised."""
    groups: tuple[int, int, int] = (1, 1, 1)
    """Groups of heads in the attention of stages 1 to 3."""
    level: str = 'O2'
    """hbdk-cc's optimisation level: O3 takes twice the time, and is not always the faster."""
    wide_from: int = 1 << 16
    """Channels from which on a LayerNorm is a ``WideNorm``."""


PLANS = MappingProxyType({
    'edgenext_xx_small': Plan(24),
    'edgenext_x_small': Plan(32),
    'edgenext_small': Plan(48, wide_from=150, level='O3'),
    'edgenext_base': Plan(80, wide_from=70, groups=(2, 1, 2)),
})
"""The four sizes by timm's name."""


def size_of(width: int) -> str:
    """Return timm's name of the size with so many channels in stage 0, or raise ValueError."""
    for name, plan in PLANS.items():
        if plan.width == width:
            return name
    raise ValueError(f'expected an EdgeNeXt of {", ".join(PLANS)}, found one with {width} '
                     'channels in its first stage')
