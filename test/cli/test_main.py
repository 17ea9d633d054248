# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Common to all verbs: figures, help, errors, Ctrl-C."""

import json
import os
from pathlib import Path
import signal
import subprocess
import sys

from edgenext_ros import libraries
from edgenext_ros.choices import SIMULATOR_TAKES
from edgenext_ros.cli import main, VERBS
from edgenext_ros.engines import select
from edgenext_ros.engines.base import EngineUnavailableError
from edgenext_ros.engines.simulator import vendor_tools
import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_json_writes_to_the_target_of_a_link_and_to_a_pipe(tmp_path):
    target, link, pipe = (tmp_path / name for name in ('figures.json', 'link', 'pipe'))
    target.write_text('before')
    link.symlink_to(target)
    assert main(['models', 'list', '--json', str(link)]) == 0
    assert link.is_symlink()
    json.loads(target.read_text())
    os.mkfifo(pipe)
    with os.fdopen(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)) as reader:
        assert main(['models', 'list', '--json', str(pipe)]) == 0
        json.loads(reader.read())
    assert pipe.is_fifo()


@pytest.mark.parametrize('verb', [
    ('models', 'list'), ('runtimes',), ('parameters',), ('classify', 'a.jpg'),
    ('evaluate', '--data', '.'), ('verify', 'a.bin', '--against', 'a.onnx', '--pictures', '.'),
    ('train', '.', '--output', 'own'), ('bench',),
    ('compile', 'edgenext_xx_small', '--random-weights'), ('demo',), ('selftest',)],
    ids=lambda verb: verb[0])
@pytest.mark.parametrize('found,words', [
    ('pipe', 'expected a file to write, found a pipe that nobody reads'),
    ('socket', 'expected a file to write, found a socket'),
    ('folder', 'expected a file to write, in a folder that exists')])
def test_json_that_cannot_be_written_is_refused_first(special_files, capsys, found, words, verb):
    path = special_files[found]
    # An exit code of 1 from the self-test says that something is wrong with the board.
    assert main([*verb, '--json', str(path)]) == (2 if verb == ('selftest',) else 1)
    assert capsys.readouterr() == ('', f'edgenext {verb[0]}: --json {path}: {words}\n')


@pytest.mark.parametrize('arguments', [
    ('evaluate', '--data', '.', '--html'), ('bench', '--markdown'), ('bench', '--plot'),
    ('compile', 'edgenext_xx_small', '--random-weights', '--layers')], ids=' '.join)
def test_outputs_refuse_a_pipe_without_reader(special_files, capsys, arguments):
    assert main([*arguments, str(special_files['pipe'])]) == 1
    assert 'found a pipe that nobody reads' in capsys.readouterr().err


@pytest.mark.parametrize('file', ['-', '/dev/stdout'])
def test_json_to_stdout_moves_other_output_to_stderr(file, tmp_path):
    done = command('models', 'list', '--json', file)
    assert done.returncode == 0 and json.loads(done.stdout)[0]['name'] == 'demo'
    assert done.stderr == command('models', 'list').stdout
    with (tmp_path / 'log').open('w') as log:  # as ">> log" in a shell
        log.write('before\n')
        log.flush()
        list_models = [sys.executable, '-m', 'edgenext_ros.cli', 'models', 'list']
        subprocess.run([*list_models, '--json', file], cwd=ROOT,
                       stdout=log, stderr=subprocess.DEVNULL, check=True, timeout=60)
    first, rest = (tmp_path / 'log').read_text().split('\n', 1)
    assert first == 'before' and json.loads(rest) == json.loads(done.stdout)


def test_json_to_stdout_moves_library_output_to_stderr():
    code = ('import os, sys; from edgenext_ros.cli import main, runtimes;'
            "runtimes.run = lambda arguments, run=runtimes.run: os.write(1, b'noise') and "
            'run(arguments);'
            "sys.exit(main(['runtimes', '--json', '-']))")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, cwd=ROOT,
                          timeout=60)
    assert json.loads(done.stdout)[0]['name'] and 'noise' in done.stderr


@pytest.mark.parametrize('linked', [False, True])
def test_json_of_an_earlier_run_is_removed_before_a_failure(tmp_path, capsys, linked):
    figures = target = tmp_path / 'figures.json'
    if linked:
        figures = tmp_path / 'link'
        figures.symlink_to(target)
    target.write_text('{"earlier": true}')
    assert main(['models', 'path', 'no_such', '--json', str(figures)]) == 1
    assert figures.is_symlink() == linked and target.exists() == linked
    assert not linked or not target.read_text()


@pytest.mark.parametrize('verb', [(), ('classify',), ('train',)], ids=''.join)
def test_help_lists_the_exit_codes(verb):
    said = ' '.join(command(*verb, '--help').stdout.split())
    assert said.endswith(
        'exit codes: 0 success; 1 failure, or a check did not hold; 2 wrong usage, or a part of '
        'the installation is missing; 130 interrupted by Ctrl-C')


@pytest.mark.parametrize('seconds', ['0', '-1', 'nan', '1e9'])
def test_demo_refuses_invalid_seconds(seconds, capsys):
    with pytest.raises(SystemExit) as stop:
        main(['demo', '--seconds', seconds])
    assert stop.value.code == 2
    assert f'expected 1 to 86400 seconds, got {seconds}' in capsys.readouterr().err


def test_ctrl_c_during_imports_prints_no_traceback():
    code = ('import sys, signal; from edgenext_ros import cli;'
            'cli.import_module = lambda name: signal.raise_signal(signal.SIGINT);'
            "sys.exit(cli.main(['runtimes']))")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, '')


def command(*arguments, folder=None, isolated=False):
    """Run ``edgenext`` in a process of its own; ``isolated`` hides every installed package."""
    path = os.pathsep.join(map(str, filter(None, (folder, ROOT))))
    return subprocess.run(
        [sys.executable, *(['-S'] if isolated else []), '-m', 'edgenext_ros.cli', *arguments],
        env={'PATH': os.environ['PATH'], 'PYTHONPATH': path}, cwd='/', capture_output=True,
        text=True, timeout=60)


@pytest.mark.parametrize('verb', [(), *((verb,) for verb in VERBS)], ids=lambda v: ''.join(v))
def test_help_needs_neither_numpy_nor_opencv(verb):
    done = command(*verb, '--help', isolated=True)
    assert (done.returncode, done.stderr) == (0, '')
    assert done.stdout.startswith(' '.join(('usage: edgenext', *verb)))


@pytest.mark.parametrize('verb', [
    ('bench',), ('classify', 'a.jpg'), ('compile', 'a.onnx'), ('demo',),
    ('evaluate', '--data', '.'),
    ('models', 'list'), ('parameters',), ('runtimes',), ('train', '.', '--output', 'x'),
    ('verify', 'a.bin', '--against', 'a.onnx', '--pictures', '.')], ids=lambda verb: verb[0])
def test_unknown_argument_prints_the_usage_of_its_verb(capsys, verb):
    for unknown, says in (('--no-such-thing', '--no-such-thing'),
                          ('--jsom=x', '--jsom=x; did you mean --json?'),
                          ('--JSON', '--JSON; did you mean --json?')):
        with pytest.raises(SystemExit) as stop:
            main([*verb, unknown])
        error = capsys.readouterr().err
        name = 'models list' if verb[0] == 'models' else verb[0]
        assert stop.value.code == 2 and error.startswith(f'usage: edgenext {name} [-h]')
        assert error.endswith(f'unrecognized arguments: {says}\n')


@pytest.mark.parametrize('verb', [('classify', 'a.jpg'), ('evaluate', '--data', '.'),
                                  ('parameters',), ('runtimes',)], ids=lambda v: v[0])
def test_missing_numpy_is_one_line(verb):
    done = command(*verb, isolated=True)
    assert done.returncode == 2
    assert done.stderr.count('\n') == 1
    assert 'numpy' in done.stderr or 'cv2' in done.stderr


@pytest.mark.parametrize('installed, remedy', [
    ('2.2.6', '"pip install \'numpy<2\'"'), ('1.21.5', 'install python3-numpy')])
def test_opencv_built_for_another_numpy_is_one_line(tmp_path, installed, remedy):
    # OpenCV 4.5.4 with NumPy 2 fails like this: lines of NumPy, then an ImportError.
    (tmp_path / 'cv2.py').write_text(
        'import sys\n'
        'print("A module that was compiled using NumPy 1.x\\n" * 40, file=sys.stderr)\n'
        'raise ImportError("numpy.core.multiarray failed to import")\n')
    metadata = tmp_path / f'numpy-{installed}.dist-info'
    metadata.mkdir()
    (metadata / 'METADATA').write_text(f'Name: numpy\nVersion: {installed}\n')
    done = command('classify', 'a.jpg', folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count('\n') == 1
    assert 'OpenCV does not load: numpy.core.multiarray failed to import' in done.stderr
    assert remedy in done.stderr


@pytest.mark.parametrize('usable', [True, False])
def test_runtimes_says_that_the_simulator_is_slow(monkeypatch, capsys, usable):
    monkeypatch.setattr(select, 'probe', lambda name: select.Probe(name, usable, 'a detail'))
    assert main(['runtimes']) == (not usable)
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert lines['simulator'].endswith(f'; for checks: {SIMULATOR_TAKES}') == usable
    assert lines['onnx'].endswith(' a detail')


@pytest.mark.parametrize('version,command', [
    ('1.21.5', "pip install matplotlib 'numpy<2'"), ('2.2.6', 'pip install matplotlib')])
@pytest.mark.parametrize('arguments', [('evaluate', '--data', '.', '--html', 'page.html'),
                                       ('bench', '--plot', 'x.png')], ids=lambda words: words[0])
def test_install_hint_of_a_page_keeps_numpy_1(monkeypatch, capsys, arguments, version, command):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    monkeypatch.setattr(libraries, 'version', lambda name: version)
    assert main([*arguments]) == 2
    assert capsys.readouterr().err.endswith(f' needs matplotlib: {command}\n')


@pytest.mark.parametrize('version,limit', [('1.21.5', " 'numpy<2'"), ('2.2.6', '')])
@pytest.mark.parametrize('arguments,hint', [
    (('bench', 'host'), 'needs scipy: pip install scipy{}, or use ./dev bench'),
    (('train', '.', '--output', 'own'), ' missing: "pip install torch timm onnx{}", or "./dev')],
    ids=lambda value: value[0] if isinstance(value, tuple) else '')
def test_install_hint_of_missing_packages_keeps_numpy_1(
        monkeypatch, capsys, arguments, hint, version, limit):
    def missing():
        raise EngineUnavailableError('no tools here')

    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    monkeypatch.setattr(vendor_tools, 'find', missing)
    monkeypatch.setattr(libraries, 'version', lambda name: version)
    assert main([*arguments]) == 2
    assert hint.format(limit) in capsys.readouterr().err


def test_install_onnxruntime_keeps_numpy_1(monkeypatch):
    monkeypatch.setattr(libraries, 'version', lambda name: '1.21.5')
    assert libraries.install_onnxruntime() == "pip install onnxruntime 'numpy<2'"
    monkeypatch.setattr(libraries, 'version', lambda name: '2.2.6')
    assert libraries.install_onnxruntime() == 'pip install onnxruntime'
