# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Every verb reads the same pictures of a folder, and reports the same files as left out."""

import json
import os
import subprocess
import sys

from edgenext_ros.cli import main
from edgenext_ros.models.store import locate
from edgenext_ros.toolchain import nv12_pictures
from edgenext_ros.toolchain.class_folders import TEST_FRACTION
from edgenext_ros.toolchain.evaluation import labelled_pictures, verify as verify_module
from edgenext_ros.toolchain.training import photographs
from helpers import hostile_folder
from helpers.hostile_folder import LINE, REASONS, TAKEN
import numpy as np
import pytest

pytestmark = pytest.mark.slow

ONNX, BIN = (locate('demo', suffixes=(suffix,)).path for suffix in ('.onnx', '.bin'))


@pytest.fixture(autouse=True)
def cache(own_cache):
    return own_cache


@pytest.fixture
def folder(tmp_path):
    return hostile_folder.make(tmp_path / 'data')


@pytest.fixture
def labels(tmp_path):
    """Write labels for the bundled model, two of them the folder's classes."""
    path = tmp_path / 'labels.txt'
    path.write_text('\n'.join(['cup', 'plant', *(f'other {n}' for n in range(98))]))
    return path


def counts(left_out):
    return {reason: found['count'] for reason, found in left_out['reasons'].items()}


def call(*arguments, figures):
    code = main([*map(str, arguments), '--json', str(figures)])
    return code, json.loads(figures.read_text())


def test_classify_reads_the_folder(folder, tmp_path, capsys):
    code, rows = call('classify', folder, '--runtime', 'onnx', figures=tmp_path / 'x.json')
    assert code == 1 and capsys.readouterr().out.splitlines()[-1] == LINE
    assert [row['picture'] for row in rows if 'results' in row] == [
        str(folder / file) for file in sorted(TAKEN)]
    reasons = [row['left_out'] for row in rows if 'left_out' in row]
    assert {reason: reasons.count(reason) for reason in reasons} == REASONS
    same = [row['results'] for row in rows
            if row['picture'].endswith(('/a.JPG', '/b.jfif', '/bare', 'plant/g.jpg'))]
    assert len(same) == 4 and all(results == same[0] for results in same)


def test_classify_fails_when_a_picture_of_a_folder_cannot_be_read(folder, tmp_path):
    figures = tmp_path / 'x.json'
    for file in ('cup/cut.jpg', 'plant/text.jpg', 'cup/empty.png'):
        assert call('classify', folder, '--runtime', 'onnx', figures=figures)[0] == 1
        (folder / file).unlink()
    code, rows = call('classify', folder, '--runtime', 'onnx', figures=figures)
    assert code == 0 and sum('results' in row for row in rows) == len(TAKEN)
    assert {row['left_out'] for row in rows if 'left_out' in row} == {
        '.heic', '.gif', 'hidden', 'in a hidden folder'}


def test_classify_says_why_a_named_file_is_left_out(folder, tmp_path, capsys):
    code, rows = call('classify', folder / 'cup/a.JPG', folder / 'cup/1.heic',
                      '--runtime', 'onnx', figures=tmp_path / 'x.json')
    out, error = capsys.readouterr()
    assert code == 1
    assert '1.heic: expected a picture that every OpenCV reads, found HEIC; ' in error
    assert out.splitlines()[-1] == 'left out 1 of 2: 1 HEIC (1.heic)'
    assert [row.get('left_out') for row in rows] == [None, 'HEIC']


def test_evaluate_reads_the_folder(folder, labels, tmp_path, capsys):
    code, found = call('evaluate', 'demo', '--data', folder, '--labels', labels, '--runtime',
                       'onnx', figures=tmp_path / 'x.json')
    out = capsys.readouterr().out
    assert code == 0 and LINE in out.splitlines() and '8 pictures of 2 classes' in out
    assert counts(found['left_out']) == REASONS and found['pictures'] == len(TAKEN)


def test_training_and_evaluate_split_the_folder_alike(folder):
    found = photographs.read_folder(folder)
    assert tuple(found.files) == tuple(sorted(TAKEN)) and str(found.account) == LINE
    rest, test = photographs.split(found, fraction=TEST_FRACTION, seed=0)
    labels = labelled_pictures.LabelSet(('cup', 'plant'))
    for side, files in (('test', test.files), ('train', rest.files)):
        chosen = labelled_pictures.read(folder, labels, split=side)
        assert {*files} == {*chosen.files} & {*TAKEN}


def test_calibration_reads_the_folder(folder):
    found = nv12_pictures.read_folder(folder, limit=100, width=8, height=8, fit='stretch')
    assert sorted(str(file.relative_to(folder)) for file in found.files) == sorted(TAKEN)
    assert str(found.account) == LINE and len(found.pictures) == len(TAKEN)


def test_verify_reads_the_folder(folder, tmp_path, capsys, monkeypatch):
    opened = verify_module.open_model
    monkeypatch.setattr(verify_module, 'open_model',
                        lambda model, *, runtime: opened(ONNX, runtime='onnx'))
    code, rows = call('verify', BIN, '--against', ONNX, '--pictures', folder,
                      figures=tmp_path / 'x.json')
    assert code == 0 and LINE in capsys.readouterr().out.splitlines()
    assert rows[0]['pictures'] == len(TAKEN) and counts(rows[0]['left_out']) == REASONS


@pytest.mark.timeout(300)
def test_train_reads_the_folder(toolchain, folder, tmp_path, monkeypatch):
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(toolchain.folder))
    figures = tmp_path / 'x.json'
    done = subprocess.run(
        [sys.executable, '-m', 'edgenext_ros.cli', 'train', folder, '--output', tmp_path / 'own',
         '--schedule', '64x1', '--batch', '2', '--views', '0', '--validation', '0', '--threads',
         '1', '--json', figures], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert LINE in done.stdout and counts(json.loads(figures.read_text())['left_out']) == REASONS
    linked = {str(path.relative_to(tmp_path / 'own' / 'pictures').as_posix()).split('/', 1)[1]
              for path in (tmp_path / 'own' / 'pictures').rglob('*') if path.is_file()}
    assert linked == {*TAKEN}


@pytest.mark.timeout(600)
def test_compile_reads_the_folder(toolchain, folder, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(toolchain.folder))
    code, found = call('compile', ONNX, '--output', tmp_path / 'x.bin', '--calibration', folder,
                       figures=tmp_path / 'x.json')
    assert code == 0 and LINE in capsys.readouterr().out
    assert counts(found['left_out']) == REASONS
    recipe = json.loads((tmp_path / 'x.recipe.json').read_text())
    assert sorted(recipe['calibration_pictures']) == sorted(TAKEN)


@pytest.mark.slow
@pytest.mark.parametrize('verb', ['classify', 'evaluate'])
def test_verbs_print_file_names_of_any_bytes(tmp_path, labels, verb):
    """In a process of its own, where stdout refuses what it cannot encode."""
    (tmp_path / 'data' / 'cup').mkdir(parents=True)
    for name in (b'b\xff.jpg', b'two\nlines.jpg'):
        (tmp_path / 'data' / 'cup' / os.fsdecode(name)).write_bytes(hostile_folder.encoded('.jpg'))
    (tmp_path / 'data' / 'cup' / os.fsdecode(b'torn\xff.jpg')).write_bytes(b'torn')
    data = [tmp_path / 'data'] if verb == 'classify' else ['--data', tmp_path / 'data', '--html',
                                                           tmp_path / 'page.html']
    if verb == 'evaluate':
        pytest.importorskip('matplotlib')
    done = subprocess.run(
        [sys.executable, '-m', 'edgenext_ros.cli', verb, *data, '--labels', labels, '--runtime',
         'onnx', '--json', tmp_path / 'x.json'], capture_output=True, text=True)
    assert done.returncode == (verb == 'classify'), done.stderr
    assert 'left out 1 of 3: 1 damaged (cup/torn\\xff.jpg)' in done.stdout
    assert (tmp_path / 'x.json').read_text().isascii()


@pytest.mark.slow
@pytest.mark.parametrize('found', ['folder', 'pipe', 'socket', 'device'])
@pytest.mark.parametrize('arguments,words', [
    (['classify', ONNX, '--labels', '{}'], 'expected a file, found a '),
    (['classify', ONNX, '--model', '{}'], 'expected a model file, found a '),
    (['evaluate', '--data', '.', '--labels', '{}'], 'expected a file, found a '),
    (['evaluate', '--data', '.', '--truth', '{}'], 'expected a file, found a '),
    (['evaluate', '--data', '.', '--quantised', '{}'], 'expected a file, found a ')],
    ids=lambda value: ' '.join(map(str, value[::2])) if isinstance(value, list) else '')
def test_file_arguments_refuse_special_files(class_folders, special_files, monkeypatch, capsys,
                                             found, arguments, words):
    monkeypatch.chdir(class_folders)
    command = [str(part).format(special_files[found]) for part in arguments]
    assert main([*command, '--runtime', 'onnx']) == 1
    error = capsys.readouterr().err
    assert words in error and error.count('\n') == 1


def test_read_folder_refuses_a_class_of_damaged_pictures(folder):
    for file in ('plant/g.jpg', 'plant/bare'):
        (folder / file).write_bytes(hostile_folder.encoded('.jpg')[:1000])
    with pytest.raises(ValueError, match=r'found none that decodes \(left out .*3 damaged '
                                         r'\(plant/bare, plant/g.jpg, plant/text.jpg\)') as caught:
        photographs.read_folder(folder)
    assert str(caught.value).startswith(f'{folder / "plant"}: expected pictures')


@pytest.mark.parametrize('name', [b'b\xff', b'two\nlines', b' '],
                         ids=['bytes', 'newline', 'blank'])
def test_read_folder_refuses_class_names_that_labels_cannot_hold(folder, name):
    (folder / 'cup').rename(folder / os.fsdecode(name))
    with pytest.raises(ValueError, match='which no label file can hold'):
        photographs.read_folder(folder)


def test_read_folder_gives_the_pixels_of_opencv(tmp_path):
    import cv2
    for name in ('cup', 'plant'):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / 'a.jpg'), hostile_folder.noise(1, (400, 500, 3)))
    found = photographs.read_folder(tmp_path).images[0]
    image = cv2.imread(str(tmp_path / 'cup' / 'a.jpg'), cv2.IMREAD_COLOR)
    image = cv2.resize(image, None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    np.testing.assert_array_equal(found, cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
