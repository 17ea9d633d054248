# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ImageNet's normalisation, as in timm, with which every EdgeNeXt here was trained."""

from __future__ import annotations

from typing import Final

MEAN: Final = (123.675, 116.28, 103.53)
"""Mean of R, G, B in 0..255."""
DEVIATION: Final = (58.395, 57.12, 57.375)
"""Standard deviation of R, G, B in 0..255."""
SCALE: Final = tuple(round(1 / deviation, 8) for deviation in DEVIATION)
"""Reciprocal of DEVIATION, with eight decimals as in the BPU recipe and so in every ``.bin``."""
