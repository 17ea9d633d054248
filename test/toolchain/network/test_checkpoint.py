# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checkpoints are read as data: values are exact, and code in them never runs."""

import argparse
import collections
import io
import os
import pickle
import struct
import zipfile

from edgenext_ros.models import ModelError
from edgenext_ros.toolchain.network import checkpoint
from edgenext_ros.toolchain.network.pickles import Record
from helpers.pickle_writer import (
    Archive,
    call,
    group,
    items,
    mapping,
    name,
    number,
    reference,
    stream,
    tensor,
    text,
)
import numpy as np
import pytest

VALUES = np.arange(24, dtype=np.float32).reshape(2, 3, 4)


def read(tmp_path, data):
    path = tmp_path / 'some.pt'
    path.write_bytes(data)
    return checkpoint.read(path)


def refusal(tmp_path, data):
    with pytest.raises(ModelError) as caught:
        read(tmp_path, data)['x'].read()
    said = str(caught.value)
    assert '\n' not in said and len(said) < 400
    return said


@pytest.mark.parametrize('form', ['zip', 'legacy'])
@pytest.mark.parametrize('dtype', ['float32', 'float16', 'float64', 'int64'])
def test_read_gives_a_tensor_with_its_values(tmp_path, form, dtype):
    archive = Archive()
    found = read(tmp_path, getattr(archive, form)(archive.state({'x': VALUES.astype(dtype)})))
    assert (found['x'].shape, found['x'].dtype) == ((2, 3, 4), dtype)
    np.testing.assert_array_equal(found['x'].read(), VALUES)
    assert found['x'].read().dtype == dtype


def test_read_gives_bfloat16_as_float32(tmp_path):
    archive = Archive()
    half = (VALUES.view('u4') >> 16).astype('u2').astype('<u2')
    archive.storages['0'] = half
    value = tensor(reference('0', 24, kind='torch.BFloat16Storage'), (2, 3, 4), (12, 4, 1))
    found = read(tmp_path, archive.zip(mapping(x=value)))
    assert found['x'].dtype == 'bfloat16'
    np.testing.assert_array_equal(found['x'].read(), VALUES)  # small integers are exact


def test_read_applies_strides_and_offset(tmp_path):
    archive = Archive()
    archive.array(VALUES)
    value = tensor(reference('0', 24), (4, 2), (1, 4), offset=12)
    found = read(tmp_path, archive.zip(mapping(x=value)))
    np.testing.assert_array_equal(found['x'].read(), VALUES[1, :2].T)


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_read_gives_entries_beside_tensors_as_plain_data(tmp_path, protocol):
    value = {'epoch': 3, 'loss': 0.25, 'arch': 'edgenext', 'none': None, 'flags': [True, False],
             'args': argparse.Namespace(lr=1e-3, names=('a', 'b')), 'seen': {1, 2},
             'metric': np.float64(0.5), 'counts': collections.defaultdict(int, a=1),
             'ordered': collections.OrderedDict(b=2), 'bytes': b'\x00\xff', 'big': 1 << 80,
             'numpy': VALUES}
    value['self'] = value['flags']
    found = read(tmp_path, pickle.dumps(value, protocol))
    for key in ('epoch', 'loss', 'arch', 'none', 'flags', 'bytes', 'big', 'ordered', 'counts'):
        assert found[key] == value[key], key
    assert sorted(found['seen']) == [1, 2] and found['self'] is found['flags']
    assert isinstance(found['args'], Record)
    assert found['args'].state == {'lr': 1e-3, 'names': ('a', 'b')}
    np.testing.assert_array_equal(checkpoint.array(found['numpy']).read(), VALUES)


@pytest.mark.parametrize('array', [
    VALUES.astype('>f4'), np.asfortranarray(VALUES[0]), VALUES.astype('f2'),
], ids=['big-endian', 'Fortran order', 'float16'])
@pytest.mark.parametrize('protocol', [2, 5])
def test_read_gives_numpy_arrays_of_any_layout(tmp_path, array, protocol):
    found = read(tmp_path, pickle.dumps({'x': array}, protocol))
    np.testing.assert_array_equal(checkpoint.array(found['x']).read(), array)


class Evil:
    """Its pickle runs a command when it is loaded."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return self.command


def attacks(mark):
    """Yield pickles that create the file ``mark`` when ``pickle`` loads them."""
    shell = f'touch {mark}'
    opened = f'open({str(mark)!r}, "w")'
    system = text(shell)
    for title, command in {
            'os.system': (os.system, (shell,)), 'eval': (eval, (opened,)),
            'exec': (exec, (opened,)), 'open': (open, (str(mark), 'w'))}.items():
        for protocol in (0, 2, 4):
            yield f'{title} {protocol}', pickle.dumps(
                {'state_dict': {'x': Evil(command)}}, protocol)
    yield 'in a namespace', pickle.dumps(
        {'args': argparse.Namespace(x=Evil((os.system, (shell,))))})
    yield 'INST', b'(S' + repr(shell).encode() + b'\nios\nsystem\n.'
    yield 'OBJ', b'(cos\nsystem\nS' + repr(shell).encode() + b'\no.'
    yield 'NEWOBJ', stream(name('os.system') + group(system) + b'\x81')
    yield 'NEWOBJ_EX', b'\x80\x04' + name('os.system') + group(system) + b'}\x92.'
    yield 'STACK_GLOBAL', b'\x80\x04' + text('os') + text('system') + b'\x93' + group(system) \
        + b'R.'
    yield 'getattr', stream(call('builtins.getattr', name('os.path'), text('os')))
    yield 'attrgetter', stream(call('operator.attrgetter', text('system')) + group(name('os'))
                               + b'R' + group(system) + b'R')
    yield 'BUILD', stream(name('collections.OrderedDict') + b')R' + group(
        b'N', mapping(__setstate__=name('os.system'))) + b'b' + system + b'b')
    yield 'copyreg', stream(call('copyreg._reconstructor', name('os.system'), name('os.system'),
                                 system))
    yield 'rebuild', stream(call('torch._tensor._rebuild_from_type_v2', name('os.system'),
                                 name('torch.Tensor'), group(system), b'}'))
    yield 'in a storage', stream(call(
        'torch.storage._load_from_bytes',
        b'B' + struct.pack('<I', len(inner := stream(call('os.system', system)))) + inner))


def test_attacks_work_on_pickle(tmp_path):
    """Check the attacks, so that the next test can fail."""
    mark = tmp_path / 'mark'
    pickle.loads(dict(attacks(mark))['os.system 2'])
    assert mark.exists()


@pytest.mark.parametrize('title', [title for title, _ in attacks('mark')])
@pytest.mark.parametrize('form', ['plain', 'zip', 'legacy'])
def test_read_runs_no_code(tmp_path, title, form):
    mark = tmp_path / 'mark'
    data = dict(attacks(mark))[title]
    if form == 'zip':
        file = io.BytesIO()
        with zipfile.ZipFile(file, 'w') as archive:
            archive.writestr('archive/data.pkl', data)
        data = file.getvalue()
    elif form == 'legacy':
        data = Archive().legacy(b'N').replace(stream(b'N'), data)
    path = tmp_path / 'evil.pt'
    path.write_bytes(data)
    try:
        checkpoint.read(path)
    except ModelError as error:
        assert '\n' not in str(error)
    assert not mark.exists()


def single(value, **storages):
    archive = Archive()
    archive.storages.update({key: np.arange(count, dtype=np.float32)
                             for key, count in storages.items()})
    return archive.zip(mapping(x=value))


@pytest.mark.parametrize('value,words', [
    (tensor(reference('a', 24), (5, 5), (5, 1)), 'reaches to value 24 of 24'),
    (tensor(reference('a', 24), (4,), (1,), offset=21), 'reaches to value 24 of 24'),
    (tensor(reference('a', 24), (4,), (-1,), offset=3), 'strides are not valid'),
    (tensor(reference('a', 24), (4,), (1,), offset=-1), 'strides are not valid'),
    (tensor(reference('a', 24), (1 << 20, 1 << 20), (0, 0)), 'over the limit'),
    (tensor(reference('a', 1 << 40), (4,), (1,)), 'over the limit'),
    (tensor(reference('a', 48), (48,), (1,)), 'it is cut off'),
    (tensor(reference('b', 24), (4,), (1,)), 'damaged zip'),
    (tensor(reference('../a', 24), (4,), (1,)), 'damaged zip'),
    (tensor(reference('a', 24, kind='torch.QInt8Storage'), (4,), (1,)), 'QInt8 storage'),
    (tensor(b'N', (4,), (1,)), 'without a storage'),
], ids=['past the end', 'offset past the end', 'negative stride', 'negative offset',
        'expanded', 'huge storage', 'short storage', 'no storage', 'path', 'quantised',
        'nothing'])
def test_read_refuses_a_tensor_outside_its_storage(tmp_path, value, words):
    with pytest.raises((ModelError, ValueError)) as caught:
        read(tmp_path, single(value, a=24))['x'].read()
    assert words in str(caught.value)


@pytest.mark.parametrize('data,words', [
    (b'', 'no bytes'), (b'<html>', 'HTML'), (b'hello world', 'bytes 68 65 6c 6c'),
    (b'\x80\x02}', 'damaged'), (stream(b''), 'damaged'), (stream(b'0'), 'damaged'),
    (b'\x80\x02\x8e\xff\xff\xff\xff\xff\xff\xff\x7f.', 'damaged'),
    (stream(b'}q\x00' + b'r\xff\xff\xff\xff' + b'h\x07'), 'damaged'),
    (stream(b'}' + b')' + b'\x85' * 100_000 + b'K\x01s'), 'a key of type tuple'),
    (stream(b'\x82\x01'), 'operation EXT1'),
], ids=['empty', 'web page', 'text', 'cut off', 'nothing on the stack', 'pop of nothing',
        'bytes without end', 'memo', 'deep key', 'registry'])
def test_read_refuses_a_damaged_file_in_one_line(tmp_path, data, words):
    assert words in refusal(tmp_path, data)


@pytest.mark.slow
def test_read_of_truncated_and_corrupted_files_fails_in_one_line(tmp_path):
    archive, chance = Archive(), np.random.default_rng(0)
    value = archive.state({'x': VALUES, 'y': VALUES[0]})
    for form in (archive.zip, archive.legacy):
        whole = form(value)
        cases = [whole[:size] for size in range(0, len(whole), 7)]
        for _ in range(400):
            flipped = bytearray(whole)
            flipped[chance.integers(len(whole))] ^= 1 << chance.integers(8)
            cases.append(bytes(flipped))
        for data in cases:
            try:
                found = read(tmp_path, data)
                for part in found.values() if isinstance(found, dict) else ():
                    if isinstance(part, checkpoint.StoredTensor):
                        part.read()
            except (ModelError, checkpoint.PickleError) as error:
                assert '\n' not in str(error)


def test_read_does_not_unpack_a_zip_bomb(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('a/data.pkl', stream(mapping(x=tensor(reference('0', 4), (4,), (1,)))))
        archive.writestr('a/data/0', bytes(1 << 24))
    with pytest.raises(ValueError, match='has more than 16 bytes'):
        read(tmp_path, file.getvalue())['x'].read()


def test_read_accepts_a_list_that_contains_itself(tmp_path):
    found = read(tmp_path, stream(b']q\x00h\x00a'))
    assert found[0] is found


def test_read_keeps_items_of_unknown_objects(tmp_path):
    data = name('omegaconf.DictConfig') + b')\x81' + b'(' + text('a') + number(1) + b'u'
    found = read(tmp_path, stream(items({'config': data})))
    assert (found['config'].name, found['config'].items) == ('omegaconf.DictConfig', {'a': 1})
