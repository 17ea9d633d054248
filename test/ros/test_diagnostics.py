# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is said of problems, and that nothing is made for nobody."""

from dataclasses import replace

from edgenext_ros.core.classifier import Timings
from edgenext_ros.ros import diagnostics, watch
from edgenext_ros.ros.node import ClassifierNode
import pytest


NOW = diagnostics.Report(
    diagnostics.Counts(), fps=9.5, image_age=0.1, result_age_ms=1.0, timings=None, problem='')


@pytest.mark.parametrize('changes,state,level,sentence', [
    ({}, {}, 0, '9.5 classifications a second'),
    ({'problem': 'bad', 'failing': 0}, {}, 1, 'bad'),
    ({'problem': 'bad', 'failing': 2}, {}, 1, 'bad'),
    ({'problem': 'bad', 'failing': 3}, {}, 2, 'bad'),
    ({}, {'busy': 4.9}, 0, '9.5 '), ({}, {'busy': 5.1}, 1, 'a frame has been in work for 5 s'),
    ({}, {'busy': 61.0}, 2, 'a frame has been in work for 61 s: the engine hangs'),
    ({'image_age': 9.0}, {'busy': 61.0}, 2, 'a frame has been in work'),
    ({'image_age': 3.0}, {}, 1, 'no image for 3 s'), ({'image_age': 9.0}, {}, 2, 'no image'),
    ({'image_age': 3.0}, {'why': 'nobody publishes /image'}, 1,
     'no image for 3 s: nobody publishes /image'),
    ({'image_age': None}, {'waited': 5.0, 'why': 'unplugged'}, 1,
     'no image for 5 s, none since the start: unplugged'),
    ({'image_age': 50.0}, {'waited': 1.0}, 0, '9.5 '),
    ({}, {'busy': 61.0, 'enabled': False}, 0, 'paused by set_enabled'),
    ({}, {'busy': 61.0, 'state': 'inactive'}, 0, 'inactive'),
])
def test_how_the_node_is(changes, state, level, sentence):
    found = diagnostics.judge(replace(NOW, **changes), **{
        'state': 'active', 'enabled': True, 'waited': 100.0, 'timeout': 2.0, **state})
    assert found[0] == level
    assert found[1].startswith(sentence)


@pytest.fixture
def clock(monkeypatch):
    """Make the time stand still; the list's one value is the time."""
    now = [100.0]
    monkeypatch.setattr(diagnostics, 'monotonic', lambda: now[0])
    return now


def test_a_problem_is_logged_at_once_but_not_again_for_a_while(clock):
    complaints = diagnostics.Complaints()
    assert complaints.deserves_a_line('first')
    assert not complaints.deserves_a_line('first')
    assert complaints.deserves_a_line('second')
    clock[0] += 4.9
    assert not complaints.deserves_a_line('first')
    clock[0] += 0.2
    assert complaints.deserves_a_line('first')


def test_a_flood_of_new_problems_is_cut_off(clock):
    complaints = diagnostics.Complaints()
    said = [complaints.deserves_a_line(f'problem {number}') for number in range(100)]
    assert said == [True] * 20 + [False] * 80
    clock[0] += 5
    assert complaints.deserves_a_line('problem 99')


def test_the_first_good_frame_after_a_logged_problem_is_told(clock):
    complaints = diagnostics.Complaints()
    assert not complaints.settle()
    complaints.deserves_a_line('first')
    complaints.deserves_a_line('second')
    assert complaints.settle()
    assert not complaints.settle()
    complaints.deserves_a_line('first')
    assert not complaints.settle(), 'nothing was logged, so there is nothing to take back'


def test_no_message_is_made_while_nobody_listens_but_the_rate_goes_on(ros, monkeypatch):
    monkeypatch.setattr(watch, 'diagnostic_message', lambda *_, **__: pytest.fail('it was made'))
    node = ClassifierNode(context=ros.context)
    try:
        node.statistics.count_result(Timings(1.0, 1.0, 1.0), 0.0)
        node.watch.look()
        report = node.statistics.report()
        assert (report.counts.classified, report.fps) == (1, 0.0)
    finally:
        node.destroy_node()
