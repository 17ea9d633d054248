# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A part runs in a process of its own: what it finds is kept, however it ends."""

import os
import re
from time import monotonic

from edgenext_ros.selftest import part_process
from edgenext_ros.selftest.finding import Conditions, Finding, Verdict
from helpers.selftest_parts import BODIES, FIRST, make_part
import pytest

SILENCE_S = 10.0
SAY_PID = "conditions.progress(f'pid {os.getpid()}')"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    """Put a folder on the path, which the process of a part gets too."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(part_process, '_PATIENCE_S', 1.0)
    return tmp_path


def found_by(part, silence_s=SILENCE_S, **conditions):
    return list(part_process.findings(
        part, Conditions(**{'engines': ('onnx',), **conditions}), silence_s=silence_s))


@pytest.mark.parametrize('kind,name,verdict,words', [
    ('missing', 'right: stops early', Verdict.UNTESTED,
     'stopped at an error; the last step was: first step. EngineUnavailableError: there is no '
     'libdnn: install it'),
    ('raises', 'right: stops early', Verdict.WRONG,
     'ValueError: two lines (because of OSError: the cause)'),
    ('crashes', 'right: crashes', Verdict.WRONG,
     'ended with SIGABRT; the last step was: first step; it printed: last words; likely cause: a '
     'library that crashed.'),
    ('exits', 'right: crashes', Verdict.WRONG, 'ended with exit code 3'),
])
def test_failure_is_a_finding_after_the_earlier_ones(folder, kind, name, verdict, words):
    first, last = found_by(make_part(folder, 'right', BODIES[kind]))
    assert first == Finding('right', 'first', Verdict.GOOD, 'The first check passed.')
    assert (last.part, last.name, last.verdict) == ('right', name, verdict)
    assert words in last.sentence
    assert '\n' not in last.text and 'Traceback' not in last.text


@pytest.mark.slow
@pytest.mark.parametrize('kind', ['hangs', 'holds the GIL', 'cannot be ended'])
def test_hang_is_a_finding_and_its_process_ends(folder, kind):
    part = make_part(folder, 'fast', f'{SAY_PID}\n{BODIES[kind]}', per_engine=True)
    said = []
    first, last = found_by(part, silence_s=3.0, progress=said.append)
    assert first.name == 'first'
    assert (last.name, last.verdict) == ('onnx: hangs', Verdict.WRONG)
    assert re.search(r'Nothing was heard for 3 s, .* the last step was: pid \d+\.', last.text)
    with pytest.raises(ProcessLookupError):
        os.kill(int(said[-1].split()[1]), 0)


@pytest.mark.slow
def test_progress_keeps_a_slow_part_alive(folder):
    """The limit is on silence, not on the time of a part."""
    part = make_part(folder, 'fast', (
        'import threading\nfor number in range(8):\n'
        '    threading.Event().wait(0.5)\n    conditions.progress(str(number))\n' + FIRST))
    assert [found.name for found in found_by(part, silence_s=3.0)] == ['first']


def test_conditions_and_figures_pass_the_border(folder):
    part = make_part(folder, 'fast', (
        'import numpy as np\n'
        "yield Finding('', 'a', Verdict.MEASURED, repr(conditions.engines + conditions.wrong), {\n"
        "    'quick': conditions.quick, 'beside': conditions.beside, 'none': None,\n"
        "    'single': np.float32(1.5), 'count': np.int64(3), 'flag': np.bool_(True)},\n"
        "    'a cause')"))
    (found,) = found_by(part, engines=('onnx', 'libdnn'), quick=True, wrong=('onnx',))
    assert found == Finding('fast', 'a', Verdict.MEASURED, "('onnx', 'libdnn', 'onnx')", {
        'quick': True, 'beside': False, 'none': None, 'single': 1.5, 'count': 3, 'flag': True},
        'a cause')


def test_output_of_libraries_is_a_finding_and_stays_off_the_screen(folder, capfd):
    """The vendor's libraries print their versions, and the reasons of errors that they return."""
    part = make_part(folder, 'right', per_engine=True, body=(
        f"os.write(1, b'version 1\\n')\n{FIRST}\nos.write(2, b'  reason\\n')"))
    first, said = found_by(part)
    assert first.name == 'first'
    assert said == Finding('right', 'onnx: what it printed', Verdict.MEASURED,
                           'version 1 / reason')
    assert capfd.readouterr() == ('', '')


def test_long_output_is_cut_in_the_middle(folder):
    part = make_part(folder, 'fast', (
        "for number in range(20_000):\n    print(f'line {number}', 'x' * 300)\n" + FIRST))
    lines = found_by(part)[-1].text.split(' / ')
    assert [line.split()[:2] for line in lines[:4]] == [['line', str(n)] for n in range(4)]
    assert lines[4] == '...'
    assert [line.split()[1] for line in lines[5:]] == [str(n) for n in range(19_994, 20_000)]
    assert max(map(len, lines)) == 200


@pytest.mark.parametrize('before,after', [
    (' ' + 195 * 'x' + ' ', ''), (3_990 * '\n' + 'at ', 9_000 * '\n'),
    (9_000 * '\n', '\nat' + 3_993 * '\n')])
def test_name_that_is_cut_is_not_printed(folder, monkeypatch, before, after):
    monkeypatch.setenv('USER', 'annabella')
    (_, said) = found_by(make_part(
        folder, 'fast', f"{FIRST}\nos.write(1, {(before + 'annabella' + after).encode()!r})"))
    assert not re.search('an+a|el+a', said.text)


def test_module_that_is_missing_or_broken_is_a_finding(folder):
    part = make_part(folder, 'right', 'this is no Python')
    (broken,) = found_by(part)
    assert broken.verdict is Verdict.WRONG and 'SyntaxError' in broken.text
    (missing,) = found_by(part_process.SelfTestPart('right', 'no_such_module'))
    assert missing.verdict is Verdict.UNTESTED
    assert "ModuleNotFoundError: No module named 'no_such_module'" in missing.text


def test_closing_the_findings_ends_the_process(folder):
    said = []
    found = part_process.findings(
        make_part(folder, 'right', f'{SAY_PID}\n{BODIES["hangs"]}'),
        Conditions(engines=(), progress=said.append), silence_s=SILENCE_S)
    assert next(found).name == 'first'
    found.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(said[-1].split()[1]), 0)


RIGHT_ON_A_SLOW_ENGINE = """
from pathlib import Path
import time
from edgenext_ros.selftest import right, under_test
from helpers import faulty_engines
from helpers.engine_faults import Healthy

class Slow(faulty_engines.FaultyEngine):
    def close(self):
        if self._pool is not None:
            Path({closed!r}).touch()
        super().close()

steps = []

def open_model(model, **more):
    engine = Slow(Healthy)
    return engine, engine.open(model, None)

def infer(*picture):
    scores = under_test_infer(*picture)
    if {step!r} in steps[-1]:
        if 'runs' not in steps:
            steps.insert(0, 'runs')
            conditions.progress('runs')
        time.sleep(0.2)
    return scores

def progress(text):
    steps.append(text)
    conditions.progress(text)

under_test_infer, under_test.infer, under_test.open_model = under_test.infer, infer, open_model
yield from right.check(Conditions(engines=('libdnn',), progress=progress))"""


@pytest.mark.parametrize('step', ['stored pictures', 'in a row', 'two threads'])
def test_interrupt_ends_the_answers_soon_and_closes_the_engine(folder, monkeypatch, step):
    monkeypatch.setattr(part_process, '_PATIENCE_S', 5.0)
    begun = []

    def progress(text):
        if text == 'runs':
            begun.append(monotonic())
            raise KeyboardInterrupt

    body = RIGHT_ON_A_SLOW_ENGINE.format(closed=str(folder / 'closed'), step=step)
    with pytest.raises(KeyboardInterrupt):
        found_by(make_part(folder, 'right', body), progress=progress)
    assert monotonic() - begun[0] < 2
    assert (folder / 'closed').exists()


def test_second_ctrl_c_kills_a_process_that_does_not_end(folder, monkeypatch):
    said, waits = [], []
    wait = part_process._wait

    def interrupted(process):
        waits.append(process)
        if len(waits) == 1:
            raise KeyboardInterrupt
        wait(process)

    found = part_process.findings(
        make_part(folder, 'right', f'{SAY_PID}\n{BODIES["cannot be ended"]}'),
        Conditions(engines=(), progress=said.append), silence_s=SILENCE_S)
    next(found)
    monkeypatch.setattr(part_process, '_wait', interrupted)
    with pytest.raises(KeyboardInterrupt):
        found.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int(said[-1].split()[1]), 0)
