# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parts run in their order, each gets the engines that load, and the whole is judged."""

from dataclasses import replace
from importlib import import_module

from edgenext_ros.choices import ENGINES
from edgenext_ros.engines import select
from edgenext_ros.selftest import engine_survey
from edgenext_ros.selftest.finding import Conditions, Finding, Verdict
from edgenext_ros.selftest.run import exit_code, run, SELFTEST_PARTS
from helpers.selftest_parts import BODIES, FIRST, make_part
import pytest

ENGINE_LINES = """for name in conditions.engines:
    yield Finding('', f'{name}: loads',
                  Verdict.GOOD if name != 'broken' else Verdict.UNTESTED, 'text')"""
ABORT_A = """if conditions.engines == ('a',):
    os.abort()"""
EACH = """for name in conditions.engines:
    yield Finding('', f'{name}: pictures', Verdict.GOOD, str(os.getpid()))"""


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_parts_are_those_of_the_package_in_order():
    assert [part.name for part in SELFTEST_PARTS] == [
        'machine', 'engines', 'right', 'fast', 'fast', 'fast', 'colours']
    assert all(callable(import_module(part.module).check) for part in SELFTEST_PARTS)


@pytest.mark.slow
def test_each_part_gets_the_engines_that_load(folder):
    parts = (make_part(folder, 'engines', ENGINE_LINES, per_engine=True),
             make_part(folder, 'right', EACH, per_engine=True), make_part(folder, 'fast', EACH))
    begun = []
    found = list(run(Conditions(engines=('a', 'broken', 'b')), parts, begin=begun.append))
    assert begun == ['engines', 'right', 'fast']
    assert [(one.part, one.name) for one in found] == [
        ('engines', 'a: loads'), ('engines', 'broken: loads'), ('engines', 'b: loads'),
        ('right', 'a: pictures'), ('right', 'b: pictures'),
        ('fast', 'a: pictures'), ('fast', 'b: pictures')]
    processes = [one.text for one in found[3:]]
    assert len(set(processes[:2])) == 2, 'a crash of an engine would end the checks of another'
    assert len(set(processes[2:])) == 1


@pytest.mark.slow
def test_parts_of_one_name_are_one_section(folder):
    """A crash while one engine is timed leaves the times of the others, and of the processor."""
    parts = (make_part(folder, 'engines', ENGINE_LINES, per_engine=True),
             make_part(folder, 'fast', f'{ABORT_A}\n{EACH}', per_engine=True),
             replace(make_part(folder, 'fast_host', BODIES['exits']), name='fast', subject='host'))
    begun = []
    found = list(run(Conditions(engines=('a', 'b')), parts, begin=begun.append))
    assert begun == ['engines', 'fast']
    assert [(one.part, one.name) for one in found[2:]] == [
        ('fast', 'a: crashes'), ('fast', 'b: pictures'), ('fast', 'a: checks'),
        ('fast', 'first'), ('fast', 'host: crashes')]
    assert 'The process of host ended with exit code 3' in found[-1].text


def test_parts_learn_which_answers_are_wrong(folder):
    parts = (make_part(folder, 'engines', ENGINE_LINES, per_engine=True),
             make_part(folder, 'right', (
                 "for name in conditions.engines:\n    yield Finding('', f'{name}: pictures', "
                 "Verdict.WRONG if name == 'onnx' else Verdict.GOOD, 'text')"), per_engine=True),
             make_part(folder, 'fast', (
                 "yield Finding('', 'a', Verdict.MEASURED, repr(conditions.wrong))")))
    *_, last = run(Conditions(engines=('libdnn', 'onnx')), parts)
    assert last.text == "('onnx',)"


@pytest.mark.slow
def test_failure_of_a_part_and_an_engine_leaves_the_others(folder):
    parts = (make_part(folder, 'engines', ENGINE_LINES, per_engine=True),
             make_part(folder, 'right', f'{ABORT_A}\n{EACH}', per_engine=True),
             make_part(folder, 'fast', BODIES['raises']),
             make_part(folder, 'colours', EACH, per_engine=True))
    found = list(run(Conditions(engines=('a', 'b')), parts))
    assert [(one.name, one.verdict) for one in found[2:]] == [
        ('a: crashes', Verdict.WRONG), ('b: pictures', Verdict.GOOD),
        ('a: checks', Verdict.UNTESTED), ('first', Verdict.GOOD),
        ('fast: stops early', Verdict.WRONG),
        ('b: pictures', Verdict.GOOD)]


def test_without_an_engine_only_the_parts_of_the_machine_run(folder):
    parts = (make_part(folder, 'engines', ENGINE_LINES, per_engine=True),
             make_part(folder, 'right', EACH, per_engine=True),
             make_part(folder, 'fast', FIRST))
    found = list(run(Conditions(engines=('broken',)), parts))
    assert [one.name for one in found] == ['broken: loads', 'first']
    assert exit_code(found) == 2


@pytest.mark.slow
@pytest.mark.parametrize('asked,wrong', [(('onnx',), False), (tuple(ENGINES), True)])
def test_board_is_judged_by_the_engines_that_were_asked_for(monkeypatch, folder, asked, wrong):
    (folder / 'dev').mkdir()
    (folder / 'dev' / 'bpu0').touch()
    monkeypatch.setattr(engine_survey.judge_board, '__defaults__', (folder,))
    part = make_part(folder, 'engines', ENGINE_LINES.replace("!= 'broken'", "== 'onnx'"))
    found = list(run(Conditions(engines=asked), (part,)))
    assert exit_code(found) == (1 if wrong else 2)
    assert (found[-1].name == 'BPU: an engine uses it') is wrong


@pytest.mark.parametrize('verdicts,code', [
    ([], 2), ([('machine', Verdict.MEASURED), ('engines', Verdict.GOOD)], 2),
    ([('fast', Verdict.MEASURED), ('right', Verdict.UNTESTED)], 2),
    ([('right', Verdict.MEASURED)], 2), ([('right', Verdict.GOOD), ('fast', Verdict.UNTESTED)], 0),
    ([('colours', Verdict.GOOD)], 0), ([('right', Verdict.GOOD), ('fast', Verdict.WRONG)], 1),
    ([('engines', Verdict.WRONG)], 1)])
def test_exit_code(verdicts, code):
    assert exit_code(Finding(part, str(number), verdict, 'text')
                     for number, (part, verdict) in enumerate(verdicts)) == code


def test_survey_asks_every_engine():
    said = []
    found = list(engine_survey.check(Conditions(engines=tuple(ENGINES), progress=said.append)))
    assert [one.name for one in found] == [f'{name}: loads' for name in ENGINES]
    assert len(said) == len(ENGINES)
    assert all(one.text for one in found)
    assert engine_survey.loaded(found) == tuple(
        name for name, one in zip(ENGINES, found, strict=True) if one.verdict is Verdict.GOOD)


@pytest.mark.parametrize('board,name,usable,text', [
    (True, 'onnx', False, 'not needed on a board: none'), (True, 'libdnn', False, 'none'),
    (True, 'simulator', False, 'not needed on a board: none'), (True, 'onnx', True, 'none'),
    (False, 'onnx', False, 'none')])
def test_engine_that_a_board_does_not_need_is_no_loss(
        monkeypatch, tmp_path, board, name, usable, text):
    monkeypatch.setattr(select, 'probe', lambda name: select.Probe(name, usable, 'none'))
    if board:
        (tmp_path / 'dev').mkdir()
        (tmp_path / 'dev' / 'bpu0').touch()
    (found,) = engine_survey.check(Conditions((name,)), tmp_path)
    assert found.text == text


@pytest.mark.parametrize('devices,asked,engines,wrong', [
    ((), ENGINES, ('onnx',), False), (('bpu0',), ENGINES, ('onnx', 'libdnn'), False),
    (('bpu0',), ENGINES, ('onnx', 'simulator'), True), (('bpu0', 'bpu_core0'), ENGINES, (), True),
    (('bpu0',), ('onnx',), ('onnx',), False), (('bpu0',), ('libdnn', 'onnx'), ('onnx',), False)])
def test_board_whose_bpu_no_engine_uses_is_wrong(tmp_path, devices, asked, engines, wrong):
    (tmp_path / 'dev').mkdir()
    for device in devices:
        (tmp_path / 'dev' / device).touch()
    found = list(engine_survey.judge_board(tmp_path, asked=asked, loading=engines))
    assert [one.verdict for one in found] == [Verdict.WRONG] * wrong
    assert not wrong or '/dev/bpu0' in found[0].text
