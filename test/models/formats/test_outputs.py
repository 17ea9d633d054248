# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Class vectors and feature maps as first output of a .bin."""

from pathlib import Path

from edgenext_ros.models import ModelError
from edgenext_ros.models.formats import bin_file
from helpers.bin_writer import container
import pytest


def parse(data):
    return bin_file.parse(memoryview(data), Path('model.bin'))


@pytest.mark.parametrize('shape', [(1, 10), (1, 10, 1, 1), (10,), (1, 1, 1, 10)], ids=str)
def test_class_vector_output_is_accepted(shape):
    assert parse(container(outputs=[('logits', 1, shape)])).output.shape == shape


@pytest.mark.parametrize('outputs,words', [
    ([('map', 1, (1, 7, 7, 64))], 'found map 1x7x7x64, which is a map'),
    ([('map', 1, (1, 64, 7, 7)), ('logits', 1, (1, 10, 1, 1))],
     'found map 1x64x7x7, which is a map; logits 1x10x1x1 would be one'),
], ids=['map', 'map first'])
def test_feature_map_output_is_refused(outputs, words):
    with pytest.raises(ModelError, match=words):
        parse(container(outputs=outputs))
