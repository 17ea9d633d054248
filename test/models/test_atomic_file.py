# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""atomic_write: the file is complete or unchanged, and has normal permissions."""

from contextlib import nullcontext
import errno
import os
import stat

from edgenext_ros.models import checksum
from edgenext_ros.models.atomic_file import atomic_write, part_of
import pytest


@pytest.fixture(params=[False, True], ids=['no old file', 'old file'])
def target(tmp_path, request):
    """Return a path, with and without an older file."""
    path = tmp_path / 'file.txt'
    if request.param:
        path.write_text('old')
    return path


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


@pytest.mark.parametrize('fsync', [False, True])
def test_the_file_appears_when_the_block_has_ended(target, fsync):
    before = contents(target.parent)
    with atomic_write(target, fsync=fsync) as part:
        part.write_text('new')
        assert contents(target.parent) == {**before, part_of(target).name: 'new'}
    assert contents(target.parent) == {'file.txt': 'new'}


@pytest.mark.parametrize('error', [OSError, KeyboardInterrupt])
def test_an_error_in_the_block_leaves_the_folder_as_it_was(target, error):
    before = contents(target.parent)
    with pytest.raises(error), atomic_write(target) as part:
        part.write_text('half')
        raise error
    assert contents(target.parent) == before


def test_an_error_of_the_rename_leaves_no_part(tmp_path):
    (tmp_path / 'folder').mkdir()
    with pytest.raises(IsADirectoryError), atomic_write(tmp_path / 'folder') as part:
        part.write_text('new')
    assert [path.name for path in tmp_path.iterdir()] == ['folder']


def test_several_files_appear_only_when_all_are_complete(tmp_path):
    first, second = tmp_path / 'a', tmp_path / 'b'
    with pytest.raises(OSError, match='full'), \
            atomic_write(first) as part, atomic_write(second) as other:
        other.write_text('complete')
        part.write_text('half')
        raise OSError('the disk is full')
    assert not contents(tmp_path)


def test_file_that_was_entered_last_is_renamed_first(tmp_path):
    first, second = tmp_path / 'model.bin', tmp_path / 'model.recipe.json'
    second.mkdir()  # makes the rename fail
    with pytest.raises(IsADirectoryError), \
            atomic_write(first) as part, atomic_write(second) as other:
        part.write_text('')
        other.write_text('')
    assert [path.name for path in tmp_path.iterdir()] == ['model.recipe.json']


@pytest.fixture
def synced(target, monkeypatch):
    """List what is synced: name of the file or folder, and content of the target by then."""
    names, fsync = [], os.fsync

    def note(descriptor):
        fsync(descriptor)
        (where,) = (path for path in (target.parent, part_of(target))
                    if path.exists() and os.path.samestat(path.stat(), os.fstat(descriptor)))
        names.append((where.name, target.read_text() if target.exists() else None))

    monkeypatch.setattr(os, 'fsync', note)
    return names


def test_content_is_synced_before_the_rename_and_the_folder_after_it(target, synced):
    before = contents(target.parent).get('file.txt')
    with atomic_write(target, fsync=True) as part:
        part.write_text('new')
    assert synced == [(part_of(target).name, before), (target.parent.name, 'new')]
    with atomic_write(target) as part:
        part.write_text('newer')
    assert len(synced) == 2


@pytest.mark.parametrize('number,passes', [
    (errno.EINVAL, True), (errno.ENOTSUP, True), (errno.EIO, False)])
def test_folder_is_not_synced_where_the_file_system_cannot(target, monkeypatch, number, passes):
    fsync = os.fsync

    def fail(descriptor):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr(os, 'fsync', fail)
    with nullcontext() if passes else pytest.raises(OSError, match=os.strerror(number)), \
            atomic_write(target, fsync=True) as part:
        part.write_text('new')
    assert contents(target.parent) == {'file.txt': 'new'}


@pytest.mark.parametrize('mask,mode', [(0o022, 0o644), (0o077, 0o600)])
def test_permissions_follow_the_umask(tmp_path, mask, mode):
    before = os.umask(mask)
    try:
        with atomic_write(tmp_path / 'file') as part:
            part.write_text('')
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / 'file').stat().st_mode) == mode


def test_link_is_replaced_and_its_target_is_unchanged(tmp_path):
    (tmp_path / 'old').write_text('old')
    (tmp_path / 'link').symlink_to('old')
    with atomic_write(tmp_path / 'link') as part:
        part.write_text('new')
    assert contents(tmp_path) == {'old': 'old', 'link': 'new'}
    assert not (tmp_path / 'link').is_symlink()


def test_record_that_cannot_be_written_leaves_no_part(tmp_path):
    (tmp_path / 'model.bin.sha256').mkdir()
    with pytest.raises(IsADirectoryError):
        checksum.write_record(tmp_path / 'model.bin', checksum.Digest(1, '0' * 64))
    assert [path.name for path in tmp_path.iterdir()] == ['model.bin.sha256']
