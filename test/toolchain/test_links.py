# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Links to the pictures of a split."""

from edgenext_ros.toolchain.links import link
import pytest


def files_of(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob('*') if path.is_symlink()}


def test_link_replaces_all_earlier_links(tmp_path):
    output = tmp_path / 'pictures'
    link(tmp_path / 'old', {'test': ['cat/1.jpg'], 'validation': ['cat/2.jpg']}, output)
    assert files_of(output) == {'test/cat/1.jpg', 'validation/cat/2.jpg'}  # dangling
    (tmp_path / 'new' / 'cup').mkdir(parents=True)
    (tmp_path / 'new' / 'cup' / '1.jpg').write_text('a cup')
    link(tmp_path / 'new', {'test': ['cup/1.jpg']}, output)
    assert files_of(output) == {'test/cup/1.jpg'}
    assert (output / 'test' / 'cup' / '1.jpg').read_text() == 'a cup'
    assert not (output / 'validation').exists() and not (output / 'test' / 'cat').exists()
    assert {path.name for path in tmp_path.iterdir()} == {'pictures', 'new'}


@pytest.mark.parametrize('place', ['pictures/test/cup/own.jpg', 'pictures.part/own.jpg',
                                   'pictures.old/own.jpg', 'pictures'])
def test_link_removes_no_file(tmp_path, place):
    (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / place).write_text('mine')
    with pytest.raises(ValueError, match=r'move (this file|it) away'):
        link(tmp_path, {'test': ['cup/1.jpg']}, tmp_path / 'pictures')
    assert (tmp_path / place).read_text() == 'mine'


def test_link_failure_keeps_earlier_links(tmp_path):
    output = tmp_path / 'pictures'
    link(tmp_path, {'test': ['cat/1.jpg']}, output)
    with pytest.raises(FileExistsError):
        link(tmp_path, {'test': ['cup/1.jpg', 'cup/1.jpg']}, output)
    assert files_of(output) == {'test/cat/1.jpg'}
    assert [path.name for path in tmp_path.iterdir()] == ['pictures']
