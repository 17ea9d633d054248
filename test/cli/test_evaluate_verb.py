# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The verb evaluate: tables, files, exit codes, progress and errors."""

import json
from pathlib import Path
import shutil
import signal
import subprocess
import sys
import time

from edgenext_ros.cli import main, progress
from edgenext_ros.models.store import locate, resource_folder
from edgenext_ros.toolchain.evaluation import metrics
from edgenext_ros.toolchain.progress import duration
import pytest

pytestmark = pytest.mark.slow

PICTURES = resource_folder() / 'pictures'
ONNX = locate('demo', suffixes=('.onnx',)).path
LABELS = resource_folder() / 'labels' / 'imagenet_1k.txt'


@pytest.fixture(autouse=True)
def cache(own_cache, onnxruntime):
    return own_cache


@pytest.fixture
def data(class_folders):
    return class_folders


def call(*arguments):
    return main(['evaluate', *map(str, arguments)])


def partials(cache):
    return list((cache / 'edgenext_ros' / 'evaluations').glob('*'))


def test_evaluate_writes_table_figures_and_page(data, cache, tmp_path, capsys):
    pytest.importorskip('matplotlib')
    (data / 'cup' / 'broken.jpg').write_bytes(b'no picture')
    figures, page = tmp_path / 'figures.json', tmp_path / 'page.html'
    assert call('demo', '--runtime', 'onnx', '--data', data, '--json', figures,
                '--html', page) == 0
    out, error = capsys.readouterr()
    found = json.loads(figures.read_text())
    assert f'{found["top1"]:.1f} ({found["top1_interval"][0]:.1f} to ' in out
    assert '4 pictures of 3 classes' in out and '1 skipped' in out and 'cup/broken.jpg' in out
    assert found['sha256'] in out and found['sha256'] in page.read_text()
    assert found['pictures'] == 4 and found['fit'] == 'crop'
    assert found['interpolation'] == 'node' and found['model'] == str(ONNX)
    assert '5/5 pictures, took' in error
    assert not partials(cache)


def test_evaluate_compares_fits_and_interpolations(data, tmp_path, capsys):
    figures = tmp_path / 'figures.json'
    assert call('--data', data, '--fit', 'all', '--interpolation', 'node', 'area', 'node',
                '--count', 2, '--runtime', 'onnx', '--json', figures) == 0
    found = json.loads(figures.read_text())
    assert [(f['fit'], f['interpolation']) for f in (found, *found['others'])] == [
        (fit, way) for fit in ('stretch', 'letterbox', 'crop') for way in ('node', 'area')]
    assert len(found['comparisons']) == 5
    assert '2 evenly chosen from 4' in capsys.readouterr().out


@pytest.mark.parametrize('arguments', [
    ['demo', '--compare', 'copy'], ['--compare', 'demo', 'copy'], ['--compare', 'copy']])
def test_evaluate_compares_two_models(data, tmp_path, capsys, arguments):
    copy = tmp_path / 'copy.onnx'
    shutil.copy(ONNX, copy)
    assert call(*[copy if a == 'copy' else a for a in arguments], '--data', data,
                '--runtime', 'onnx') == 0
    out = capsys.readouterr().out
    assert 'copy.onnx, crop  demo.onnx, crop  100.0 (51.0 to 100.0)' in out


def test_evaluate_refuses_to_compare_models_with_other_classes(data, tmp_path, capsys):
    copy = tmp_path / 'copy.onnx'
    shutil.copy(ONNX, copy)
    copy.with_suffix('.labels.txt').write_text('\n'.join(map(str, range(100))))
    assert call('demo', '--compare', copy, '--data', data, '--runtime', 'onnx') == 1
    error = capsys.readouterr().err
    assert 'expected the 100 classes of demo.onnx in the same order' in error
    assert error.count('\n') == 1


def test_evaluate_without_labels_warns_once(data, tmp_path, capsys):
    copy = tmp_path / 'copy.onnx'
    shutil.copy(ONNX, copy)
    (data / 'Faces_easy').rename(data / '0')
    shutil.rmtree(data / 'cup')
    shutil.rmtree(data / 'camera')
    assert call(copy, '--compare', copy, '--data', data, '--runtime', 'onnx') == 0
    out, error = capsys.readouterr()
    assert error.count(f'no labels beside {copy} (looked for copy.labels.txt, copy.labels.json): '
                       'names are class indices\n') == 1
    assert '2 pictures of 1 classes' in out and 'top-5 %' in out


def test_evaluate_leaves_out_top_5_of_few_classes(data, capsys, monkeypatch):
    for classes, expected in ((99, True), (100, False)):
        monkeypatch.setattr(metrics, 'TOP', classes)
        assert call('--data', data, '--runtime', 'onnx') == 0
        assert ('top-5 %' in capsys.readouterr().out) == expected


def test_evaluate_held_back_uses_test_side_of_split(data, capsys):
    assert call('--data', data, '--held-back', '--runtime', 'onnx') == 0
    out = capsys.readouterr().out
    # At least one picture of each class.
    assert '3 pictures of 3 classes' in out and 'test side of the split' in out


@pytest.mark.parametrize('arguments,code,words', [
    (['none.onnx', '--data', PICTURES], 1, "model 'none.onnx': not a file"),
    (['--data', 'none'], 1, 'none: expected a folder of pictures, found nothing there'),
    (['--data', PICTURES], 1, 'name their classes with --truth FILE'),
    (['--data', PICTURES, '--truth', 'none.txt'], 1, 'none.txt: cannot be read'),
    (['--data', PICTURES, '--labels', LABELS], 1, 'expected 100 names, one'),
    (['--data', PICTURES, '--count', '0'], 2, '--count must be at least 1'),
    (['--data', PICTURES, '--html', 'none/x.html'], 1, 'none/x.html: expected a file to write'),
], ids=lambda value: ' '.join(map(str, value[-2:])) if isinstance(value, list) else '')
def test_evaluate_refuses_invalid_arguments_in_one_sentence(
        monkeypatch, capsys, arguments, code, words):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: True)
    assert call(*arguments, '--runtime', 'onnx') == code
    out, error = capsys.readouterr()
    assert out == '' and words in error and error.count('\n') == 1
    assert error.startswith('edgenext evaluate: ')


def test_evaluate_page_without_matplotlib_names_remedy(monkeypatch, data, capsys):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    assert call('--data', data, '--html', 'x.html') == 2
    assert 'pip install matplotlib' in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize('ending', [signal.SIGINT, signal.SIGKILL])
def test_interrupted_evaluation_resumes(data, cache, tmp_path, capsys, ending):
    for n in range(100):
        shutil.copy(PICTURES / 'coffee.jpg', data / 'cup' / f'{n:03}.jpg')
    command = [sys.executable, '-m', 'edgenext_ros.cli', 'evaluate', '--data', data,
               '--runtime', 'onnx']
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
                               text=True)
    deadline = time.monotonic() + 100
    while not any(file.stat().st_size for file in partials(cache)):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    process.send_signal(ending)
    _, error = process.communicate(timeout=100)
    assert process.returncode == (130 if ending == signal.SIGINT else -ending)
    assert ('the same command resumes from here' in error) == (ending == signal.SIGINT)

    figures = tmp_path / 'figures.json'
    assert call('--data', data, '--runtime', 'onnx', '--json', figures) == 0
    assert 'of 104 pictures of an interrupted evaluation' in capsys.readouterr().err
    resumed = json.loads(figures.read_text())
    assert not partials(cache)
    assert call('--data', data, '--runtime', 'onnx', '--json', figures) == 0
    uninterrupted = json.loads(figures.read_text())
    for key in ('top1', 'top5', 'ece', 'per_class', 'confusion', 'pictures'):
        assert resumed[key] == uninterrupted[key]


def test_evaluate_runs_in_simulator(toolchain, monkeypatch, data, tmp_path):
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(toolchain.folder))
    figures = tmp_path / 'figures.json'
    assert call('demo', '--runtime', 'simulator', '--data', data, '--count', 2,
                '--json', figures) == 0
    found = json.loads(figures.read_text())
    assert Path(found['model']).suffix == '.bin' and 'simulator' in found['runtime']
    assert found['pictures'] == 2


def steps(monkeypatch, capsys, *, terminal, calls):
    """Return what a meter prints for calls of (seconds, done) of 1000 pictures."""
    now = [0.0]
    monkeypatch.setattr(progress, 'monotonic', lambda: now[0])
    monkeypatch.setattr(sys.stderr, 'isatty', lambda: terminal, raising=False)
    meter = progress.PictureMeter('net')
    for now[0], done in calls:
        meter(done, 1000)
    return capsys.readouterr().err


def test_meter_in_a_log_prints_some_lines(monkeypatch, capsys):
    said = steps(monkeypatch, capsys, terminal=False, calls=[
        (0, 0), (1, 10), (2, 49), (3, 50), (4, 60), (9, 70), (9, 70), (20, 1000)])
    assert said.splitlines() == [
        'net: 50/1000 pictures, 57 s left', 'net: 70/1000 pictures, 2 min left',
        'net: 1000/1000 pictures, took 20 s']


def test_meter_on_a_terminal_rewrites_its_line(monkeypatch, capsys):
    said = steps(monkeypatch, capsys, terminal=True, calls=[(0, 500), (1, 510), (2, 1000)])
    first, rest = said.split('\n', 1)
    assert 'resumes after 500 of 1000 pictures' in first
    assert rest == ('\r\x1b[Knet: 510/1000 pictures, 49 s left'
                    '\r\x1b[Knet: 1000/1000 pictures, took 2 s\n')


@pytest.mark.parametrize('seconds,text', [
    (0.4, '0 s'), (99, '99 s'), (120, '2 min'), (5940, '99 min'), (9000, '2 h 30 min')])
def test_duration_chooses_the_unit(seconds, text):
    assert duration(seconds) == text
