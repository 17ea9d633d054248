# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The normalisation that every EdgeNeXt here was trained with: ImageNet's, as timm writes it."""

from __future__ import annotations

from typing import Final

MEAN: Final = (123.675, 116.28, 103.53)
"""Of R, G, B in 0..255."""
DEVIATION: Final = (58.395, 57.12, 57.375)
"""Standard deviation of R, G, B in 0..255."""
SCALE: Final = tuple(round(1 / deviation, 8) for deviation in DEVIATION)
"""Its reciprocal with the eight decimals of the published BPU recipe, which a ``.bin`` uses."""
