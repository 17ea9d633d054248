# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""No verb runs code from a model file: a pickle that would create a file does not."""

import ast
import os
from pathlib import Path
import pickle
import shutil
import subprocess
import sys
import zipfile

import edgenext_ros
from edgenext_ros.cli import main
from edgenext_ros.models.store import resource_folder
import pytest

PACKAGE = Path(edgenext_ros.__file__).parent
PICTURES = resource_folder() / 'pictures'
LOADERS = ('torch.load', 'torch.jit.load', 'torch.hub.load', 'pickle.load', 'pickle.loads',
           'pickle.Unpickler', 'joblib.load', 'dill.load', 'cloudpickle.load', 'marshal.loads',
           'yaml.load', 'numpy.load(allow_pickle)')


class Evil:
    """Its pickle creates a file when it is loaded."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return os.system, (f'touch {self.mark}',)


@pytest.fixture
def evil(tmp_path):
    """Return a function that writes such a pickle: plain, or as a PyTorch checkpoint."""
    def make(name, form):
        data = pickle.dumps({'state_dict': {'stem.0.weight': Evil(tmp_path / 'mark')}}, 2)
        if form == 'zip':
            with zipfile.ZipFile(tmp_path / name, 'w') as archive:
                archive.writestr('archive/data.pkl', data)
                archive.writestr('archive/version', '3\n')
        else:
            (tmp_path / name).write_bytes(data)
        return tmp_path / name
    return make


def verbs(model, folder):
    """Return the commands that take a model or weights."""
    return {
        'compile': ('compile', model, '--calibration', PICTURES, '--output', folder / 'out.bin'),
        'train': ('train', folder / 'data', '--output', folder / 'own', '--weights', model,
                  '--views', '0'),
        'classify': ('classify', PICTURES / 'coffee.jpg', '--model', model),
        'evaluate': ('evaluate', model, '--data', folder / 'data'),
        'verify': ('verify', model, '--against', model, '--pictures', PICTURES),
        'verify --quantised': ('verify', model, '--against', model, '--pictures', PICTURES,
                               '--quantised', model),
        'models info': ('models', 'info', model),
    }


@pytest.mark.timeout(300)
@pytest.mark.parametrize('form', ['plain', 'zip'])
@pytest.mark.parametrize('verb', ['compile', 'train'])
def test_verbs_that_read_weights_run_no_code(toolchain, class_folders, tmp_path, evil, verb, form):
    model = evil('model.pt', form)
    for number in range(12):
        for folder in class_folders.iterdir():
            shutil.copy(PICTURES / 'coffee.jpg', folder / f'{number}.jpg')
    done = subprocess.run(
        [sys.executable, '-m', 'edgenext_ros.cli', *map(str, verbs(model, tmp_path)[verb])],
        cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert 'stem.0.weight is stored as posix.system, expected plain float32' in done.stderr
    assert done.stderr.count('\n') == 1
    assert not (tmp_path / 'mark').exists()


@pytest.mark.parametrize('form', ['plain', 'zip'])
@pytest.mark.parametrize('suffix', ['.pt', '.bin', '.onnx'])
@pytest.mark.parametrize('verb', ['classify', 'evaluate', 'verify', 'verify --quantised',
                                  'models info'])
def test_verbs_that_take_a_model_run_no_code(class_folders, tmp_path, evil, capsys, verb, suffix,
                                             form):
    model = evil(f'model{suffix}', form)
    assert main([*map(str, verbs(model, class_folders.parent)[verb])]) in (1, 2)
    assert capsys.readouterr().err.count('\n') == 1
    assert not (tmp_path / 'mark').exists()


@pytest.mark.parametrize('form', ['plain', 'zip'])
def test_training_checkpoint_runs_no_code(toolchain, class_folders, tmp_path, evil, form):
    own = tmp_path / 'own'
    own.mkdir()
    evil('checkpoint.safetensors', form).rename(own / 'checkpoint.safetensors')
    done = subprocess.run(
        [sys.executable, '-m', 'edgenext_ros.cli', 'train', str(class_folders), '--output',
         str(own), '--weights', 'random', '--views', '0', '--schedule', '64x1', '--test', '0.3',
         '--validation', '0'], capture_output=True, text=True, check=False)
    assert done.returncode and 'Traceback' not in done.stderr, done.stderr
    assert not (tmp_path / 'mark').exists()


def calls(file):
    """Yield the dotted names of the functions that a file calls."""
    for part in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
        if isinstance(part, ast.Call):
            dotted = ast.unparse(part.func)
            yield dotted
            if any(word.arg == 'allow_pickle' for word in part.keywords):
                yield 'numpy.load(allow_pickle)'


def test_package_calls_no_unpickling_function():
    found = [f'{file.relative_to(PACKAGE)}: {name}' for file in sorted(PACKAGE.rglob('*.py'))
             for name in calls(file) if name in LOADERS]
    assert found == []
