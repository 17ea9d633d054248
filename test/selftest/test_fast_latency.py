# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The times of an engine: each deliberate fault is named, and a busy processor is none."""

from __future__ import annotations

from random import Random
import re

from edgenext_ros.selftest import fast_latency
from edgenext_ros.selftest.fast_latency import Diagnosis, TimedRun, TimedSeries, TimingCause
from helpers.fake_engine import FakeEngine
from helpers.slow_engines import ESTIMATE_MS, SerialBpu, times
import pytest

CALL_MS = 0.85
"""Time of a call on a healthy board: the estimate, and the call itself."""


def quick_bpu(**more):
    return SerialBpu(times(Random(0), CALL_MS), **more)


def bpu_of(middle_ms, *, tail=0.0, fixed=0.0, share=1.0, waits=0.0):
    """Make a BPU with a tail, random or fixed, in a share of the runs, and waits for a core."""
    random = Random(0)
    quick = times(random, middle_ms)

    def late():
        return 0.0 if random.random() >= share else \
            fixed + (random.expovariate(1 / tail) if tail else 0.0)

    return SerialBpu(
        lambda: quick() + late(),
        waits_ms=lambda: random.expovariate(1 / waits) if waits else 0.0)


@pytest.mark.parametrize('bpu,cause', [
    pytest.param(bpu_of(CALL_MS), TimingCause.NONE, id='healthy'),
    pytest.param(bpu_of(CALL_MS, waits=4.0), TimingCause.NONE, id='healthy on a busy processor'),
    pytest.param(bpu_of(CALL_MS, tail=4.0, share=0.03), TimingCause.NONE, id='rare outliers'),
    pytest.param(bpu_of(2 * ESTIMATE_MS + 0.2), TimingCause.SLOW, id='half the clock'),
    pytest.param(bpu_of(7.0), TimingCause.SLOW, id='ten times slower'),
    pytest.param(bpu_of(7.0, waits=4.0), TimingCause.SLOW, id='slow on a busy processor'),
    pytest.param(bpu_of(7.0, tail=9.0), TimingCause.SLOW, id='slow and with jitter'),
    pytest.param(quick_bpu(other_ms=20), TimingCause.SHARED, id='detector without a pause'),
    pytest.param(quick_bpu(other_ms=20, rest_ms=13), TimingCause.SHARED, id='detector at 30 Hz'),
    pytest.param(quick_bpu(other_ms=20, rest_ms=180), TimingCause.SHARED, id='detector at 5 Hz'),
    pytest.param(bpu_of(CALL_MS, tail=3.0), TimingCause.JITTER, id='jitter'),
    pytest.param(bpu_of(CALL_MS, tail=10.0, share=0.4), TimingCause.JITTER, id='jitter of some'),
])
def test_diagnosis_names_the_cause(bpu, cause):
    found = fast_latency.diagnose(bpu.series(), estimate_ms=ESTIMATE_MS)
    assert (found.cause, bool(found.text)) == (cause, cause is not TimingCause.NONE), found.text


@pytest.mark.parametrize('rest_ms', [0, 13, 30, 180])
def test_diagnosis_measures_the_task_of_the_other_user(rest_ms):
    found = fast_latency.diagnose(
        quick_bpu(other_ms=20, rest_ms=rest_ms).series(), estimate_ms=ESTIMATE_MS)
    assert found.step_ms == pytest.approx(20, abs=1)
    assert f'wait {found.step_ms:.1f} ms' in found.text


def test_jitter_is_said_with_the_delay_that_was_judged():
    found = fast_latency.diagnose(
        bpu_of(1.2, tail=10.0, share=0.4).series(), estimate_ms=ESTIMATE_MS)
    (delay,) = re.findall(r'take over (\d\.\d\d) ms longer than the fastest', found.text)
    assert float(delay) == pytest.approx(0.6, abs=0.05)


def test_load_before_the_test_tells_sharing_from_jitter():
    series = bpu_of(CALL_MS, tail=3.0).series()
    found = fast_latency.diagnose(series, estimate_ms=ESTIMATE_MS, load_before=60.0)
    assert found.cause is TimingCause.SHARED
    assert '60 % before the test' in found.text


def test_load_before_the_test_is_no_fault_of_pictures_that_do_not_wait():
    series = bpu_of(CALL_MS).series()
    found = fast_latency.diagnose(series, estimate_ms=ESTIMATE_MS, load_before=60.0)
    assert found.cause is TimingCause.NONE


def test_clock_that_falls_in_a_pause_is_no_fault():
    steady = bpu_of(CALL_MS).series(paced=1).steady
    paced = bpu_of(2.5).series(seconds=0.01).paced
    found = fast_latency.diagnose(TimedSeries(steady, paced), estimate_ms=ESTIMATE_MS)
    assert found.cause is TimingCause.NONE


@pytest.mark.parametrize('steady,paced', [
    (bpu_of(CALL_MS), bpu_of(CALL_MS, tail=2.0)),
    # Four delays of one length are no detector if pictures at random moments wait far more often.
    (bpu_of(CALL_MS, fixed=4.0, share=0.003), bpu_of(CALL_MS, tail=2.0))])
def test_jitter_after_a_pause_is_no_fault(steady, paced):
    series = TimedSeries(steady.series().steady, paced.series().paced)
    assert fast_latency.diagnose(series, estimate_ms=ESTIMATE_MS).cause is TimingCause.NONE


def test_slow_core_is_named_with_the_clock():
    found = fast_latency.diagnose(bpu_of(7.0).series(), estimate_ms=ESTIMATE_MS,
                                  clock='100 of 1000 MHz', remedy='raise it')
    assert found.text.endswith('at a BPU clock of 100 of 1000 MHz; raise it')


@pytest.mark.parametrize('bpu,words', [
    (bpu_of(7.0), 'a longer median'), (bpu_of(CALL_MS, tail=10.0, share=0.4),
                                       'times that are not steady'),
    (quick_bpu(other_ms=20), 'a longer median and times that are not steady'),
    (quick_bpu(other_ms=20, rest_ms=180), 'times that are not steady')])
def test_expectation_that_is_not_met_is_said(bpu, words):
    series = bpu.series()
    found = fast_latency.diagnose(series, estimate_ms=ESTIMATE_MS)
    assert fast_latency.exceeded(series, found, estimate_ms=ESTIMATE_MS) == words


@pytest.mark.parametrize('estimate,limit', [(0.6941, 1.44), (5.2, 8.2)])
def test_limit_allows_for_the_call(estimate, limit):
    assert fast_latency.limit_ms(estimate) == pytest.approx(limit, abs=0.01)


def test_figures_have_the_waits():
    found = fast_latency.figures([TimedRun(float(ms), 1.0) for ms in range(1, 102)])
    assert found == {'median_ms': 51, 'p95_ms': 96, 'max_ms': 101, 'jitter_ms': 90}


def attempts(*causes):
    waiting = [(TimedSeries((TimedRun(float(number)),)), cause)
               for number, cause in enumerate(causes)]
    by_series = {id(series): cause for series, cause in waiting}
    series = iter([series for series, _ in waiting])
    return fast_latency.repeated(
        lambda: next(series), lambda found: Diagnosis(by_series[id(found)], ''))


def test_first_good_attempt_counts():
    series, found = attempts(TimingCause.JITTER, TimingCause.NONE, TimingCause.JITTER)
    assert (series.steady[0].latency_ms, found.cause) == (1.0, TimingCause.NONE)


def test_fault_of_every_attempt_counts():
    series, found = attempts(TimingCause.JITTER, TimingCause.SHARED, TimingCause.SLOW)
    assert (series.steady[0].latency_ms, found.cause) == (2.0, TimingCause.SLOW)


def test_runs_end_by_their_number_or_time():
    engine = FakeEngine()
    info = engine.open()
    assert len(fast_latency.time_runs(engine, info, count=7, within_s=60)) == 7
    assert len(fast_latency.time_runs(engine, info, count=7, within_s=0)) == 2
    assert engine.tried == 9


def test_waits_are_part_of_the_latency():
    engine = FakeEngine()
    runs = fast_latency.time_runs(engine, engine.open(), count=50, within_s=60)
    assert all(0 <= run.waited_ms <= run.latency_ms for run in runs)
    assert all(0 <= run.judged_ms <= run.latency_ms for run in runs)
