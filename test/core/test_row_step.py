# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bytes of a row from encoding, size and number of bytes."""

from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import ENCODINGS, Frame, FrameError
from edgenext_ros.core.layout import OF_16_BITS
from edgenext_ros.core.row_step import step_of
import numpy as np
import pytest


@pytest.mark.parametrize('padding', [1, 16, 64, 256])
@pytest.mark.parametrize('size', [(4, 4), (100, 36), (642, 360)], ids=str)
@pytest.mark.parametrize('encoding', [*ENCODINGS, *OF_16_BITS])
def test_step_is_that_of_the_rows(encoding, size, padding):
    width, height = size
    layout = {**ENCODINGS, **OF_16_BITS}[encoding]
    step = -(-width * layout.pixel_bytes // padding) * padding
    assert step_of(encoding, width=width, height=height,
                   size=step * height * layout.half_rows // 2) == step


@pytest.mark.parametrize('encoding,width,height,size,step', [
    ('8UC3', 10, 4, 120, 30), ('GREY', 10, 4, 64, 16),
    ('bgr8', 10, 4, 119, 30), ('bgr8', 10, 4, 4 * 31, 30), ('nv12', 640, 480, 640 * 480 * 3, 640),
    ('nv12', 1920, 1080, 1920 * 1088 * 3 // 2, 1920),
    ('unknown', 10, 4, 80, 20), ('jpeg', 10, 4, 33, 8), ('unknown', 10, 0, 80, 80),
    ('bgr8', 0, 0, 0, 0), ('bgr8', 2 ** 32 - 1, 2 ** 32 - 1, 5, 3 * (2 ** 32 - 1))])
def test_size_that_fits_no_usual_padding_gives_rows_without(encoding, width, height, size, step):
    assert step_of(encoding, width=width, height=height, size=size) == step


def test_a_frame_of_this_step_needs_no_note():
    made = encode(np.zeros((36, 100, 3), np.uint8), 'nv12')
    step = step_of('nv12', width=100, height=36, size=made.data.size)
    assert not Frame('nv12', 100, 36, step, made.data).note
    with pytest.raises(FrameError, match='is truncated: expected 5400 bytes'):
        Frame('nv12', 100, 36, step, made.data[:-1])
