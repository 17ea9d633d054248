# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The commands that ``edgenext train`` prints at its end."""

from pathlib import Path
import shlex

from edgenext_ros.cli.train import _next_commands
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
    classify, ros, build = map(shlex.split, _next_commands(onnx).splitlines())
    model = ros[-1].removeprefix('model:=')
    assert '..' not in model and Path(model).is_absolute() and Path(model).samefile(onnx)
    assert classify[-2:] == [str(onnx), 'PICTURE']
    assert build[-5:] == [str(onnx), '--output', str(onnx.with_suffix('.bin')), '--calibration',
                          f'{onnx.parent}/pictures/training']
