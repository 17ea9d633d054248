# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The newest frame wins, and nothing waits in a queue."""

from threading import Event

from edgenext_ros.core import pipeline as module
from edgenext_ros.core.pipeline import Pipeline, RateLimiter
import pytest


def test_while_one_is_worked_on_only_the_newest_waits():
    begun, go, seen = Event(), Event(), []

    def work(item):
        seen.append(item)
        begun.set()
        assert go.wait(10)

    pipeline = Pipeline(work)
    pipeline.submit(0)
    assert begun.wait(10)
    for item in range(1, 10):
        pipeline.submit(item)
    go.set()
    assert pipeline.drain(10)
    assert seen == [0, 9]
    assert pipeline.dropped == 8
    assert pipeline.stop(10)


def test_stop_forgets_what_waits_and_says_when_work_does_not_end():
    begun, go, seen = Event(), Event(), []

    def work(item):
        seen.append(item)
        begun.set()
        go.wait(10)

    pipeline = Pipeline(work)
    pipeline.submit(0)
    assert begun.wait(10)
    pipeline.submit(1)
    assert not pipeline.stop(0.01)
    go.set()
    assert pipeline.stop(10)
    pipeline.submit(2)
    assert seen == [0]


def test_cleared_items_are_not_worked_on():
    begun, go, seen = Event(), Event(), []

    def work(item):
        seen.append(item)
        begun.set()
        go.wait(10)

    pipeline = Pipeline(work)
    pipeline.submit(0)
    assert begun.wait(10)
    pipeline.submit(1)
    pipeline.clear()
    go.set()
    assert pipeline.drain(10)
    assert (seen, pipeline.dropped) == ([0], 1)
    pipeline.stop(10)


def test_how_long_the_present_work_goes_on(monkeypatch):
    now, begun, go = [100.0], Event(), Event()
    monkeypatch.setattr(module, 'monotonic', lambda: now[0])

    def work(item):
        begun.set()
        assert go.wait(10)

    pipeline = Pipeline(work)
    assert pipeline.busy_seconds == 0
    pipeline.submit(0)
    assert begun.wait(10)
    now[0] += 60
    assert pipeline.busy_seconds == 60
    go.set()
    assert pipeline.drain(10)
    assert pipeline.busy_seconds == 0
    assert pipeline.stop(10)


@pytest.mark.parametrize('rate,camera,seconds', [(10, 30, 60), (7, 30, 60), (10, 60, 60)])
def test_rate_is_kept_within_ten_percent(rate, camera, seconds):
    limiter = RateLimiter(rate)
    passed = sum(limiter.allows(n / camera) for n in range(camera * seconds))
    assert passed == pytest.approx(rate * seconds, rel=0.1)


def test_no_burst_after_a_pause_and_zero_lets_all_through():
    limiter = RateLimiter(10)
    assert limiter.allows(0.0)
    assert limiter.allows(60.0)
    assert not limiter.allows(60.05)
    assert all(RateLimiter(0).allows(0.0) for _ in range(5))
