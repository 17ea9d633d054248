# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Diagnostics and statistics of the classifier, and the limits of its log."""

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
    ({}, {'busy': 6.0, 'timeout': 20.0}, 0, '9.5 '), ({}, {'busy': 1.0, 'timeout': 0.5}, 1, ''),
    ({}, {'busy': 21.0, 'timeout': 20.0}, 1, 'a frame has been in work for 21 s'),
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
    ({'image_age': 50.0, 'problem': 'bad'}, {'idle': True}, 0, 'idle: lazy is true, and nobody'),
    ({'image_age': None}, {'idle': True, 'waited': 500.0}, 0, 'idle: '),
    # Somebody listens to a result, but the subscription fails.
    ({'image_age': 50.0}, {'listens': False}, 2, 'no image for 50 s'),
    ({}, {'idle': True, 'enabled': False}, 0, 'paused by set_enabled'),
    ({}, {'idle': True, 'state': 'inactive'}, 0, 'inactive'),
    ({}, {'idle': True, 'busy': 61.0}, 2, 'a frame has been in work for 61 s'),
    ({}, {'state': 'unconfigured'}, 0, 'unconfigured'),
    ({}, {'state': 'unconfigured', 'failure': 'configure failed: no model'}, 2,
     'configure failed: no model'),
    ({}, {'failure': 'deactivate failed: a bug'}, 0, '9.5 '),
    ({'empty': True}, {'threshold': 0.999}, 0,
     '9.5 classifications a second, none over score_threshold 0.999'),
    ({'empty': True, 'problem': 'bad'}, {'threshold': 0.999}, 1, 'bad'),
])
def test_assess_returns_level_and_sentence(changes, state, level, sentence):
    settings = ClassifierSettings(score_threshold=state.pop('threshold', 0.0))
    model = ModelInfo('net', 'stand-in', 224, 224, 100, hang_timeout_s=state.pop('timeout', 5.0))
    options = {'waited': state.pop('waited', 100.0), 'why': state.pop('why', '')}
    now = Snapshot(**{'state': 'active', 'enabled': True, 'failure': '', **state},
                   settings=settings, model=model)
    found = diagnostics.assess(replace(NOW, **changes), now, **options)
    assert found[0] == level
    assert found[1].startswith(sentence)


@pytest.fixture
def clock(monkeypatch):
    """Stop the time; the only value of the list is the time in seconds."""
    now = [100.0]
    for module in (log_limits, statistics_module):
        monkeypatch.setattr(module, 'monotonic', lambda: now[0])
    return now


def test_log_limiter_repeats_a_problem_only_after_a_while(clock):
    limiter = log_limits.LogLimiter()
    assert limiter.should_log('first')
    assert not limiter.should_log('first')
    assert limiter.should_log('second')
    clock[0] += 4.9
    assert not limiter.should_log('first')
    clock[0] += 0.2
    assert limiter.should_log('first')


def test_log_limiter_limits_different_problems(clock):
    limiter = log_limits.LogLimiter()
    logged = [limiter.should_log(f'problem {number}') for number in range(100)]
    assert logged == [True] * 20 + [False] * 80
    clock[0] += 5
    assert limiter.should_log('problem 99')


def test_log_limiter_reports_recovery_once(clock):
    limiter = log_limits.LogLimiter()
    assert not limiter.recovered()
    limiter.should_log('first')
    limiter.should_log('second')
    assert limiter.recovered()
    assert not limiter.recovered()
    limiter.should_log('first')
    assert not limiter.recovered(), 'without a logged problem there is no recovery to log'


def test_health_without_subscriber_builds_no_message_but_measures_the_rate(ros, monkeypatch):
    monkeypatch.setattr(
        health, 'diagnostic_message', lambda *_, **__: pytest.fail('a message was built'))
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
    """Count a result every ``every`` seconds, and return the rates reported once a second."""
    end, due, rates = clock[0] + seconds, clock[0] + every, []
    while clock[0] < end:
        next_report = clock[0] + 1.0
        while due <= next_report:
            clock[0] = due
            statistics.count_result(TIMINGS, 0.0)
            due += every
        clock[0] = next_report
        rates.append(round(statistics.report().fps, 6))
    return rates


@pytest.mark.parametrize('every,rate', [(0.125, 8.0), (1.0, 1.0), (2.0, 0.5), (5.0, 0.2)])
def test_rate_of_regular_results_is_constant(clock, every, rate):
    statistics = statistics_module.Statistics()
    results_at(clock, statistics, every=every, seconds=10)
    assert set(results_at(clock, statistics, every=every, seconds=20)) == {rate}


@pytest.mark.parametrize('every,after', [(0.125, 2), (2.0, 5)])
def test_rate_falls_to_zero_without_results_and_starts_again(clock, every, after):
    statistics = statistics_module.Statistics()
    results_at(clock, statistics, every=every, seconds=12)
    clock[0] += after
    assert statistics.report().fps == 0.0
    clock[0] += 60
    results_at(clock, statistics, every=0.25, seconds=1)
    assert statistics.report().fps == pytest.approx(4.0)


def test_report_is_empty_until_a_result_has_a_class(clock):
    statistics = statistics_module.Statistics()

    def report(*results):
        for is_empty in results:
            statistics.count_result(TIMINGS, 0.0, empty=is_empty)
        return statistics.report().empty

    assert [report(), report(True, True), report(), report(True, False), report(),
            report(False)] == [
        False, True, True, False, False, False]
    assert statistics.report().counts.empty == 3
    report(True)
    statistics.reset_counts()
    assert not report() and statistics.report().counts.empty == 0
