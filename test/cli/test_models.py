# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The verb models: list, info, verify, and fetch from a local server."""

import json
import re

from edgenext_ros.cli import main
from edgenext_ros.models import fetch, store
from edgenext_ros.models.catalog import CATALOG
from helpers.bin_writer import container, node
from helpers.model_server import Answer, BIN, names, ONNX, OTHER, Site, WEIGHTS
import numpy as np
import pytest

SIZES = ('xx_small', 'x_small', 'small', 'base')


@pytest.fixture
def model(tmp_path):
    path = tmp_path / 'model.bin'
    path.write_bytes(container(
        name='own', nodes=[node('BPU', ['image'], ['raw']),
                           node('Dequantize', ['raw', 'scale'], ['logits'])],
        scales=np.linspace(0.25, 0.5, 10, dtype=np.float32).tobytes(),
        metadata={'MARCH': 'bayes-e', 'NODE_INFO': 'x' * 1000, 'DEBUG': ''}))
    return path


def test_info_prints_and_writes_the_facts_of_a_bin(model, tmp_path, capsys):
    assert main(['models', 'info', str(model), '--json', str(tmp_path / 'facts.json')]) == 0
    shown = capsys.readouterr().out
    for words in ('own', 'bayes-e', 'type nv12, width 32, height 16', '10 of 0.25 to 0.5',
                  'BPU, Dequantize', 'estimated us 1234', 'hbdk 3.49.15'):
        assert words in shown
    assert 'DEBUG' not in shown and max(map(len, shown.splitlines())) < 200
    facts = json.loads((tmp_path / 'facts.json').read_text())
    assert facts['output']['shape'] == [1, 10] and facts['output']['scales'][0] == 0.25
    assert facts['metadata']['NODE_INFO'] == 'x' * 1000


@pytest.fixture(autouse=True)
def cache(tmp_path_factory, monkeypatch):
    """Use an empty cache, a robot's default kind, no proxy, and no sleep between attempts."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('xdg')))
    monkeypatch.setattr(store, 'default_kind', lambda: 'bin')
    monkeypatch.setattr(fetch, 'sleep', lambda seconds: None)
    for name in ('http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'):
        monkeypatch.delenv(name, raising=False)
    return store.cache_folder()


@pytest.fixture
def site():
    """Serve a small file for each published one."""
    with Site() as server:
        bodies = {'bin': BIN, 'onnx': ONNX, 'weights': WEIGHTS}
        server.answers.update({f'/{file.path}': [Answer(bodies[file.kind])]
                               for size in SIZES for file in CATALOG[size].files})
        yield server


@pytest.fixture
def call(site, tmp_path, capsys):
    """Return a function that runs the verb and returns its code, both outputs and figures."""
    def run(*arguments):
        figures = tmp_path / 'figures.json'
        options = ['--mirror', site.url] if arguments[0] == 'fetch' else []
        code = main(['models', *arguments, *options, '--json', str(figures)])
        return code, *capsys.readouterr(), json.loads(figures.read_text())
    return run


def path_of(size, kind):
    return f'/{next(file.path for file in CATALOG[size].files if file.kind == kind)}'


def test_fetch_then_info_and_verify(call, site, cache, capsys):
    assert main(['models', 'path', 'small']) == 1
    assert 'edgenext models fetch small' in capsys.readouterr().err
    code, out, error, (row,) = call('fetch', 'small')
    target = cache / 'EdgeNeXt_small_224x224_nv12.bin'
    assert (code, error) == (0, '') and target.read_bytes() == BIN
    assert 'fetched' in out and str(target) in out and row['sha256'] in out and row['fresh']
    code, out, _, (row,) = call('fetch', 'small')
    assert code == 0 and 'was here' in out and not row['fresh'] and len(site.requests) == 1
    assert call('info', 'small')[3]['path'] == str(target)
    code, out, _, rows = call('verify', 'small')
    assert code == 0 and 'as recorded' in out
    assert [row['compared'] for row in rows] == [True]
    target.write_bytes(OTHER)
    for arguments in (['verify'], ['verify', 'small'], ['fetch', 'small']):
        code, out, error, rows = call(*arguments)
        assert code == 1 and len(re.findall('SHA-256 [0-9a-f]{64}', rows[-1]['error'])) == 2
        assert rows[-1]['error'] in out + error
    assert main(['models', 'info', 'small']) == 1
    assert 'has changed since its SHA-256 was recorded' in capsys.readouterr().err


@pytest.mark.parametrize('default,options,kind', [
    ('bin', [], 'bin'), ('onnx', [], 'onnx'), ('onnx', ['--kind', 'bin'], 'bin'),
    ('bin', ['--kind', 'weights'], 'weights')])
def test_fetch_chooses_kind_of_file(call, site, monkeypatch, default, options, kind):
    monkeypatch.setattr(store, 'default_kind', lambda: default)
    code, _, _, rows = call('fetch', 'base', 'x_small', *options)
    assert code == 0 and [(row['name'], row['kind']) for row in rows] == [
        ('base', kind), ('x_small', kind)]
    assert [path for path, _ in site.requests] == [path_of('base', kind), path_of('x_small', kind)]


def test_fetch_all_continues_after_a_failure(call, site, cache):
    site.answers[path_of('x_small', 'bin')] = [Answer(b'', 404)]
    site.answers[path_of('small', 'bin')] = [Answer(stop=1000), Answer()]
    code, out, error, rows = call('fetch', '--all')
    assert code == 1 and [row['name'] for row in rows] == [*SIZES]
    assert ['error' in row for row in rows] == [False, True, False, False]
    assert out.count('fetched') == 3 and 'x_small' in rows[1]['error']
    assert 'trying again' in error and f'edgenext models: {rows[1]["error"]}' in error
    assert len([name for name in names(cache) if name.endswith('.bin')]) == 3


def test_list_shows_figures_and_files(call):
    call('fetch', 'xx_small')
    code, out, _, rows = call('list')
    assert code == 0 and max(map(len, out.splitlines()[:6])) < 100
    demo, xx_small, x_small = out.splitlines()[1:4]
    assert 'bundled' in demo and xx_small.split() == [
        'xx_small', '64.25', '69.50', '2.47', '403.49', 'bin', '0.30', 'MB']
    assert x_small.split()[-1] == '-' and 'edgenext models fetch NAME"' in out
    assert rows[1]['files'][0]['bytes'] == len(BIN) and rows[1]['published']['fps'] == 403.49
    assert rows[1]['path'] == rows[1]['files'][0]['path'] and not rows[2]['path']


def test_verify_checks_all_files_of_this_machine(call, cache):
    code, out, _, rows = call('verify')
    assert code == 0 and [row['kind'] for row in rows] == ['bin', 'onnx'] and 'bundled' in out
    cache.mkdir(parents=True)
    (cache / 'edgenext_base.onnx').write_bytes(ONNX)
    assert 'recorded now' in call('verify')[1] and 'as recorded' in call('verify')[1]
    (cache / 'edgenext_small.onnx').write_bytes(ONNX[:-1])
    code, out, _, rows = call('verify')
    assert code == 1 and [row['name'] for row in rows if 'error' in row] == ['small']
    assert 'expected an ONNX model' in out


def test_verify_records_nothing_of_a_file_that_the_board_brings(call, tmp_path, monkeypatch):
    monkeypatch.setattr(store, '_BOARD_FOLDERS', (tmp_path / 'board',))
    (tmp_path / 'board').mkdir()
    (tmp_path / 'board' / 'edgenext_base.onnx').write_bytes(ONNX)
    assert [call('verify', 'base')[1].count('no record') for _ in range(2)] == [1, 1]
    assert names(tmp_path / 'board') == ['edgenext_base.onnx']


def test_fetch_of_bundled_model_downloads_nothing(call, site):
    assert 'is part of this package' in call('fetch', 'demo')[1] and not site.requests


@pytest.mark.parametrize('arguments, code, words', [
    (['fetch'], 2, 'expected names of models, or --all'),
    (['fetch', 'base', '--all'], 2, 'expected names of models, or --all'),
    (['fetch', 'no_such'], 1, "model 'no_such' is not in the catalog"),
    (['fetch', 'xx_smal'], 1, "; did you mean 'xx_small'?"),
    (['verify', 'no_such'], 1, "model 'no_such' is not in the catalog"),
    (['verify', 'base'], 1, 'get it with "'),
    (['info', 'no_such'], 1, "model 'no_such': not a file"),
    (['info', __file__], 1, 'expected a .bin compiled by hb_mapper')])
def test_models_refuses_invalid_arguments_in_one_line(arguments, code, words, capsys):
    assert main(['models', *arguments]) == code
    error = capsys.readouterr().err
    assert words in error and error.count('\n') == 1


@pytest.mark.parametrize('arguments, words', [
    ([], 'required: ACTION'), (['info'], 'required: NAME'), (['path'], 'required: NAME'),
    (['fetch', 'base', '--kind', 'hbm'], "invalid choice: 'hbm'"),
    (['fetch', 'base', '--mirror', 'ftp://server'], 'expected a mirror such as http://'),
    (['fetch', 'base', '--retries', '-1'], 'must be from 0 to 1000, got -1'),
    (['fetch', 'base', '--timeout', 'nan'], 'must be more than 0')])
def test_models_wrong_usage(arguments, words, capsys):
    with pytest.raises(SystemExit) as caught:
        main(['models', *arguments])
    assert caught.value.code == 2 and words in capsys.readouterr().err
