# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recipes for compiling a network: form of the graph, number formats, calibration."""

from __future__ import annotations

from dataclasses import dataclass
import re
from types import MappingProxyType

_ATTENTION = MappingProxyType({'edgenext_xx_small': (1, 5, 1)})
"""Last block of stages 1 to 3, which has the attention; (2, 8, 2) for the three larger sizes."""
_LAST = 'stages.3/blocks/blocks.1'
_XX_SMALL = (*(f'/stages/{name}' for name in (
    f'{_LAST}/mlp/fc1/MatMul', f'{_LAST}/mlp/fc2/MatMul', f'{_LAST}/norm/Div_mul',
    f'{_LAST}/norm/Pow', f'{_LAST}/norm_xca/ReduceMean_1',
    'stages.0/blocks/blocks.0/conv_dw/Conv', 'stages.3/downsample/downsample.0/ReduceMean',
    'stages.3/downsample/downsample.0/Sub', 'stages.3/downsample/downsample.0/ReduceMean_1',
    'stages.2/blocks/blocks.5/norm_xca/ReduceMean_1',
)), '/stem/stem.1/Mul', '/stem/stem.1/Sub', '/stem/stem.1/Pow')


@dataclass(frozen=True)
class Recipe:
    """A way to compile."""

    name: str
    title: str
    bpu_graph: bool
    """Use the graph written for the BPU (``graph``) instead of timm's."""
    percentile: float
    """Share of a tensor's calibration values that its int8 range covers, by method ``max``."""
    level: str | None = None
    """hbdk-cc's optimisation level; None takes that of the size (``sizes.PLANS``)."""
    int16: str = r'(?!)'
    """Regular expression; nodes whose name it matches have int16 inputs and outputs."""
    method: str = 'max'
    """hb_mapper's ``calibration_type``: max, kl, or mix, which takes the better for each node."""
    per_channel: bool = False
    """Calibrate each channel separately."""
    optimization: str = ''
    """hb_mapper's option of this name, such as ``bias_correction``."""

    def int16_nodes(self, names: list[str], size: str) -> list[str]:
        """
        Return the names of the nodes with int16 inputs and outputs.

        :param names: all node names of the graph.
        :param size: timm's name of the network.
        """
        if not self.bpu_graph:
            blocks = _ATTENTION.get(size, (2, 8, 2))
            return [f'/stages/stages.{stage}/blocks/blocks.{block}/xca/Softmax'
                    for stage, block in enumerate(blocks, start=1)] \
                + list(_XX_SMALL if size == 'edgenext_xx_small' else ())
        return [name for name in names if re.search(self.int16, name)]


RECIPES = MappingProxyType({recipe.name: recipe for recipe in (
    Recipe('fast', 'written for the BPU, int8', True, 0.9999),
    Recipe('precise', 'written for the BPU, LayerNorm and residual sums in int16', True, 0.9999,
           int16=(r'/norm/(?!Constant)|/(fc2|project|affine)/Conv|/scales/|'
                  r'/(xca|stages[.]\d[.]\d+)/Add')),
    Recipe('published', "the model zoo's: timm's graph through onnxsim, its nodes in int16",
           False, 0.999, level='O3'),
)})
"""Recipes by name."""
