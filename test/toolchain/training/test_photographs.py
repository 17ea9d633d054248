# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Photographs: reading, augmentation, batches and the split."""

import subprocess
import sys

import cv2
from edgenext_ros.toolchain.class_folders import held_back
from edgenext_ros.toolchain.training import photographs
import numpy as np
import pytest


def test_read_folder_reduces_pictures_and_names_damaged_ones(tmp_path):
    picture = np.full((640, 960, 3), (10, 20, 200), np.uint8)
    for name in ('cup', 'plant'):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / 'a.png'), picture)
    (tmp_path / 'cup' / 'torn.jpg').write_bytes(b'torn')
    (tmp_path / 'cup' / 'notes.txt').touch()
    found = photographs.read_folder(tmp_path)
    assert found.files == ['cup/a.png', 'plant/a.png'] and found.names == ['cup', 'plant']
    assert found.targets.tolist() == [0, 1] and found.unreadable == ('cup/torn.jpg',)
    assert found.images[0].shape == (320, 480, 3)
    assert found.images[0][0, 0].tolist() == [200, 20, 10]


@pytest.mark.parametrize('size', [64, 96])
def test_random_crop_is_the_same_part_at_every_size(size):
    picture = np.zeros((100, 100, 3), np.uint8)
    picture[:, 50:] = 200
    for seed in range(20):
        small, large = (photographs.random_crop(picture, s, np.random.default_rng(seed)).mean()
                        for s in (size, 192))
        assert small == pytest.approx(large, abs=3)


def test_recolour_maps_equal_pixels_to_equal_pixels():
    picture = np.full((8, 8, 3), (30, 120, 220), np.uint8)
    picture[4:] = 90
    seen = set()
    for seed in range(50):
        found = photographs.recolour(picture, np.random.default_rng(seed))
        assert (found[:4] == found[0, 0]).all() and (found[4:] == found[4, 0]).all()
        seen.add('grey' if len(set(found[0, 0].tolist())) == 1 else 'colour')
    assert seen == {'grey', 'colour'}


def test_batches_hold_every_picture_once_and_repeat_for_an_epoch():
    def prepare(index):
        return np.full((2, 2, 3), index, np.uint8)

    epochs = [[(pictures[:, 0, 0, 0].tolist(), indices.tolist()) for pictures, indices in
               photographs.batches(10, prepare, batch=3, seed=0, epoch=epoch)]
              for epoch in (0, 0, 1)]
    assert epochs[0] == epochs[1] != epochs[2]
    seen = [index for _, indices in epochs[0] for index in indices]
    assert len(seen) == len(set(seen)) == 9
    assert all(pictures == indices for pictures, indices in epochs[0])


def test_held_back_depends_on_names_and_seed_only():
    files = [f'cup/image_{number:04}.jpg' for number in range(50)]
    kept = held_back(files, fraction=0.12, seed=0)
    assert len(kept) == 6
    assert held_back(files[::-1], fraction=0.12, seed=0) == kept
    assert held_back(files, fraction=0.12, seed=1) != kept
    assert len(held_back(files[:2], fraction=0.12, seed=0)) == 1
    assert len(held_back(files[:2], fraction=0.99, seed=0)) == 1


def test_split_keeps_sides_when_other_pictures_are_damaged(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
    data = cv2.imencode('.jpg', noise)[1].tobytes()
    for name in ('cup', 'plant'):
        (tmp_path / name).mkdir()
        for number in range(12):
            (tmp_path / name / f'{number}.jpg').write_bytes(data)
    before = [set(side.files) for side in photographs.split(
        photographs.read_folder(tmp_path), fraction=0.25, seed=0)]
    cut = [f'cup/{number}.jpg' for number in range(6)]
    for file in cut:
        (tmp_path / file).write_bytes(data[:len(data) // 2])
    found = photographs.read_folder(tmp_path)
    assert found.unreadable == tuple(cut)
    assert str(found.account) == 'left out 6 of 24: 6 damaged (cup/0.jpg, cup/1.jpg, cup/2.jpg ' \
        'and 3 more)'
    after = [set(side.files) for side in photographs.split(found, fraction=0.25, seed=0)]
    assert after == [side - set(cut) for side in before]


def test_read_folder_leaves_out_pictures_outside_class_folders(tmp_path):
    for file in ('cup/a.png', 'plant/deep/b.png', 'preview.png'):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / file), np.zeros((8, 8, 3), np.uint8))
    found = photographs.read_folder(tmp_path)
    assert found.files == ['cup/a.png', 'plant/deep/b.png']
    assert str(found.account) == (
        'left out 1 of 3: 1 outside of the class folders (preview.png)')


@pytest.mark.parametrize('files,words', [
    (['train/cup/a.jpg', 'train/pot/a.jpg', 'val/cup/b.jpg'], 'inside; give {}/train'),
    (['photos/cup/a.jpg', 'photos/pot/a.jpg'], 'found photos; give {}/photos')])
def test_read_folder_names_class_folders_one_level_down(tmp_path, files, words):
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    with pytest.raises(ValueError) as caught:
        photographs.read_folder(tmp_path)
    assert str(caught.value).endswith(words.format(tmp_path))


def split(*arguments):
    return subprocess.run([sys.executable, '-m', 'edgenext_ros.toolchain.class_folders',
                           *map(str, arguments)], capture_output=True, text=True)


def test_class_folders_command_links_the_split_and_replaces_links(tmp_path):
    (tmp_path / 'data' / 'cup').mkdir(parents=True)
    for number in range(10):
        (tmp_path / 'data' / 'cup' / f'{number}.jpg').touch()
    for _ in range(2):
        done = split(tmp_path / 'data', '--output', tmp_path / 'out')
        assert done.returncode == 0, done.stderr
        assert '9 pictures in' in done.stdout and '/out/train, 1 in' in done.stdout
    assert len(list((tmp_path / 'out').rglob('*.jpg'))) == 10
    (tmp_path / 'data' / 'cup').rename(tmp_path / 'data' / 'mug')
    assert split(tmp_path / 'data', '--output', tmp_path / 'out').returncode == 0
    links = list((tmp_path / 'out').rglob('*.jpg'))
    assert len(links) == 10 and {path.parent.name for path in links} == {'mug'}
    (tmp_path / 'out' / 'own.jpg').touch()
    done = split(tmp_path / 'data', '--output', tmp_path / 'out')
    assert done.returncode == 1 and 'out/own.jpg: expected only links in ' in done.stderr


@pytest.mark.parametrize('arguments, code, words', [
    (('none',), 1, 'none: expected a folder with one folder of pictures per class'),
    (('.', '--test-fraction', '5'), 2, 'must be between 0 and 1, got 5.0')])
def test_class_folders_command_refuses_invalid_arguments(
        tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    done = split(*arguments, '--output', 'out')
    assert done.returncode == code and words in done.stderr and 'Traceback' not in done.stderr
    assert not list(tmp_path.iterdir())
