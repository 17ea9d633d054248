# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a folder, files that are left out, and the reasons."""

import json
import os
import subprocess

from edgenext_ros.models import pictures
from edgenext_ros.models.left_out import LeftOut
from edgenext_ros.models.pictures import PictureError
from edgenext_ros.models.regular_file import shown
from helpers import hostile_folder
from helpers.hostile_folder import encoded, GIF, HEIC
import numpy as np
import pytest


def account(folder):
    """Read all pictures of a folder; return those that decode, and those left out."""
    listing, good, failed = pictures.find(folder), [], []
    for file in listing.files:
        try:
            pictures.read(folder / file)
            good.append(file)
        except PictureError as error:
            failed.append(LeftOut(file, error.reason))
    return tuple(good), listing.account(failed)


def test_left_out_files_of_hostile_folder_in_one_line_and_json(tmp_path):
    good, found = account(hostile_folder.make(tmp_path))
    assert good == tuple(sorted(hostile_folder.TAKEN))
    assert str(found) == hostile_folder.LINE
    figures = json.loads(json.dumps(found.as_json()))
    assert (figures['count'], figures['of']) == (10, 18)
    assert {reason: entry['count'] for reason, entry in figures['reasons'].items()} == \
        hostile_folder.REASONS
    assert figures['reasons']['damaged']['files'] == ['cup/cut.jpg', 'plant/text.jpg']


def test_pipes_devices_and_broken_links_are_left_out(tmp_path):
    (tmp_path / 'a.jpg').write_bytes(encoded('.jpg'))
    good, found = account(hostile_folder.set_traps(tmp_path))
    assert good == ('a.jpg',)
    assert str(found) == ('left out 5 of 6: 1 device (device.png), 1 linked in a circle '
                          '(itself.jpg), 1 linked to nothing (gone.jpg), 1 pipe (pipe.jpg), '
                          '1 socket (socket.jpg)')


@pytest.mark.parametrize('name,data,reason', [
    ('a.JPEG', '.jpg', ''), ('a.jpe', '.jpg', ''), ('a.jfif', '.jpg', ''), ('a.dib', '.bmp', ''),
    ('a.TIFF', '.tif', ''), ('a.pnm', '.ppm', ''), ('a.jpg', '.png', ''), ('a.png', '.webp', ''),
    ('bare', '.jpg', ''), ('a.heic', '.jpg', ''), ('a.gif', '.png', ''),
    ('a.txt', b'P1 0.5 0.5', None), ('LICENSE', b'BM wrote this', None), ('a.xml', b'<a/>', None),
    ('a.json', b'{}', None), ('a.avif', b'\0\0\0\x1cftypavif', '.avif'), ('a.HEIF', HEIC, '.heif'),
    ('a.gif', GIF, '.gif'), ('bare', HEIC, 'HEIC'), ('a.mp4', b'\0\0\0\x18ftypisom', '.mp4'),
    ('a.dng', b'II*\0' + bytes(99), '.dng'), ('a.jpg_original', '.jpg', '.jpg_original'),
    ('a.jpg.part', '.jpg', '.part'), ('.a.jpg', '.jpg', 'hidden'), ('._a.jpg', b'', 'hidden'),
    ('a.jpg', HEIC, 'HEIC'), ('a.png', GIF, 'GIF'), ('a.jpg', b'<!DOCTYPE html>', 'web page'),
    ('a.jpg', b'', 'empty'), ('a.png', b'text', 'damaged')])
def test_find_decides_by_suffix_and_first_bytes(tmp_path, name, data, reason):
    (tmp_path / name).write_bytes(encoded(data) if isinstance(data, str) else data)
    good, found = account(tmp_path)
    assert good == ((name,) if reason == '' else ())
    assert [(entry.file, entry.reason) for entry in found.left_out] == (
        [(name, reason)] if reason else [])
    assert found.total == (0 if reason is None else 1)


@pytest.mark.parametrize('folder', [
    '.ipynb_checkpoints', '.trash', '@eaDir', '__MACOSX', '#recycle', '$RECYCLE.BIN',
    'lost+found'])
def test_copies_in_folders_that_systems_make_are_left_out(tmp_path, folder):
    inner = tmp_path / 'cup' / folder / 'deep'
    inner.mkdir(parents=True)
    (inner / 'a.jpg').write_bytes(encoded('.jpg'))
    (tmp_path / folder).mkdir()
    found = pictures.find(tmp_path)
    assert found.files == () and found.folders == ('cup',)
    assert str(found.account()) == 'left out 1 of 1: 1 in a hidden folder'
    assert pictures.find(inner).files == ('a.jpg',), 'a hidden folder that was named is read'


@pytest.mark.parametrize('name,line', [
    (b'b\xff.jpg', 'b\\xff.jpg'), (b'two\nlines.jpg', 'two\\nlines.jpg'),
    (b'\x1b[31m.jpg', '\\x1b[31m.jpg'), ('\u00e9 \u676f.jpg'.encode(), '\u00e9 \u676f.jpg'),
    (b'n' * 251 + b'.jpg', 'n' * 251 + '.jpg')],
    ids=['bytes', 'newline', 'escape', 'script', 'long'])
def test_names_of_any_bytes_are_read_and_shown_on_one_line(tmp_path, name, line):
    path = tmp_path / os.fsdecode(name)
    path.write_bytes(encoded('.jpg'))
    good, _ = account(tmp_path)
    assert good == (path.name,) and shown(path.name) == line
    path.write_bytes(b'torn')
    found = account(tmp_path)[1]
    assert str(found) == f'left out 1 of 1: 1 damaged ({line})'
    found.as_json()['reasons']['damaged']['files'][0].encode()
    str(found).encode()


def test_links_to_folders_are_followed_once_each(tmp_path):
    for name in ('data/a', 'elsewhere'):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / 'x.jpg').touch()
    data = tmp_path / 'data'
    (data / 'b').symlink_to(tmp_path / 'elsewhere')
    (data / 'a' / 'above').symlink_to(data)
    (data / 'a' / 'again').symlink_to(data / 'a')
    (tmp_path / 'elsewhere' / 'other').symlink_to(data / 'a')
    assert pictures.find(data).files == ('a/x.jpg', 'b/other/x.jpg', 'b/x.jpg')


@pytest.mark.parametrize('links,files,twice', [
    ({'b': 'elsewhere', 'c': 'elsewhere', 'd': 'data/b'}, ['b/x.jpg'], 'c, d'),
    ({'a': 'data/z'}, ['z/x.jpg'], 'a'),
    ({'.a': 'elsewhere', 'b': 'elsewhere'}, ['b/x.jpg'], ''),
    ({'b': 'data/.z'}, ['b/x.jpg'], ''),
    ({'b': 'data', 'c': 'data/z'}, ['z/x.jpg'], 'c')],
    ids=['links', 'folder and link', 'hidden link', 'hidden folder', 'link to the whole'])
def test_folder_with_two_names_gives_its_pictures_once(tmp_path, links, files, twice):
    data = tmp_path / 'data'
    for name in ('elsewhere', *(f'data/{path[5:]}' for path in links.values() if 'z' in path)):
        (tmp_path / name).mkdir(parents=True, exist_ok=True)
        (tmp_path / name / 'x.jpg').write_bytes(encoded('.jpg'))
    data.mkdir(exist_ok=True)
    for name, path in links.items():
        (data / name).symlink_to(tmp_path / path)
    found = pictures.find(data)
    assert list(found.files) == files
    assert ', '.join(entry.file for entry in found.left_out
                     if entry.reason == 'linked twice') == twice


@pytest.mark.slow
def test_folders_too_deep_for_recursion_are_searched(tmp_path):
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        for _ in range(1200):
            os.mkdir('d', dir_fd=here)
            inner = os.open('d', os.O_RDONLY, dir_fd=here)
            os.close(here)
            here = inner
        os.close(os.open('x.jpg', os.O_CREAT | os.O_WRONLY, dir_fd=here))
        assert len(pictures.find(tmp_path).files) == 1
    finally:
        os.close(here)
        # Python 3.10's rmtree, with which pytest cleans up, recurses.
        subprocess.run(['rm', '-r', str(tmp_path / 'd')], check=True)


@pytest.mark.parametrize('share', [0.5, 0.9, 0.99])
@pytest.mark.parametrize('suffix', ['.jpg', '.png', '.webp', '.bmp', '.tif', '.ppm'])
def test_truncated_files_are_damaged_in_every_format(tmp_path, suffix, share):
    data = encoded(suffix)
    path = tmp_path / f'a{suffix}'
    path.write_bytes(data)
    pictures.read(path)
    path.write_bytes(data[:int(len(data) * share)])
    with pytest.raises(PictureError) as caught:
        pictures.read(path)
    assert caught.value.reason == 'damaged' and '\n' not in str(caught.value)


def test_a_picture_has_the_pixels_of_opencv(tmp_path):
    (tmp_path / 'a.png').write_bytes(encoded('.png'))
    frame = pictures.read(tmp_path / 'a.png')
    np.testing.assert_array_equal(frame.plane(3, width=160, height=120),
                                  hostile_folder.photograph())


@pytest.mark.parametrize('found', ['folder', 'pipe', 'socket', 'device'])
def test_special_files_are_refused_as_pictures(special_files, found):
    with pytest.raises(PictureError, match=f'expected a picture file, found a {found}'):
        pictures.read(special_files[found])


def test_picture_file_over_the_limit_is_refused_unread(tmp_path):
    path = tmp_path / 'a.jpg'
    with path.open('wb') as file:
        file.truncate(pictures.MAX_PICTURE_BYTES + 1)
    with pytest.raises(PictureError, match=f'at most {pictures.MAX_PICTURE_BYTES} bytes'):
        pictures.read(path)


@pytest.mark.parametrize('files,wanted,remedy', [
    (['train/cup/a.jpg', 'val/cup/b.jpg'], 'train', 'give {}/train'),
    (['train/cup/a.jpg', 'val/cup/b.jpg'], 'val', 'give {}/val'),
    (['Training/cup/a.jpg', 'test/cup/b.jpg', 'x.jpg'], 'val', 'give {}/test'),
    (['train/cup/a.jpg'], 'val', 'give {}/train'),
    (['train/cup/a.jpg', 'valid/cup/b.jpg', 'more/cup/a.jpg'], 'train', 'give {}/train'),
    (['train/a.jpg', 'val/b.jpg'], 'train', 'which are not classes'),
    (['train/a.jpg', 'bus/b.jpg'], 'train', None), (['cup/a.jpg', 'cup/x/b.jpg'], 'val', None),
    (['train/day/a.jpg', 'bus/day/b.jpg'], 'train', None)])
def test_sides_of_a_split_are_not_taken_for_classes(tmp_path, files, wanted, remedy):
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    listing = pictures.find(tmp_path)
    if remedy is None:
        listing.expect_no_split(wanted=wanted)
        return
    with pytest.raises(ValueError, match='expected one folder of pictures per class') as caught:
        listing.expect_no_split(wanted=wanted)
    assert str(caught.value).endswith(remedy.format(tmp_path))


def test_folder_without_pictures_names_what_it_has(tmp_path):
    (tmp_path / 'a.heic').write_bytes(HEIC)
    with pytest.raises(ValueError, match=r'found none; left out 1 of 1: 1 \.heic$'):
        pictures.find(tmp_path).expect_some()
