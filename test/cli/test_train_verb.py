# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The commands that train prints at its end."""

from pathlib import Path
import re

import edgenext_ros
from edgenext_ros.cli.train import next_commands
import pytest


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
