# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Constants of the normalisation; their use is tested with the engines."""

from edgenext_ros.core.normalisation import DEVIATION, MEAN, SCALE
import numpy as np
import pytest


def test_the_figures_are_those_of_the_published_recipe():
    assert MEAN == (123.675, 116.28, 103.53) and DEVIATION == (58.395, 57.12, 57.375)
    assert SCALE == (0.01712475, 0.017507, 0.01742919)


def test_the_fractions_are_timms():
    assert np.array(MEAN) / 255 == pytest.approx([0.485, 0.456, 0.406])
    assert np.array(DEVIATION) / 255 == pytest.approx([0.229, 0.224, 0.225])
