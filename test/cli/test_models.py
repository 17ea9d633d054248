# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The verb "models info": what a .bin holds, for people and for programs."""

import json

from bin_writer import container, node
from edgenext_ros.cli import main
import numpy as np
import pytest


@pytest.fixture
def model(tmp_path):
    path = tmp_path / 'model.bin'
    path.write_bytes(container(
        name='own', nodes=[node('BPU', ['image'], ['raw']),
                           node('Dequantize', ['raw', 'scale'], ['logits'])],
        scales=np.linspace(0.25, 0.5, 10, dtype=np.float32).tobytes(),
        metadata={'MARCH': 'bayes-e', 'NODE_INFO': 'x' * 1000, 'DEBUG': ''}))
    return path


def test_info(model, tmp_path, capsys):
    assert main(['models', 'info', str(model), '--json', str(tmp_path / 'facts.json')]) == 0
    shown = capsys.readouterr().out
    for words in ('own', 'bayes-e', 'type nv12, width 32, height 16', '10 of 0.25 to 0.5',
                  'BPU, Dequantize', 'estimated us 1234', 'hbdk 3.49.15'):
        assert words in shown
    assert 'DEBUG' not in shown and max(map(len, shown.splitlines())) < 200
    facts = json.loads((tmp_path / 'facts.json').read_text())
    assert facts['output']['shape'] == [1, 10] and facts['output']['scales'][0] == 0.25
    assert facts['metadata']['NODE_INFO'] == 'x' * 1000


@pytest.mark.parametrize('arguments, code, words', [
    (['info'], 2, 'expects a model name'), (['path'], 2, 'expects a model name'),
    (['info', 'no_such'], 1, "model 'no_such': not a file"),
    (['info', __file__], 1, 'expected a .bin compiled by hb_mapper')])
def test_what_cannot_be_shown(arguments, code, words, capsys):
    assert main(['models', *arguments]) == code
    assert words in capsys.readouterr().err
