# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Shared code of the engines of the board: picture size and quantised scores."""

from pathlib import Path

from edgenext_ros.engines.bpu.tensors import Dequantiser, picture_size
from edgenext_ros.models import ModelError
import pytest

MODEL = Path('model.bin')


@pytest.mark.parametrize('layout,shape', [('NCHW', (1, 3, 16, 32)), ('NHWC', (1, 16, 32, 3))])
def test_picture_size_is_width_and_height_in_either_layout(layout, shape):
    size = picture_size(MODEL, count=1, kind='NV12', layout=layout, shape=shape)
    assert size == (32, 16)


@pytest.mark.parametrize('numbers', [
    {'scale': [float('nan')]}, {'scale': [1, float('inf'), 1]},
    {'zero': [0, 0, float('nan')]}], ids=str)
def test_dequantiser_refuses_numbers_that_are_not_finite(numbers):
    with pytest.raises(ModelError, match=r'model\.bin: expected 1 or 3 finite scales'):
        Dequantiser.of(MODEL, shape=(1, 3), axis=1, **numbers)
