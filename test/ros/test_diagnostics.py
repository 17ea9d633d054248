# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What is said of problems, and that nothing is made for nobody."""

from dataclasses import replace

from edgenext_ros.core.classifier import Timings
from edgenext_ros.engines.base import ModelInfo
from edgenext_ros.ros import diagnostics, health, log_limits, statistics as statistics_module
from edgenext_ros.ros.node import ClassifierNode
from edgenext_ros.ros.settings import ClassifierSettings
from edgenext_ros.ros.snapshot import Snapshot
import pytest

TIMINGS = Timings(1.0, 1.0, 1.0)
NOW = statistics_module.StatisticsReport(
    statistics_module.Counts(), fps=9.5, image_age=0.1, result_age_ms=1.0, timings=None,
    problem='')


@pytest.mark.parametrize('changes,state,level,sentence', [
    ({}, {}, 0, '9.5 classifications a second'),
    ({'problem': 'bad', 'failing': 0}, {}, 1, 'bad'),
    ({'problem': 'bad', 'failing': 2}, {}, 1, 'bad'),
    ({'problem': 'bad', 'failing': 3}, {}, 2, 'bad'),
    ({}, {'busy': 4.9}, 0, '9.5 '), ({}, {'busy': 5.1}, 1, 'a frame has been in work for 5 s'),
    ({}, {'busy': 6.0, 'patience': 20.0}, 0, '9.5 '), ({}, {'busy': 1.0, 'patience': 0.5}, 1, ''),
    ({}, {'busy': 21.0, 'patience': 20.0}, 1, 'a frame has been in work for 21 s'),
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
    ({}, {'state': 'unconfigured'}, 0, 'unconfigured'),
    ({}, {'state': 'unconfigured', 'failure': 'configure failed: no model'}, 2,
     'configure failed: no model'),
    ({}, {'failure': 'deactivate failed: a bug'}, 0, '9.5 '),
    ({'empty': True}, {'threshold': 0.999}, 0,
     '9.5 classifications a second, none over score_threshold 0.999'),
    ({'empty': True, 'problem': 'bad'}, {'threshold': 0.999}, 1, 'bad'),
])
def test_level_and_sentence_of_the_diagnostics(changes, state, level, sentence):
    settings = ClassifierSettings(score_threshold=state.pop('threshold', 0.0))
    model = ModelInfo('net', 'stand-in', 224, 224, 100, patience_s=state.pop('patience', 5.0))
    options = {'waited': state.pop('waited', 100.0), 'why': state.pop('why', '')}
    now = Snapshot(**{'state': 'active', 'enabled': True, 'failure': '', **state},
                   settings=settings, model=model)
    found = diagnostics.assess(replace(NOW, **changes), now, **options)
    assert found[0] == level
    assert found[1].startswith(sentence)


@pytest.fixture
def clock(monkeypatch):
    """Make the time stand still; the list's one value is the time."""
    now = [100.0]
    for module in (log_limits, statistics_module):
        monkeypatch.setattr(module, 'monotonic', lambda: now[0])
    return now


def test_a_problem_is_logged_at_once_but_not_again_for_a_while(clock):
    limiter = log_limits.LogLimiter()
    assert limiter.should_log('first')
    assert not limiter.should_log('first')
    assert limiter.should_log('second')
    clock[0] += 4.9
    assert not limiter.should_log('first')
    clock[0] += 0.2
    assert limiter.should_log('first')


def test_a_flood_of_new_problems_is_cut_off(clock):
    limiter = log_limits.LogLimiter()
    said = [limiter.should_log(f'problem {number}') for number in range(100)]
    assert said == [True] * 20 + [False] * 80
    clock[0] += 5
    assert limiter.should_log('problem 99')


def test_the_first_good_frame_after_a_logged_problem_is_told(clock):
    limiter = log_limits.LogLimiter()
    assert not limiter.recovered()
    limiter.should_log('first')
    limiter.should_log('second')
    assert limiter.recovered()
    assert not limiter.recovered()
    limiter.should_log('first')
    assert not limiter.recovered(), 'nothing was logged, so there is nothing to take back'


def test_no_message_is_made_while_nobody_listens_but_the_rate_goes_on(ros, monkeypatch):
    monkeypatch.setattr(health, 'diagnostic_message', lambda *_, **__: pytest.fail('it was made'))
    node = ClassifierNode(context=ros.context)
    try:
        for empty in (True, False):
            node.statistics.count_result(TIMINGS, 0.0, empty=empty)
        node.health.update()
        node.statistics.count_result(TIMINGS, 0.0, empty=True)
        report = node.statistics.report()
        assert (report.counts.classified, report.counts.empty, report.empty) == (3, 2, True)
    finally:
        node.destroy_node()


def results_at(clock, statistics, *, every, seconds):
    """Count a result each so many seconds, look once a second, and return the rates seen."""
    end, due, rates = clock[0] + seconds, clock[0] + every, []
    while clock[0] < end:
        look = clock[0] + 1.0
        while due <= look:
            clock[0] = due
            statistics.count_result(TIMINGS, 0.0)
            due += every
        clock[0] = look
        rates.append(round(statistics.report().fps, 6))
    return rates


@pytest.mark.parametrize('every,rate', [(0.125, 8.0), (1.0, 1.0), (2.0, 0.5), (5.0, 0.2)])
def test_the_rate_of_steady_results_is_steady(clock, every, rate):
    statistics = statistics_module.Statistics()
    results_at(clock, statistics, every=every, seconds=10)
    assert set(results_at(clock, statistics, every=every, seconds=20)) == {rate}


@pytest.mark.parametrize('every,after', [(0.125, 2), (2.0, 5)])
def test_the_rate_falls_to_zero_when_results_end_and_begins_anew(clock, every, after):
    statistics = statistics_module.Statistics()
    results_at(clock, statistics, every=every, seconds=12)
    clock[0] += after
    assert statistics.report().fps == 0.0
    clock[0] += 60
    results_at(clock, statistics, every=0.25, seconds=1)
    assert statistics.report().fps == pytest.approx(4.0)


def test_that_all_results_are_empty_holds_until_one_is_not(clock):
    statistics = statistics_module.Statistics()

    def look(*empty):
        for one in empty:
            statistics.count_result(TIMINGS, 0.0, empty=one)
        return statistics.report().empty

    assert [look(), look(True, True), look(), look(True, False), look(), look(False)] == [
        False, True, True, False, False, False]
    assert statistics.report().counts.empty == 3
    look(True)
    statistics.reset_counts()
    assert not look() and statistics.report().counts.empty == 0
