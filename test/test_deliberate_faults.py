# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The deliberate faults fit the tree, and the script tells what became of each."""

import json
from pathlib import Path

import deliberate_faults
from deliberate_faults import BROKEN, CRASHED, FAILED, HUNG, main, PASSED, Run, run_of, SKIPPED
from faults import FAULTS
from faults.fault import Fault
import pytest

ROOT = Path(__file__).resolve().parent.parent

TREE = {
    'edgenext_ros/__init__.py': '',
    'edgenext_ros/half.py': 'def half(x):\n    if x < 0:\n        x = 0\n    return x // 2\n',
    'test/test_half.py': 'from edgenext_ros.half import half\n\n\n'
                         'def test_half_of_four():\n    assert half(4) == 2\n',
}


def fault(old, new):
    return Fault(f'half: {old}', 'edgenext_ros/half.py', old, new, ('test/test_half.py',),
                 'not slow')


def test_each_fault_applies_to_the_tree():
    reasons = {one.name: deliberate_faults.reason_not_to_apply(one, ROOT) for one in FAULTS}
    assert {name: reason for name, reason in reasons.items() if reason} == {}


def test_no_two_faults_have_a_name():
    assert len({one.name for one in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize('code,output,run', [
    (0, '3 passed in 0.1s\n', Run(PASSED)),
    (1, 'FAILED test/a/test_b.py::test_c[x-1] - assert 1 == 2\n1 failed in 0.1s\n',
     Run(FAILED, 'test_c')),
    (1, 'ERROR test/a/test_b.py::test_c - AssertionError\n1 error in 0.1s\n',
     Run(FAILED, 'test_c')),
    (1, 'FAILED test/b.py::test_c - Failed: Timeout (>30.0s) from pytest-timeout.\n1 failed\n',
     Run(HUNG, 'test_c')),
    (None, 'FAILED test/b.py::test_c - assert 0\n', Run(FAILED, 'test_c')),
    (None, '..', Run(HUNG, 'the test process, for 90 s')),
    (-11, '..', Run(CRASHED, 'SIGSEGV')),
    (0, 'SKIPPED [2] test/b.py:3: no compiler\n1 passed, 2 skipped in 0.1s\n',
     Run(SKIPPED, 'no compiler')),
    (2, 'ERROR test/b.py - ImportError\n1 error in 0.1s\n',
     Run(BROKEN, 'pytest ends with exit code 2: 1 error in 0.1s')),
    (4, 'ERROR: file or directory not found: x\n',
     Run(BROKEN, 'pytest ends with exit code 4: ERROR: file or directory not found: x')),
])
def test_outcome_of_a_run_of_tests(code, output, run):
    assert run_of(code, output) == run


@pytest.fixture
def plant(tmp_path, monkeypatch, capsys):
    """Return a function that plants faults in a small tree; it returns exit code and output."""
    for name, text in TREE.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding='utf-8')
    monkeypatch.setattr(deliberate_faults, 'ROOT', tmp_path)

    def plant_(*faults):
        monkeypatch.setattr(deliberate_faults, 'FAULTS', faults)
        code = main(['--json', str(tmp_path / 'results.json')])
        results = json.loads((tmp_path / 'results.json').read_text(encoding='utf-8'))
        return code, {one['name']: one['outcome'] for one in results}, capsys.readouterr().out

    return plant_


def test_fault_that_a_test_notices(plant):
    code, outcomes, output = plant(fault('x // 2', 'x // 3'))
    assert (code, outcomes) == (0, {'no fault, test/test_half.py': PASSED, 'half: x // 2': FAILED})
    assert 'half: x // 2: noticed by test_half_of_four' in output
    assert output.endswith('1 faults, all noticed\n')


def test_fault_that_is_not_noticed_or_does_not_apply_is_an_error(plant):
    code, outcomes, output = plant(fault('x = 0', 'x = 1'), fault('x', 'y'))
    assert code == 1
    assert outcomes == {
        'no fault, test/test_half.py': PASSED, 'half: x = 0': PASSED, 'half: x': BROKEN}
    assert '2 faults, 0 noticed\n' in output
    assert '  half: x = 0: NOT NOTICED\n' in output
    assert '  half: x: DOES NOT APPLY: edgenext_ros/half.py has its text 4 times\n' in output


@pytest.mark.parametrize('test,is_there', [
    ('test/test_half.py', True), ('test/test_half.py::test_half_of_four', True),
    ('test/test_half.py::test_half', False), ('test/test_third.py', False)])
def test_tests_of_a_fault_must_exist(plant, tmp_path, test, is_there):
    assert deliberate_faults.exists(test, tmp_path) is is_there


def test_no_fault_is_planted_where_tests_fail_without_one(plant, tmp_path):
    (tmp_path / 'test/test_half.py').write_text('def test_wrong():\n    assert False\n')
    code, outcomes, _ = plant(fault('x // 2', 'x // 3'))
    assert (code, outcomes) == (1, {'no fault, test/test_half.py': FAILED})
