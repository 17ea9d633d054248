# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BitDepth reports 10- and 12-bit data in mono16 once per stream."""

from edgenext_ros.core.bit_depth import BitDepth
from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import Frame
import numpy as np
import pytest


def mono16(highest, *, big_endian=False, size=(64, 48)):
    values = np.linspace(0, highest, size[0] * size[1]).reshape(size[::-1])
    values[-8] = highest  # in one of the rows that are checked
    data = values.astype('>u2' if big_endian else '<u2').view(np.uint8).reshape(-1)
    return Frame('mono16', *size, 2 * size[0], data, big_endian)


def said(frames):
    judge = BitDepth()
    return [text for text in map(judge.judge, frames) if text]


@pytest.mark.parametrize('big_endian', [False, True])
@pytest.mark.parametrize('highest,bits', [(200, 8), (1023, 10), (4095, 12), (16383, 14)])
def test_low_16_bit_values_give_one_note(highest, bits, big_endian):
    texts = said([mono16(highest, big_endian=big_endian)] * 100)
    assert len(texts) == 1
    assert f'16-bit values stay below {1 << bits} of 65535' in texts[0]
    assert 'let the driver send mono8, or scale to 16 bits' in texts[0]


@pytest.mark.parametrize('frames', [
    [mono16(65535)] * 100, [mono16(16384)] * 100, [mono16(1023)] * 29,
    [mono16(1023)] * 20 + [mono16(40_000)] + [mono16(1023)] * 100,
    [encode(np.zeros((8, 8, 3), np.uint8), 'mono8')] * 100],
    ids=['full', 'just enough', 'too few', 'dark in between', 'mono8'])
def test_plausible_16_bit_values_have_no_note(frames):
    assert said(frames) == []


@pytest.mark.parametrize('highest,count', [(3, 1), (15, 1), (63, 1), (64, 0)])
@pytest.mark.parametrize('encoding', ['bgr8', 'rgba8', 'bayer_rggb8'])
def test_high_bytes_of_16_bit_colour_are_checked(encoding, highest, count):
    frame = encode(np.full((48, 64, 3), highest, np.uint8), encoding)
    frame = Frame(encoding, 64, 48, frame.step, frame.data, of_16_bits=True)
    assert len(said([frame] * 100)) == count, 'alpha is 255'


def test_bit_depth_check_starts_over_for_new_stream():
    assert len(said([mono16(1023)] * 50 + [mono16(4095, size=(32, 24))] * 50)) == 2


def test_bit_depth_check_ignores_padding():
    data = np.full((4, 20), 255, np.uint8)
    data[:, :16] = 1
    assert len(said([Frame('mono16', 8, 4, 20, data.reshape(-1))] * 30)) == 1
