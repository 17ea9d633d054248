# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Accuracy of resizing: the large frames, the kernels and the table."""

import sys

import cv2
from edgenext_ros.bench import resize_accuracy
from edgenext_ros.core.nv12 import Nv12Converter
import numpy as np
import pytest

pytestmark = pytest.mark.slow


def frame(photograph, side, noise=4.0):
    return resize_accuracy.large_frame(photograph, side, noise=noise,
                                       random=np.random.default_rng(0))


@pytest.mark.parametrize('side', [100, 240, 300, 480, 1000])
def test_large_frame_shows_the_central_square(side, photograph):
    own = photograph[:, 40:280]
    again = cv2.resize(frame(photograph, side), (60, 60), interpolation=cv2.INTER_AREA)
    expected = cv2.resize(own, (60, 60), interpolation=cv2.INTER_AREA)
    assert cv2.absdiff(again, expected).mean() < 5


def test_large_frame_adds_detail_and_noise(photograph):
    def fineness(image):
        return np.abs(image.astype(float) - cv2.blur(image, (3, 3))).mean()

    enlarged = cv2.resize(photograph[:, 40:280], (960, 960), interpolation=cv2.INTER_CUBIC)
    assert fineness(enlarged) * 1.1 < fineness(frame(photograph, 960, noise=0))
    assert fineness(frame(photograph, 960, noise=0)) + 1 < fineness(frame(photograph, 960))


@pytest.mark.parametrize('form', [form for form in resize_accuracy.FRAME_FORMS if form != 'bgr8'])
@pytest.mark.parametrize('side', [480, 700])
def test_node_resizes_closer_to_area_than_linear(form, side, photograph):
    seen = resize_accuracy.inputs(frame(photograph, side), form,
                                  Nv12Converter(width=224, height=224), (224, 224))
    expected = seen[resize_accuracy.REFERENCE].astype(float)
    linear, node = (np.square(seen[name] - expected).mean()
                    for name in ('linear', resize_accuracy.NODE))
    assert node < 0.6 * linear
    assert np.sqrt(linear) < 8  # misplaced planes differ more


def test_main_prints_a_table(class_folders, capsys, monkeypatch):
    monkeypatch.setattr(sys, 'argv', [
        'kernels', str(class_folders), '--runtime', 'onnx', '--count', '2', '--sides', '300',
        '--forms', 'nv12', 'jpeg'])
    resize_accuracy.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + 2 * len(resize_accuracy.KERNELS)
    assert all(line.count('|') == lines[0].count('|') for line in lines)
    assert '| 300 | nv12 | area |' in lines[2] and '| 100.0 | 0.00 | 0.00 |' in lines[2]
