# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The verb "classify": what it says of a picture beside its classes."""

import json

import cv2
from edgenext_ros.cli import main
import numpy as np


def test_12_bit_values_in_a_16_bit_png_are_told(photograph, tmp_path, capsys, onnxruntime):
    picture, figures = tmp_path / 'dark.png', tmp_path / 'figures.json'
    cv2.imwrite(str(picture), photograph.astype(np.uint16) * 16)
    assert main(['classify', str(picture), '--json', str(figures)]) == 0
    (row,) = json.loads(figures.read_text())
    assert '16-bit values stay below 4096' in row['note']
    assert f'{picture}: {row["note"]}' in capsys.readouterr().err
