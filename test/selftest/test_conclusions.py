# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Each likely cause stands once above the findings, with what to do."""

from edgenext_ros.selftest.colours import OTHER_FAULT
from edgenext_ros.selftest.conclusions import conclusions
from edgenext_ros.selftest.finding import Failure, Finding, Verdict
import pytest

STALE = 'a stale picture: its cache is not flushed'


def wrong(part, name, cause='', text='12 differ', **figures):
    return Finding(part, name, Verdict.WRONG, text, figures, cause)


def good(engine, part='right'):
    return Finding(part, f'{engine}: stored pictures', Verdict.GOOD, 'equal')


def loads(engine, verdict=Verdict.GOOD):
    return Finding('engines', f'{engine}: loads', verdict, 'text')


def held(engine):
    return Finding('fast', f'{engine}: GIL', Verdict.MEASURED, 'held', {'held': True})


WRONG_ANSWERS = [
    wrong('right', 'libdnn: stored pictures', STALE), wrong('right', 'libdnn: pictures in a row',
                                                            STALE),
    wrong('right', 'libdnn: two threads'), wrong('colours', 'libdnn: range of NV12', OTHER_FAULT)]


@pytest.mark.parametrize('others,advice', [
    ([], 'no other engine was tested.'),
    ([loads('libdnn'), loads('onnx', Verdict.UNTESTED)],
     'no other engine for a robot loads here.'),
    ([loads('libdnn'), loads('simulator'), good('simulator')],
     'no other engine for a robot loads here.'),
    ([loads('libdnn'), loads('onnx')], 'no other engine here gave right answers.'),
    ([wrong('colours', 'hobot_dnn: range of NV12', 'x')],
     'no other engine here gave right answers.'),
    ([good('hobot_dnn'), wrong('colours', 'hobot_dnn: range of NV12', 'x'), good('onnx')],
     'use onnx, whose answers are right (-p runtime:=onnx).'),
    ([good('hobot_dnn'), held('hobot_dnn'), held('libdnn')],
     'use hobot_dnn, whose answers are right (-p runtime:=hobot_dnn); hobot_dnn holds the GIL '
     "during each inference, which stops the node's other threads meanwhile."),
    ([good('hobot_dnn'), good('onnx', 'colours')],
     'use hobot_dnn or onnx, whose answers are right (-p runtime:=hobot_dnn).')])
def test_wrong_answers_of_an_engine_are_one_conclusion(others, advice):
    assert conclusions(WRONG_ANSWERS + others)[0] == (
        'The answers of libdnn are wrong (stored pictures, pictures in a row, two '
        f'threads, range of NV12): {STALE}. Do not use libdnn on this '
        f'machine until that is mended; {advice} Open an issue with this report.')


def test_wrong_answers_without_a_cause_are_said():
    (text,) = conclusions([WRONG_ANSWERS[2]])
    assert text.startswith('The answers of libdnn are wrong (two threads): 12 differ. ')


@pytest.mark.parametrize('figures,how', [
    ([{'opens': False}], 'missing'), ([{'failed': 24}], 'missing'),
    ([{'failed': 24, 'wrong': 0, 'different': 0}], 'missing'),
    ([{'failed': 1, 'wrong': 3}], 'wrong or missing'), ([{'different': 3}], 'wrong'),
    ([{'failed': 0, 'wrong': 3}], 'wrong'), ([{}], 'wrong'),
    ([{'different': 3}, {'opens': False}], 'wrong or missing'),
    ([{'different': 3}, {'failed': 24}], 'wrong or missing')])
def test_missing_answers_are_not_called_wrong(figures, how):
    (text,) = conclusions([wrong('right', f'libdnn: check {number}', **found)
                           for number, found in enumerate(figures)])
    assert text.startswith(f'The answers of libdnn are {how} (')


def test_each_other_cause_stands_once_with_its_findings():
    hot = wrong('machine', 'temperature', 'missing cooling')
    crash = Finding('right', 'onnx: crashes', Verdict.WRONG, 'It ended with SIGABRT.', {},
                    'a library that crashed', Failure.CRASH)
    assert conclusions([
        hot, crash, wrong('fast', 'libdnn: latency', 'slow core'), good('libdnn'),
        wrong('fast', 'onnx: latency', 'slow core'), wrong('fast', 'node', text='no result')]) == (
            'temperature: missing cooling.', 'onnx: crashes: a library that crashed.',
            'libdnn: latency, onnx: latency: slow core.')


def test_nothing_wrong_has_no_conclusion():
    assert conclusions([good('libdnn'), Finding(
        'fast', 'onnx: GIL', Verdict.MEASURED, 'held', cause='the module')]) == ()


@pytest.mark.parametrize('text', [
    'It ended with SIGABRT; it printed: likely cause: 3', 'two likely causes: none'])
def test_cause_is_not_taken_from_what_a_library_printed(text):
    (said,) = conclusions([wrong('fast', 'node', 'slow core', text)])
    assert said == 'node: slow core.'
    assert conclusions([wrong('fast', 'node', text=text)]) == ()
