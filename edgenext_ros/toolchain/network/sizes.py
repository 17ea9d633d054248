# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The four sizes of EdgeNeXt, and suffixes of weight files; does not need PyTorch."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

WEIGHTS = ('.onnx', '.pt', '.pth', '.tar', '.ckpt', '.bin', '.pkl', '.safetensors')
"""Suffixes of weight files; the tag of a timm name (edgenext_small.usi_in1k) is never one."""
INPUT_SIZE = 224
"""Default width and height of the network's input, in pixels."""


@dataclass(frozen=True)
class Plan:
    """The fastest of several equivalent forms of a size, by measurement (docs/bpu.md)."""

    width: int
    """Channels of stage 0; they identify the size."""
    groups: tuple[int, int, int] = (1, 1, 1)
    """Groups of heads in the attention of stages 1 to 3."""
    level: str = 'O2'
    """hbdk-cc's optimisation level; O3 compiles for twice as long, and is not always faster."""
    wide_from: int = 1 << 16
    """A LayerNorm over at least this many channels becomes a ``WideNorm``."""


PLANS = MappingProxyType({
    'edgenext_xx_small': Plan(24),
    'edgenext_x_small': Plan(32),
    'edgenext_small': Plan(48, wide_from=150, level='O3'),
    'edgenext_base': Plan(80, wide_from=70, groups=(2, 1, 2)),
})
"""The four sizes by timm's name."""


def size_of(width: int) -> str:
    """
    Return timm's name of the size with ``width`` channels in stage 0.

    :raises ValueError: no size has so many.
    """
    for name, plan in PLANS.items():
        if plan.width == width:
            return name
    raise ValueError(f'expected an EdgeNeXt of {", ".join(PLANS)}, found one with {width} '
                     'channels in its first stage')
