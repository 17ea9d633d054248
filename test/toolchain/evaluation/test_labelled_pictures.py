# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Labelled pictures in folders and listings, and the ways to resize them."""

from edgenext_ros.choices import FITS, INTERPOLATIONS, NODE
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.models.store import read_labels, resource_folder
from edgenext_ros.toolchain.class_folders import held_back, TEST_FRACTION
from edgenext_ros.toolchain.evaluation import labelled_pictures
from edgenext_ros.toolchain.evaluation.resampling import View
import numpy as np
import pytest

LABELS = LabelSet(('Faces_easy', 'cup', 'camera'))
IMAGENET = read_labels(resource_folder() / 'labels' / 'imagenet_1k.txt')
FILES = ('Faces_easy/astronaut.jpg', 'Faces_easy/grace_hopper.jpg', 'camera/camera.jpg',
         'cup/coffee.jpg')


def touch(folder, *files):
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        (folder / file).touch()
    return folder


@pytest.fixture
def folder(tmp_path):
    """Make class folders with empty files."""
    return touch(tmp_path / 'data', *FILES)


def test_read_takes_classes_from_folders(folder):
    found = labelled_pictures.read(folder, LABELS)
    assert found.files == FILES
    np.testing.assert_array_equal(found.truth, [0, 0, 2, 1])


@pytest.mark.parametrize('name,class_id', [
    ('n01440764', 0), ('tench', 0), ('Tench', 0), ('tench, Tinca tinca', 0),
    ('great_white_shark', 2), ('maillot', 638),
    ('n03126707', IMAGENET.synsets.index('n03126707'))])
def test_read_finds_class_by_synset_or_name(tmp_path, name, class_id):
    found = labelled_pictures.read(touch(tmp_path, f'{name}/a/b.JPEG', '.hidden/x.jpg'), IMAGENET)
    assert found.files == (f'{name}/a/b.JPEG',)
    assert found.truth.tolist() == [class_id]


@pytest.mark.parametrize('folders', [('0 cup', '1 camera'), ('cup', 'camera')], ids=str)
def test_read_finds_class_by_label_line_with_index(tmp_path, folders):
    labels = LabelSet.parse('0 cup\n1 camera\n')
    found = labelled_pictures.read(touch(tmp_path, *(f'{name}/x.jpg' for name in folders)), labels)
    assert dict(zip(found.files, found.truth.tolist(), strict=True)) == {
        f'{folders[0]}/x.jpg': 0, f'{folders[1]}/x.jpg': 1}


@pytest.mark.parametrize('names,words', [
    (['crane'], "found 'crane', which match none of its 1000 labels, or several"),
    (['a', 'b', 'tench', 'c', 'd', '7'], "found '7', 'a', 'b' and 2 more, which match none")])
def test_read_refuses_folders_that_match_no_label_or_several(tmp_path, names, words):
    touch(tmp_path, *(f'{name}/x.jpg' for name in names))
    with pytest.raises(ValueError, match=words) as caught:
        labelled_pictures.read(tmp_path, IMAGENET)
    assert '\n' not in str(caught.value)


def test_read_follows_links_to_class_folders(folder, tmp_path):
    links = tmp_path / 'links'
    links.mkdir()
    for name in ('Faces_easy', 'camera', 'cup'):
        (links / name).symlink_to(folder / name)
    linked, plain = (labelled_pictures.read(place, LABELS) for place in (links, folder))
    assert linked.files == plain.files


@pytest.mark.parametrize('line', ['{} 0', '{} n01440764', '{}\ttench, Tinca tinca', './{}  tench'])
def test_read_takes_classes_from_imagenets_listing(tmp_path, line):
    names = [f'ILSVRC2012_val_0000000{n}.JPEG' for n in (1, 2)]
    touch(tmp_path / 'val', *names)
    listing = tmp_path / 'val.txt'
    listing.write_text('\n'.join([line.format(names[1]), f'{names[0]} n01443537', '',
                                  'ILSVRC2012_val_00000003.JPEG 5']) + '\n')
    found = labelled_pictures.read(tmp_path / 'val', IMAGENET, truth=listing)
    assert found.files == tuple(names)
    assert found.truth.tolist() == [1, 0]


@pytest.mark.parametrize('text,words', [
    ('a.jpg 0\n', "expected a line for each picture, found none for 'b.jpg'"),
    ('a.jpg 0\nb.jpg\n', "line 2: expected \"file class\", found 'b.jpg'"),
    ('a.jpg 0\nb.jpg 1000\n', "found '1000', which match none"),
    (b'\xff\xfe\xfa', 'cannot be read as UTF-8')])
def test_read_refuses_invalid_listing(tmp_path, text, words):
    touch(tmp_path / 'val', 'a.jpg', 'b.jpg')
    listing = tmp_path / 'val.txt'
    listing.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=words):
        labelled_pictures.read(tmp_path / 'val', IMAGENET, truth=listing)


@pytest.mark.parametrize('line', [
    'my cup.jpg\t1', 'my cup.jpg 1', '"my cup.jpg" 1', 'my cup.jpg,1', '"my cup.jpg","goldfish"',
    './my cup.jpg, goldfish, Carassius auratus', 'my cup.jpg   n01443537'])
def test_read_takes_listing_of_names_with_blanks(tmp_path, line):
    touch(tmp_path / 'val', 'my cup.jpg')
    (tmp_path / 'val.txt').write_text(f'file,class\n{line}\nno such one.jpg 3\n')
    found = labelled_pictures.read(tmp_path / 'val', IMAGENET, truth=tmp_path / 'val.txt')
    assert found.truth.tolist() == [1]


@pytest.mark.parametrize('files,line,words', [
    (['my cup.jpg'], 'my cups.jpg 1',
     'found none for \'my cup.jpg\'; lines are "file class", with a TAB between them where'),
    (['a', 'a b.jpg'], 'a b.jpg 1', 'line 1: expected a TAB between "file class"')])
def test_read_asks_for_a_tab_in_an_ambiguous_listing(tmp_path, files, line, words):
    for file in files:
        (tmp_path / file).write_bytes(b'\xff\xd8\xff')
    (tmp_path / 'val.txt').write_text(line)
    with pytest.raises(ValueError, match=words):
        labelled_pictures.read(tmp_path, IMAGENET, truth=tmp_path / 'val.txt')


def test_read_names_the_sides_of_a_split(tmp_path):
    touch(tmp_path, 'train/cup/a.jpg', 'val/cup/b.jpg')
    with pytest.raises(ValueError, match=f'found train and val with class folders inside; give '
                                         f'{tmp_path}/val$'):
        labelled_pictures.read(tmp_path, LABELS)


@pytest.mark.parametrize('files,words', [
    ([], 'found none'), (['x/notes.txt'], 'found none'),
    (['cup/a.jpg', 'b.jpg'], "found 'b.jpg' outside of any; name their classes with --truth")])
def test_read_refuses_a_folder_without_classes(tmp_path, files, words):
    with pytest.raises(ValueError, match=words):
        labelled_pictures.read(touch(tmp_path, *files), LABELS)
    with pytest.raises(ValueError, match='found nothing there'):
        labelled_pictures.read(tmp_path / 'none', LABELS)


def test_read_selects_sides_of_the_training_split(tmp_path):
    names = {name: [f'{name}/{n:03}.jpg' for n in range(count)]
             for name, count in (('cup', 50), ('camera', 30))}
    touch(tmp_path, *names['cup'], *names['camera'])
    test = labelled_pictures.read(tmp_path, LABELS, split='test')
    train = labelled_pictures.read(tmp_path, LABELS, split='train')
    assert set(test.files) == {file for files in names.values() for file in held_back(
        files, fraction=TEST_FRACTION, seed=0)}
    assert sorted(test.files + train.files) == sorted(names['cup'] + names['camera'])
    assert all(LABELS[class_id] == file.split('/')[0]
               for class_id, file in zip(test.truth, test.files, strict=True))
    assert 'test side of the split that holds back 12%' in test.note


def test_read_refuses_split_of_a_listing(folder):
    with pytest.raises(ValueError, match='found a listing'):
        labelled_pictures.read(folder, LABELS, truth=folder / 'x', split='test')


def test_read_chooses_pictures_evenly(folder):
    found = labelled_pictures.read(folder, LABELS, count=2)
    assert found.files == ('Faces_easy/astronaut.jpg', 'camera/camera.jpg')
    assert found.truth.tolist() == [0, 2] and found.note.startswith('2 evenly chosen from 4')
    assert len(labelled_pictures.read(folder, LABELS, count=9)) == 4


@pytest.mark.parametrize('fit', FITS)
@pytest.mark.parametrize('shape', [(300, 400), (431, 317), (64, 96), (224, 224), (30, 440)])
def test_view_bilinear_equals_node_for_small_pictures(fit, shape):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3)).astype(np.uint8)
    frame = Frame.from_image(image)
    found = [Nv12Converter(width=224, height=224, fit=fit).convert(
        View(fit, way).resized(frame, size=(224, 224))) for way in (NODE, 'bilinear')]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize('fit', FITS)
def test_view_interpolations_differ_only_slightly(photograph, fit):
    frame = Frame.from_image(np.tile(photograph, (3, 3, 1)))
    found = {way: Nv12Converter(width=224, height=224, fit=fit).convert(
        View(fit, way).resized(frame, size=(224, 224))).astype(int) for way in INTERPOLATIONS}
    for way in set(INTERPOLATIONS) - {NODE}:
        difference = abs(found[way] - found[NODE])
        assert 0 < difference.mean() < 12, way
