# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The verb classify: output, errors and exit codes."""

import json
import shutil

import cv2
from edgenext_ros.cli import main
from edgenext_ros.models.store import locate, resource_folder
import numpy as np
import pytest

PICTURE = resource_folder() / 'pictures' / 'astronaut.jpg'
ONNX = locate('demo', suffixes=('.onnx',)).path


def call(*arguments):
    return main(['classify', *map(str, arguments)])


@pytest.mark.parametrize('count', ['0', '-1'])
def test_classify_refuses_top_k_below_1(count, capsys):
    assert call(PICTURE, '--top-k', count) == 2
    assert capsys.readouterr().err == (
        f'edgenext classify: --top-k must be at least 1, got {count}\n')


def test_classify_prints_errors_of_pictures_on_stderr(onnxruntime, tmp_path, capsys):
    (tmp_path / 'torn.jpg').write_bytes(b'torn')
    assert call(PICTURE, tmp_path / 'torn.jpg', '--runtime', 'onnx') == 1
    out, error = capsys.readouterr()
    assert error.startswith(f'{tmp_path}/torn.jpg: ') and error.count('\n') == 1
    assert f'{PICTURE}: Faces_easy ' in out and f'{tmp_path}/torn.jpg: ' not in out


def test_classify_without_labels_warns_once(onnxruntime, tmp_path, capsys):
    model = tmp_path / 'copy.onnx'
    shutil.copy(ONNX, model)
    assert call(PICTURE, PICTURE, '--model', model, '--runtime', 'onnx') == 0
    out, error = capsys.readouterr()
    assert error == (f'no labels beside {model} (looked for copy.labels.txt, copy.labels.json): '
                     'names are class indices\n')
    face = locate('demo').labels.read_text().splitlines().index('Faces_easy')
    assert out.count(f'{PICTURE}: {face} ') == 2
    shutil.copy(locate('demo').labels, tmp_path / 'copy.labels.txt')
    assert call(PICTURE, '--model', model, '--runtime', 'onnx') == 0
    assert not capsys.readouterr().err


def test_classify_notes_12_bit_values_in_a_16_bit_png(onnxruntime, photograph, tmp_path, capsys):
    picture, figures = tmp_path / 'dark.png', tmp_path / 'figures.json'
    cv2.imwrite(str(picture), photograph.astype(np.uint16) * 16)
    assert call(picture, '--runtime', 'onnx', '--json', figures) == 0
    (row,) = json.loads(figures.read_text())
    assert '16-bit values stay below 4096' in row['note']
    assert capsys.readouterr().err == f'{picture}: {row["note"]}\n'
