# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cache: records of files, refused files, and messages about missing ones."""

import hashlib
import json
import os
from pathlib import Path
import platform
import pwd
import shutil
import struct

from edgenext_ros.cli import main
from edgenext_ros.core.labels import LabelError
from edgenext_ros.engines.simulator import vendor_tools
from edgenext_ros.models import checksum, ModelError, store
from edgenext_ros.models.catalog import CATALOG, KINDS
from edgenext_ros.models.checksum import ChangedError
from edgenext_ros.models.fetch import verify
from edgenext_ros.models.formats import check as structure
from helpers.bin_writer import message
from helpers.model_server import Answer, BIN, names, ONNX, OTHER, WEIGHTS
import pytest

SUMS = tuple(hashlib.sha256(data).hexdigest() for data in (BIN, OTHER))
PUBLISHED = [entry for entry in CATALOG.values() if not entry.bundled]


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Use an empty cache."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('xdg')))
    folder = store.cache_folder()
    folder.mkdir()
    return folder


def test_locally_changed_model_is_refused(site, get, refusal):
    path = get(Answer()).path
    path.write_bytes(OTHER)
    text = refusal(error=ChangedError)
    assert all(found in text for found in SUMS)
    assert path.read_bytes() == OTHER and len(site.requests) == 1


def test_fetch_refuses_model_changed_by_publisher(get, refusal, tmp_path):
    path = get(Answer()).path
    path.unlink()
    text = refusal(Answer(OTHER), error=ChangedError)
    assert all(found in text for found in SUMS)
    assert names(tmp_path) == ['.model.bin.lock', 'model.bin.sha256']
    (tmp_path / 'model.bin.sha256').write_text('?')
    assert 'expected the size and SHA-256 of model.bin' in refusal(error=ModelError)
    (tmp_path / 'model.bin.sha256').unlink()
    assert get().path.read_bytes() == OTHER


def test_fetch_replaces_empty_file_and_keeps_good_one(site, get, tmp_path):
    said, path = [], tmp_path / 'model.bin'
    path.write_bytes(b'')  # like after a failed wget
    assert get(Answer(), notice=said.append).path.read_bytes() == BIN
    assert 'no bytes' in said[0] and said[0].endswith('; fetching it again')
    (tmp_path / 'model.bin.sha256').unlink()
    assert not get().fresh and (tmp_path / 'model.bin.sha256').exists()
    assert len(site.requests) == 1


def test_verify_compares_a_file_with_its_record(cache):
    path = cache / 'model.bin'
    path.write_bytes(BIN)
    assert not verify(path, keep=False).compared and names(cache) == ['model.bin']
    assert [verify(path, keep=True).compared for _ in range(2)] == [False, True]
    path.write_bytes(OTHER)
    with pytest.raises(ChangedError, match='.*'.join(SUMS)):
        verify(path, keep=True)
    path.with_name('model.bin.sha256').unlink()
    path.write_bytes(BIN[:-1])
    with pytest.raises(ModelError, match=r'expected a \.bin'):
        verify(path, keep=True)
    assert names(cache) == ['model.bin']


def tensors(header, data=b''):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack('<Q', len(text)) + text + data


@pytest.mark.parametrize('name,data,words', [
    ('a.onnx', b'', 'no bytes'), ('a.onnx', b'<html>', 'an HTML or XML page'),
    ('a.onnx', BIN, 'no graph in it'), ('a.onnx', WEIGHTS, 'found '),
    ('a.onnx', message((1, 8), (7, b'')), 'a graph without nodes'),
    ('a.onnx', message((1, 8), (7, message((1, b'x'), (11, b'x')))), 'a graph without outputs'),
    ('a.onnx', message((7, b'')), 'no graph in it'), ('a.onnx', ONNX[:-1], 'claims'),
    ('a.safetensors', b'', 'no bytes'), ('a.safetensors', ONNX, 'list of tensors would have'),
    ('a.safetensors', b'PK\x03\x04' + bytes(99), 'a zip archive or PyTorch checkpoint'),
    ('a.safetensors', b'\xff' * 99, 'list of tensors would have'),
    ('a.safetensors', WEIGHTS[:-1], '15 bytes of data'),
    ('a.safetensors', tensors(b'[' * 99999), 'cannot be read'),
    ('a.safetensors', tensors({}), 'cannot be read'),
    ('a.safetensors', tensors([]), 'cannot be read'),
    ('a.safetensors', tensors({'w': {}}), 'cannot be read'),
    ('a.safetensors', tensors({'w': {'data_offsets': [0, '4']}}, bytes(4)), 'not what its list')],
    ids=lambda value: value if isinstance(value, str) else '')
def test_file_of_another_kind_is_no_model(cache, name, data, words):
    (cache / name).write_bytes(data)
    with pytest.raises(ModelError) as caught:
        structure.check(cache / name)
    text = str(caught.value)
    assert text.startswith(f'{cache / name}: expected ') and words in text and len(text) < 300


def test_the_bundled_onnx_has_the_structure_of_one():
    structure.check(store.locate('demo', suffixes=('.onnx',)).path)


def test_every_published_model_has_every_kind():
    assert [entry.name for entry in PUBLISHED] == ['xx_small', 'x_small', 'small', 'base']
    for entry in PUBLISHED:
        assert [file.kind for file in entry.files] == list(KINDS)
        assert entry.files[0].base + entry.files[0].path == (
            'https://archive.d-robotics.cc/downloads/rdk_model_zoo/rdk_x5/'
            f'EdgeNeXt_{entry.name}_224x224_nv12.bin')
    assert len({file.name for entry in PUBLISHED for file in entry.files}) == 12


@pytest.mark.parametrize('machine,suffixes,option', [
    ('aarch64', ('.bin', '.onnx'), ''), ('aarch64', ('.onnx',), ' --kind onnx'),
    ('x86_64', ('.onnx',), ''), ('x86_64', ('.bin',), ' --kind bin'),
    ('x86_64', ('.safetensors',), ' --kind weights')])
def test_missing_model_names_the_fetch_command(cache, monkeypatch, machine, suffixes, option):
    monkeypatch.setattr(platform, 'machine', lambda: machine)
    monkeypatch.setattr(shutil, 'which', lambda name: None)
    for prefix, ros in (('', ''), ('/opt/ros/humble', 'ros2 run edgenext_ros ')):
        monkeypatch.setenv('AMENT_PREFIX_PATH', prefix)
        with pytest.raises(store.ModelNotFoundError) as caught:
            store.locate('xx_small', suffixes=suffixes)
        text = str(caught.value)
        assert f'get it with "{ros}edgenext models fetch xx_small{option}"' in text
        assert str(cache) in text


def test_fetched_model_is_verified_before_use(cache):
    path = cache / 'EdgeNeXt_xx_small_224x224_nv12.bin'
    path.write_bytes(BIN)
    assert store.locate('xx_small').path == path
    verify(path, keep=True)
    assert store.locate('xx_small').path == path
    path.write_bytes(OTHER)
    with pytest.raises(ChangedError, match='.*'.join(SUMS)):
        store.locate('xx_small')


@pytest.fixture(params=[None, ''], ids=['HOME unset', 'HOME empty'])
def no_home(monkeypatch, request):
    """Run as a user who is not in the list of users."""
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    monkeypatch.delenv('HOME', raising=False)
    if request.param is not None:
        monkeypatch.setenv('HOME', request.param)

    def unknown(number):
        raise KeyError(number)

    monkeypatch.setattr('pwd.getpwuid', unknown)


@pytest.mark.parametrize('make', [
    lambda folder: 'demo', lambda folder: str(store.locate('demo', suffixes=('.onnx',)).path)],
    ids=['name', 'path'])
def test_locate_finds_a_present_model_without_a_home(no_home, tmp_path, make):
    located = store.locate(make(tmp_path), suffixes=('.onnx',))
    assert located.path.name == 'demo.onnx' and located.labels.is_file()


def test_locate_without_a_home_still_says_how_to_get_a_model(no_home):
    with pytest.raises(store.ModelNotFoundError, match='models fetch x_small'):
        store.locate('x_small')


def test_missing_home_names_xdg_cache_home(no_home):
    with pytest.raises(store.NoHomeError, match='no home folder: set HOME or XDG_CACHE_HOME'):
        store.cache_folder()


def test_simulator_is_looked_for_without_a_home(no_home):
    folders = vendor_tools.search_folders()
    assert not any('edgenext_ros/toolchain' in str(folder) for folder in folders)


@pytest.mark.parametrize('words,code,says', [
    (['models', 'list'], 0, 'no place for fetched files'),
    (['models', 'verify'], 0, 'OK'), (['models', 'fetch', 'x_small'], 1, 'set HOME or')],
    ids=lambda value: ' '.join(value) if isinstance(value, list) else '')
def test_verbs_run_without_a_home(no_home, capsys, words, code, says):
    assert main(words) == code
    assert says in ''.join(capsys.readouterr())


def test_empty_home_is_replaced_by_that_of_the_users_list(monkeypatch):
    monkeypatch.delenv('XDG_CACHE_HOME', raising=False)
    monkeypatch.setenv('HOME', '')
    assert store.cache_folder() == Path(
        pwd.getpwuid(os.getuid()).pw_dir, '.cache', 'edgenext_ros')


def test_label_file_over_the_limit_is_refused(tmp_path):
    long = tmp_path / 'labels.txt'
    long.write_bytes(b'cup\n' * 250_001)
    with pytest.raises(LabelError, match='expected at most 1000000 bytes of labels'):
        store.read_labels(long)


@pytest.mark.parametrize('found', ['folder', 'pipe', 'socket', 'device'])
def test_labels_that_are_no_regular_file_are_refused(found, special_files):
    with pytest.raises(LabelError) as caught:
        store.read_labels(special_files[found])
    assert str(caught.value) == (
        f'{special_files[found]}: cannot be read: expected a file, found a {found}')


@pytest.mark.timeout(20)
def test_checksum_refuses_a_pipe_without_waiting(tmp_path):
    os.mkfifo(tmp_path / 'model.bin')
    with pytest.raises(ModelError, match='expected a file, found a pipe'):
        checksum.digest(tmp_path / 'model.bin')
    with pytest.raises(ModelError, match=r'model\.onnx: cannot be read: No such file'):
        checksum.digest(tmp_path / 'model.onnx')


def test_labels_of_a_model_are_its_own_unless_others_are_chosen(tmp_path, monkeypatch):
    monkeypatch.setenv('HOME', str(tmp_path))
    model, own, other = (tmp_path / name for name in ('m.onnx', 'm.labels.txt', 'other.txt'))
    for path, text in ((model, ''), (own, 'cat\ndog\n'), (other, 'car\nbus\n')):
        path.write_text(text)
    located = store.locate(str(model))
    for chosen in (None, ''):
        labels, source = store.labels_of(located, classes=2, chosen=chosen)
        assert (labels.names, source) == (('cat', 'dog'), str(own))
    for chosen in (other, str(other), '~/other.txt'):
        labels, source = store.labels_of(located, classes=2, chosen=chosen)
        assert (labels.names, source) == (('car', 'bus'), str(other))
    with pytest.raises(LabelError, match=r'other\.txt: expected 3 names'):
        store.labels_of(located, classes=3, chosen=other)
    own.unlink()
    labels, source = store.labels_of(store.locate(str(model)), classes=2)
    assert (labels.names, source) == (('0', '1'), '')
