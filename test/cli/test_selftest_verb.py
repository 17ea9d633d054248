# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The verb selftest: screen, files and exit code; Ctrl-C and signals keep what was found."""

import json
import os
from pathlib import Path
from select import select
import signal
import subprocess
import sys

from edgenext_ros.cli import main
from edgenext_ros.selftest import run as run_module
from edgenext_ros.selftest.finding import Verdict
from helpers.selftest_parts import BODIES, FIRST, make_part
import pytest

ROOT = Path(__file__).resolve().parents[2]
WRONG_AND_WAIT = """yield Finding('', 'second', Verdict.WRONG, f'Expected 1, found {os.getpid()}.')
signal.pause()"""


@pytest.fixture
def parts(monkeypatch, tmp_path):
    """Return a function that replaces the parts of the self-test, by name and body."""
    folder = tmp_path / 'parts'
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))

    def replace(**bodies):
        monkeypatch.setattr(run_module, 'SELFTEST_PARTS', tuple(
            make_part(folder, name, body) for name, body in bodies.items()))
    return replace


@pytest.mark.parametrize('body,code,headline', [
    (BODIES['good'], 0, 'all well'), (BODIES['wrong'], 1, '1 check is wrong'),
    (BODIES['crashes'], 1, '1 check is wrong'),
    ('yield from ()', 2, 'no engine could be tested'),
    (BODIES['missing'].replace(FIRST, ''), 2, 'no engine could be tested')])
def test_exit_code_screen_and_files_agree(parts, tmp_path, capsys, body, code, headline):
    parts(right=body)
    figures = tmp_path / 'figures.json'
    assert main(['selftest', '--output', str(tmp_path), '--json', str(figures)]) == code
    screen = capsys.readouterr()
    first, *_, counts, last = screen.out.splitlines()
    assert first == f'verdict: {headline}'
    assert str(tmp_path / 'edgenext_selftest.md') in last
    assert '0 s  right ...' in screen.err
    report = json.loads((tmp_path / 'edgenext_selftest.json').read_text())
    assert report == json.loads(figures.read_text())
    assert report['verdict'] == headline and report['finished'] and not report['interrupted']
    for verdict in Verdict:
        found = sum(one['verdict'] == verdict.value for one in report['findings'])
        assert f'{found} {verdict.value}' in counts
    assert (tmp_path / 'edgenext_selftest.md').read_text().startswith(
        f'# edgenext selftest: {headline}\n')


def test_wrong_finding_is_said_at_once_and_at_the_end(parts, tmp_path, capsys):
    parts(right=BODIES['wrong'], fast=BODIES['good'])
    assert main(['selftest', '--output', str(tmp_path)]) == 1
    screen = capsys.readouterr()
    assert '  wrong: right, second: Expected 1, found 2.' in screen.out.splitlines()
    assert screen.err.index('wrong: right, second') < screen.err.index('fast ...')


@pytest.mark.parametrize('words,said', [
    ([], ('libdnn', 'hbm_runtime', 'hobot_dnn', 'onnx', 'simulator', 'False', 'False')),
    (['--quick', '--engines', 'onnx', 'libdnn', 'onnx'], ('onnx', 'libdnn', 'True', 'False')),
    (['--beside', '--engines', 'simulator'], ('simulator', 'False', 'True'))])
def test_options_reach_the_parts(parts, tmp_path, words, said):
    parts(machine="yield Finding('', 'options', Verdict.MEASURED, ' '.join("
                  '(*conditions.engines, str(conditions.quick), str(conditions.beside))))')
    assert main(['selftest', '--output', str(tmp_path), *words]) == 2
    report = json.loads((tmp_path / 'edgenext_selftest.json').read_text())
    assert report['findings'][0]['text'] == ' '.join(said)
    assert report['command'].startswith('edgenext selftest --output ')


@pytest.mark.parametrize('words,code,error', [
    (['--output', 'nowhere'], 2, '--output nowhere: expected a folder that exists'),
    (['--output', __file__], 2, 'expected a folder that exists'),
    (['--json', 'nowhere/figures.json'], 2, 'nowhere')])
def test_folder_that_cannot_be_written_is_one_line(parts, capsys, words, code, error):
    parts(right='raise SystemExit("must not start")')
    assert main(['selftest', *words]) == code
    screen = capsys.readouterr()
    assert error in screen.err and screen.err.count('\n') == 1


def test_full_disk_during_the_test_puts_the_report_on_the_screen(parts, tmp_path, capsys):
    parts(machine=BODIES['good'], right=f"os.mkdir('{tmp_path}/edgenext_selftest.md.part')\n"
                                        f'{BODIES["wrong"]}')
    assert main(['selftest', '--output', str(tmp_path)]) == 1
    first, *lines = capsys.readouterr().out.splitlines()
    assert first == 'verdict: 1 check is wrong'
    begin = lines.index(f'{tmp_path}: the report cannot be written (Is a directory), so it stands '
                        'here:')
    assert lines[begin + 2] == '# edgenext selftest: 1 check is wrong'
    assert lines[-1] == '' or lines[-1].startswith(('|', '-', '<'))


def test_unknown_engine_is_refused(capsys):
    with pytest.raises(SystemExit) as stop:
        main(['selftest', '--engines', 'tpu'])
    assert stop.value.code == 2
    assert 'libdnn' in capsys.readouterr().err


def test_private_texts_stay_off_screen_and_files(parts, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('USER', 'annabel')
    parts(right="conditions.progress('reads /home/annabel/a')\n"
                "yield Finding('', 'x', Verdict.WRONG, 'annabel at 10.1.2.3', {'annabel': 1})\n"
                "raise RuntimeError('/home/annabel/b')")
    folder = tmp_path / 'annabel'
    folder.mkdir()
    assert main(['selftest', '--output', str(folder)]) == 1
    screen = capsys.readouterr()
    # The last line tells the user where the report is.
    texts = [screen.err, *screen.out.splitlines()[:-1],
             *(path.read_text() for path in folder.iterdir())]
    assert 'reads' in screen.err and not [
        text for text in texts if 'annabel' in text or '10.1.2.3' in text]


@pytest.mark.slow
@pytest.mark.parametrize('number,code,headline', [
    (signal.SIGINT, 130, 'interrupted during right; until then 1 check is wrong'),
    (signal.SIGTERM, 143, 'not finished, right runs; until now 1 check is wrong'),
    (signal.SIGKILL, -9, 'not finished, right runs; until now 1 check is wrong')])
def test_signal_keeps_what_was_found(tmp_path, number, code, headline):
    make_part(tmp_path, 'right', f'{FIRST}\n{WRONG_AND_WAIT}')
    script = (
        'import sys\n'
        'from edgenext_ros.cli import main\n'
        'from edgenext_ros.selftest import run\n'
        'from edgenext_ros.selftest.part_process import SelfTestPart\n'
        "run.SELFTEST_PARTS = (SelfTestPart('right', 'part_right'),)\n"
        "sys.argv[1:] = ['selftest', '--output', '.']\n"
        'sys.exit(main())')
    process = subprocess.Popen(
        [sys.executable, '-c', script], cwd=tmp_path, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join((str(ROOT), str(tmp_path)))})
    for line in process.stderr:
        if 'wrong: right, second' in line:
            break
    found = json.loads((tmp_path / 'edgenext_selftest.json').read_text())['findings']
    worker = os.pidfd_open(int(found[1]['text'].strip('.').split()[-1]))
    process.send_signal(number)
    said, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (code, '')
    report = json.loads((tmp_path / 'edgenext_selftest.json').read_text())
    assert [one['name'] for one in report['findings']] == ['first', 'second']
    assert report['verdict'] == headline
    assert report['interrupted'] == (number == signal.SIGINT)
    assert (tmp_path / 'edgenext_selftest.md').read_text().startswith(
        f'# edgenext selftest: {headline}\n')
    assert (f'verdict: {headline}' in said) == (number == signal.SIGINT)
    assert select([worker], [], [], 30)[0], 'the process of the part did not end'
    os.close(worker)


def test_each_step_is_shown(parts, tmp_path, capsys):
    parts(fast="for step in ('640x480 frames', '1920x1080 frames', 'threads'):\n"
               '    conditions.progress(step)\nyield from ()')
    assert main(['selftest', '--output', str(tmp_path)]) == 2
    assert [line[10:] for line in capsys.readouterr().err.splitlines()] == [
        'fast ...', 'fast: first step', 'fast: 640x480 frames', 'fast: 1920x1080 frames',
        'fast: threads']
