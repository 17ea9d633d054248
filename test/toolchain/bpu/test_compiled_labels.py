# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Labels of the weights are copied to where the node looks for those of the result."""

import json
import shutil

from edgenext_ros.models.store import locate, read_labels
from helpers.fake_mapper import compile_demo, ONNX
import pytest


@pytest.fixture
def labelled(tmp_path):
    """Return a function that copies the model, and writes labels beside it."""
    def make(suffix, names):
        model = shutil.copy(ONNX, tmp_path / 'own.onnx')
        text = json.dumps(names) if suffix == '.json' else '\n'.join(names)
        (tmp_path / f'own.labels{suffix}').write_text(text)
        return model
    return make


NAMES = [f'part {index}' for index in range(100)]


@pytest.mark.parametrize('suffix', ['.txt', '.json'])
def test_compile_copies_labels_beside_the_result(fake_tools, labelled, tmp_path, capsys, suffix):
    fake_tools()
    output = tmp_path / 'new' / 'mine.bin'
    assert compile_demo(output, model=labelled(suffix, NAMES)) == 0
    found = locate(str(output)).labels
    assert found == output.with_name(f'mine.labels{suffix}')
    assert read_labels(found).names == tuple(NAMES)
    assert f'labels of {tmp_path}/own.labels{suffix} copied to {found.name}\n' \
        in capsys.readouterr().out


def test_compile_keeps_labels_beside_the_result(fake_tools, labelled, tmp_path, capsys):
    fake_tools()
    model, own = labelled('.json', NAMES), tmp_path / 'mine.labels.txt'
    own.write_text('mine')
    assert compile_demo(tmp_path / 'mine.bin', model=model) == 0
    assert own.read_text() == 'mine' and not own.with_suffix('.json').exists()
    assert f'{own} stays as it is; {tmp_path}/own.labels.json has other labels' \
        in capsys.readouterr().out


def test_compile_copies_no_labels_of_another_number(fake_tools, labelled, tmp_path, capsys):
    fake_tools()
    assert compile_demo(tmp_path / 'mine.bin', model=labelled('.txt', NAMES[1:])) == 0
    assert locate(str(tmp_path / 'mine.bin')).labels is None
    assert 'no labels beside mine.bin: ' in capsys.readouterr().out
