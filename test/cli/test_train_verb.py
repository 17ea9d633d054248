# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The commands that ``edgenext train`` prints at its end."""

from pathlib import Path
import re
import shlex

import edgenext_ros
from edgenext_ros.cli.train import next_commands
import pytest


@pytest.mark.parametrize('output', ['own', '../own', './x/../own', 'my own', 'link/../own'])
def test_next_commands_name_existing_paths_without_dots(tmp_path, monkeypatch, output):
    for folder in ('work/x', 'work/own', 'work/my own', 'own', 'elsewhere/target',
                   'elsewhere/own'):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / 'work' / 'link').symlink_to('../elsewhere/target')
    monkeypatch.chdir(tmp_path / 'work')
    onnx = Path(output, 'model.onnx')
    onnx.touch()
    calibration = onnx.parent / 'pictures' / 'training'
    classify, ros, build = map(
        shlex.split, next_commands(onnx, calibration=calibration).splitlines()[:3])
    model = ros[-1].removeprefix('model:=')
    assert '..' not in model and Path(model).is_absolute() and Path(model).samefile(onnx)
    assert classify[-2:] == [str(onnx), 'PICTURE']
    assert build[-5:] == [str(onnx), '--output', str(onnx.with_suffix('.bin')), '--calibration',
                          f'{onnx.parent}/pictures/training']


@pytest.mark.parametrize('source_tree', [True, False])
def test_next_commands_name_dev_in_the_source_tree(tmp_path, monkeypatch, source_tree):
    (tmp_path / 'edgenext_ros').mkdir()
    if source_tree:
        (tmp_path / 'dev').touch()
    monkeypatch.setattr(edgenext_ros, '__file__', str(tmp_path / 'edgenext_ros' / '__init__.py'))
    said = next_commands(Path('/my models/cups.onnx'), calibration=Path('/my models/training'))
    assert "edgenext classify --model '/my models/cups.onnx' PICTURE\n" in said
    assert "--output '/my models/cups.bin' --calibration '/my models/training'" in said
    assert len(re.findall('^with ./dev   "./dev shell edgenext" for ', said,
                          re.MULTILINE)) == source_tree
