# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The BPU graph computes the same as timm's network; weights are read from every format."""

import json
from pathlib import Path
import re
import subprocess

import edgenext_ros
from edgenext_ros.models.store import locate, resource_folder
from edgenext_ros.toolchain.bpu.compile import CompileJob, fingerprint
from edgenext_ros.toolchain.bpu.recipe import RECIPES
import pytest

pytestmark = pytest.mark.timeout(400)  # four networks, on a busy machine


@pytest.fixture(scope='module')
def checks(toolchain, tmp_path_factory):
    """Run graph_checks.py once, in the toolchain's Python, which has PyTorch and timm."""
    folder = tmp_path_factory.mktemp('weights')
    offline = {'HF_HUB_OFFLINE': '1', 'HF_HOME': str(folder), 'XDG_CACHE_HOME': str(folder)}
    done = subprocess.run(
        [toolchain.python, '-I', Path(__file__).with_name('graph_checks.py'),
         Path(edgenext_ros.__file__).parent, folder,
         locate('demo', suffixes=('.onnx',)).path],
        env=toolchain.environment() | offline, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize('case', [
    'edgenext_xx_small 1000', 'edgenext_x_small 2', 'edgenext_small 1000', 'edgenext_base 1000'])
def test_bpu_graph_gives_the_logits_of_timm(checks, case):
    found = checks['networks'][case]
    assert not found['dead branches']
    assert found['difference'] < 1e-4
    assert found['shape'] == [int(case.split()[1]), 1, 1]


@pytest.mark.parametrize('channels', [160, 168], ids='{} channels'.format)
@pytest.mark.parametrize('form', ['Norm', 'WideNorm'])
def test_layer_norm_folded_into_the_next_layer_is_exact(checks, form, channels):
    """168 is not a multiple of the lanes, and its second case depends on eps."""
    cases = {160: ['0 1'], 168: ['30 1', '0 0.001']}[channels]
    for case in cases:
        assert checks['norms'][f'{form} {channels} {case}'] < 1e-4, case


@pytest.mark.parametrize('case,scales_pixels', [
    ('32 7 1 1', True), ('32 7 2 1', True), ('32 10 1 1', True), ('32 12 1 1', False),
    ('32 12 2 1', False), ('8 6 2 1', False), ('32 7 1 -1', True), ('32 12 1 -1', False)],
    ids=['49 pixels', '49 pixels, 2 groups', '100 pixels', '144 pixels', '144 pixels, 2 groups',
         '36 pixels, 2 groups', '49 pixels, negative temperature',
         '144 pixels, negative temperature'])
def test_attention_equals_that_of_timm(checks, case, scales_pixels):
    found = checks['attention'][case]
    assert found['difference'] < 1e-4
    assert (found['scales pixels'], found['groups']) == (scales_pixels, int(case.split()[2]))


@pytest.mark.parametrize('case', ['48 2', '88 3', '160 4', '168 5'])
def test_scales_equal_the_split_of_timm(checks, case):
    assert checks['scales'][case] < 1e-5


def test_precise_recipe_chooses_every_norm_and_sum(checks):
    kinds, norms = checks['int16']['kinds'], checks['int16']['norms']
    assert norms == 20
    assert [kinds[kind] for kind in ('Pow', 'Sqrt', 'Div')] == [norms] * 3
    assert kinds['Add'] == 12 + 3 + 1  # blocks, attentions, position encoding
    assert set(kinds) == {'Conv', 'Pow', 'Sqrt', 'Div', 'Add'}


def test_prepare_warns_of_a_temperature_too_large_for_int8(checks):
    (note,), nothing = checks['hot']
    assert '9.5' in note and '--recipe published' in note and nothing == []


def _runs(toolchain, settings):
    return not subprocess.run(
        [toolchain.python, '-c',
         'import torch; a = torch.rand(64, 64, dtype=torch.float64); a @ a'],
        env={**toolchain.environment(), **settings}, check=False).returncode


def test_fingerprint_is_the_same_on_another_processor(toolchain, monkeypatch):
    """One thread and the code paths for older processors simulate another machine."""
    job = CompileJob(str(locate('demo', suffixes=('.onnx',)).path), RECIPES['fast'], None,
                     resource_folder() / 'pictures', count=1)
    graphs, others = [], [{}, {'OMP_NUM_THREADS': '1', 'MKL_CBWR': 'COMPATIBLE',
                               'ATEN_CPU_CAPABILITY': 'default'}, {'MKL_CBWR': 'AVX2'}]
    if not _runs(toolchain, others[-1]):  # MKL takes this setting on Intel's processors only
        others[-1] = {'ATEN_CPU_CAPABILITY': 'avx2'}
    for settings in others:
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        graphs.append(fingerprint(job))
        monkeypatch.undo()
    assert graphs[0] == graphs[1] == graphs[2]


@pytest.mark.parametrize('file', ['demo.onnx', 'plain.pt', 'trained.pt', 'weights.safetensors'])
def test_load_reads_every_format(checks, file):
    assert checks['files'][file] < 1e-4


@pytest.mark.parametrize('case,reason', [
    ('garbage', 'garbage.onnx: cannot be read as weights'),
    ('checkpoint', 'garbage.pt: cannot be read as weights: it is not a PyTorch checkpoint'),
    ('other', 'other.onnx: expected the weights of an EdgeNeXt'),
    ('incomplete', 'incomplete.pt: not an EdgeNeXt: .*head.fc.bias'),
    ('width', 'width.pt: not an EdgeNeXt: .*found one with 40 channels'),
    ('offline', 'edgenext_small: .*cannot be fetched from .*; give the path'),
    ('tag', 'edgenext_small.usi_in1k: .*cannot be fetched from .*; give the path'),
    ('name', "model 'resnet18': expected edgenext_xx_small")])
def test_load_refuses_other_weights_in_one_line(checks, case, reason):
    text = checks['refusals'][case]
    assert re.search(reason, text)
    assert '\n' not in text
