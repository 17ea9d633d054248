# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Weights in the formats that users have: values, notes and errors."""

import json
from pathlib import Path
import re
import subprocess

import edgenext_ros
import pytest

pytestmark = pytest.mark.timeout(600)  # many networks, on a busy machine


@pytest.fixture(scope='module')
def checks(toolchain, tmp_path_factory):
    """Run weights_checks.py once, in the toolchain's Python, which has PyTorch and timm."""
    folder = tmp_path_factory.mktemp('weights')
    done = subprocess.run(
        [toolchain.python, '-I', Path(__file__).with_name('weights_checks.py'),
         Path(edgenext_ros.__file__).parent, folder],
        env=toolchain.environment() | {'HF_HUB_OFFLINE': '1', 'XDG_CACHE_HOME': str(folder)},
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize('file,note', [
    ('plain.pth', ''), ('numpy.pkl', ''), ('parameters.pt', ''), ('pytorch_model.bin', ''),
    ('module.pt', ''), ('traced.pt', ''),
    ('model_best.pth.tar', "from 'state_dict_ema': the average (EMA); not taken: 'state_dict'"),
    ('torchvision.pth',
     "from 'model_ema', prefix 'module.' taken off: the average (EMA); not taken: 'model'"),
    ('ddp.pt', "from 'model_state_dict', prefix 'module.' taken off"),
    ('compiled', "from 'model', prefix '_orig_mod.' taken off"),
    ('lightning.ckpt', "from 'state_dict', prefix 'model.' taken off"),
    ('legacy.pt', "from 'state_dict'"), ('pickled.pkl', "from 'net'"),
    ('module_legacy.pt', "from 'model', prefix 'module.' taken off"),
    ('weights.safetensors', "from the file itself, prefix 'model.' taken off"),
    ('paper.pth', "names of the paper's repository"),
    ('softmax.onnx', 'the Softmax at its end is left off'),
    ('224.onnx', ''), ('256.onnx', ''), ('modern.onnx', ''), ('nameless.onnx', ''),
])
def test_load_reads_exact_values_and_notes_its_choice(checks, file, note):
    found = checks['files'][file]
    assert found.get('difference') == 0, found
    assert note in '; '.join(found['notes'])
    assert bool(found['notes']) == bool(note)


@pytest.mark.parametrize('file,note,most', [
    ('half.pt', 'the float16 weights are taken as float32', 2e-3),
    ('half.onnx', 'the float16 weights are taken as float32', 2e-3),
    ('bfloat16.pt', 'the bfloat16 weights are taken as float32', 2e-2)])
def test_load_converts_16_bit_weights_to_float32(checks, file, note, most):
    found = checks['files'][file]
    assert 0 < found['difference'] < most
    assert found['notes'] == [note]


def test_load_recovers_a_folded_position_encoding(checks):
    """The projection differs, the encoding does not; ``check`` has compared the logits."""
    assert checks['files']['simple.onnx']['notes'] == []


@pytest.mark.parametrize('file,words', [
    ('rw.pt', "holds timm's edgenext_small_rw, whose stem"),
    ('rw.onnx', "holds timm's edgenext_small_rw"), ('headless.onnx', 'has no classifier head'),
    ('headless.pt', r'has no classifier head \(head.fc.weight\): it was made with num_classes=0'),
    ('quantised.pt', 'head.fc.weight is stored as torch._utils._rebuild_qtensor'),
    ('integer.pt', 'head.fc.weight is stored as int64'),
    ('shape.pt', r'head.norm.weight has the shape \(5,\), expected \(168,\)'),
    ('more.pt', 'with another stages.0.blocks.9.gamma'),
    ('batch_norm.pt', 'with another stem.1.running_mean'),
    ('nan.pt', 'head.fc.bias has values that are not finite'),
    ('two.pt', "found 2: 'student'; 'teacher'"),
    ('half_file.pt', 'damaged zip archive'),
    ('other_network.onnx', 'not an EdgeNeXt|differs from the graph'),
    ('other_norm.onnx', 'of what changes in them from picture to picture'),
    ('lost.onnx', 'its weights are in gone.data, which is not beside it; copy both'),
    ('outside.onnx', "refers to '../modern.onnx.data' for its weights; only a file in its own"),
    ('absolute.onnx', 'only a file in its own folder'),
    ('passwd.onnx', 'only a file in its own folder'),
    ('short.onnx', r'modern.onnx.part has \d+ bytes, expected \d+ for')])
def test_load_refuses_unusable_weights_in_one_line(checks, file, words):
    said = checks['files'][file]['refused']
    assert re.search(words, said)
    assert '\n' not in said and file in said and len(said) < 400


def test_load_names_the_unsupported_timm_variant(checks):
    assert "timm's edgenext_small_rw has another stem" in \
        checks['names']['edgenext_small_rw']['refused']
    assert 'small_rw' not in checks['names']['resnet18']['refused']


@pytest.mark.parametrize('case,picture,words', [
    ('256.onnx None', [256, 256], '256x256, the size of the file'),
    ('256.onnx (224, 320)', [224, 320], '320x224, as --size says; the file is for 256x256'),
    ('224.onnx None', [224, 224], ''), ('plain.pth None', [224, 224], ''),
    ('plain.pth (256, 256)', [256, 256], '')],
    ids=['of the file', 'another', 'usual', 'of a checkpoint', 'asked for'])
def test_prepare_takes_size_from_option_or_file(checks, case, picture, words):
    found = checks['sizes'][case]
    assert found['picture'] == found['graph'] == picture
    assert words in ' '.join(found['notes']) and bool(found['notes']) == bool(words)


def test_prepare_refuses_a_size_that_is_no_multiple_of_32(checks):
    assert 'expected sides from 64 to 1024 in steps of 32' in \
        checks['sizes']['plain.pth (250, 250)']['refused']
