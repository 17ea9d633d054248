# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The graph for the BPU computes what timm's network does; weights come from what holds them."""

import json
from pathlib import Path
import re
import subprocess

import edgenext_ros
from edgenext_ros.models.store import locate
import pytest

pytestmark = pytest.mark.timeout(400)  # four networks, on a busy machine


@pytest.fixture(scope='module')
def checks(toolchain, tmp_path_factory):
    """Run graph_checks.py once: PyTorch and timm are in the toolchain's Python only."""
    done = subprocess.run(
        [toolchain.python, '-I', Path(__file__).with_name('graph_checks.py'),
         Path(edgenext_ros.__file__).parent, tmp_path_factory.mktemp('weights'),
         locate('demo', suffixes=('.onnx',)).path],
        env=toolchain.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize('case', [
    'edgenext_xx_small 1000', 'edgenext_x_small 2', 'edgenext_small 1000', 'edgenext_base 1000'])
def test_logits_equal_those_of_timm(checks, case):
    found = checks['networks'][case]
    assert not found['dead branches']
    assert found['difference'] < 1e-4
    assert found['shape'] == [int(case.split()[1]), 1, 1]


@pytest.mark.parametrize('case', ['Norm 0', 'Norm 30', 'WideNorm 0', 'WideNorm 30'])
def test_layer_norm_with_what_is_folded(checks, case):
    assert checks['norms'][case] < 1e-4


@pytest.mark.parametrize('file', ['demo.onnx', 'plain.pt', 'trained.pt', 'weights.safetensors'])
def test_weights_are_read_from(checks, file):
    assert checks['files'][file] < 1e-4


@pytest.mark.parametrize('case,reason', [
    ('garbage', 'garbage.onnx: cannot be read as weights'),
    ('other', 'other.onnx: expected the weights of an EdgeNeXt'),
    ('incomplete', 'incomplete.pt: not an EdgeNeXt: .*head.fc.bias'),
    ('name', "model 'resnet18': expected edgenext_xx_small")])
def test_other_weights_are_refused_in_one_sentence(checks, case, reason):

    text = checks['refusals'][case]
    assert re.search(reason, text)
    assert '\n' not in text
