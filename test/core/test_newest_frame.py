# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The newest frame wins, and nothing waits in a queue."""

from queue import SimpleQueue
from threading import Event, get_ident
from time import monotonic

from edgenext_ros.core import newest_frame as module
from edgenext_ros.core.newest_frame import Pipeline, RateLimiter
import pytest


class Source:
    """Hands on what the test puts in; None wakes it, ``END`` ends it."""

    END = object()

    def __init__(self):
        self.items, self.taken_by, self.pipeline = SimpleQueue(), [], None
        self.now = self.seconds = 0.0

    def wait(self):
        self.item = self.items.get()
        if self.item is not None:
            self.now += self.seconds
        return self.item is not self.END

    def take(self):
        if self.item is not None:
            self.taken_by.append(get_ident())
            self.now += 1  # to copy takes its time
            self.pipeline.submit(self.item)

    def wake(self):
        self.items.put(None)


class Bench:
    """A pipeline with a source, whose work lasts until the test lets an item go."""

    def __init__(self, at_once=1, relieves=False):
        self.source, self.relieves = Source(), relieves
        module.monotonic = lambda: self.source.now
        self.begun, self.let, self.finished = SimpleQueue(), {}, []
        self.worked_by, self.done = {}, SimpleQueue()
        self.pipeline = self.source.pipeline = Pipeline(
            self.work, source=self.source, at_once=at_once)

    def work(self, item):
        self.worked_by[item] = get_ident()
        if self.relieves:
            self.pipeline.relieve()
        self.begun.put(item)
        assert self.let.setdefault(item, Event()).wait(10)
        return lambda: self.finish(item)

    def finish(self, item):
        self.finished.append(item)
        self.done.put(item)

    def put(self, *items):
        for item in items:
            self.source.items.put(item)

    def go(self, *items):
        for item in items:
            self.let.setdefault(item, Event()).set()

    def until(self, condition):
        end = monotonic() + 10
        while not condition():
            assert monotonic() < end


@pytest.fixture
def bench(monkeypatch):
    """Make pipelines with a source, where time is the test's; they are stopped after it."""
    monkeypatch.setattr(module, 'monotonic', None)
    made = []

    def make(**options):
        made.append(Bench(**options))
        return made[-1]

    yield make
    for one in made:
        one.go(*range(100))
        assert one.pipeline.stop(10)


def test_who_receives_an_item_works_on_it_and_receives_the_next(bench):
    one = bench()
    for item in range(20):
        one.go(item)
        one.put(item)
        assert one.done.get(timeout=10) == item
    assert one.source.taken_by == list(one.worked_by.values())
    assert one.pipeline.dropped == 0


def test_what_comes_during_the_work_waits_in_the_source_at_first(bench):
    one = bench(relieves=True)
    one.source.seconds = 0.03
    one.put(0)
    assert one.begun.get(timeout=10) == 0
    one.put(1)
    one.go(0)
    assert one.begun.get(timeout=10) == 1
    assert set(one.source.taken_by) == {one.worked_by[0]}


def test_who_is_behind_is_relieved_so_that_the_newest_wins(bench):
    one = bench(relieves=True)
    one.put(0)
    assert one.begun.get(timeout=10) == 0
    one.put(1)
    one.go(0)
    assert one.begun.get(timeout=10) == 1  # it was there at once, so another thread goes on
    one.put(2, 3, 4)
    one.until(lambda: one.pipeline.dropped == 2)
    one.go(1, 4)
    assert [one.done.get(timeout=10) for _ in range(3)] == [0, 1, 4]


def test_who_works_for_long_is_relieved(bench):
    one = bench()
    one.put(0)
    assert one.begun.get(timeout=10) == 0
    one.pipeline.relieve_slow(1000)
    assert len(one.source.taken_by) == 1
    one.pipeline.relieve_slow(0)
    one.put(1, 2)
    one.until(lambda: one.pipeline.dropped == 1)
    one.go(0, 2)
    assert [one.done.get(timeout=10) for _ in range(2)] == [0, 2]


def test_two_at_once_end_in_the_order_of_their_coming(bench):
    one = bench(at_once=2, relieves=True)
    one.put(0)
    one.go(0)
    assert one.done.get(timeout=10) == one.begun.get(timeout=10) == 0
    one.put(1, 2)  # time stands still, so they were there at once
    assert {one.begun.get(timeout=10) for _ in range(2)} == {1, 2}
    one.put(3, 4)  # no place for these
    one.until(lambda: one.pipeline.dropped == 1)
    one.go(2, 4)
    assert one.begun.empty() and one.finished == [0]
    one.go(1)
    assert [one.done.get(timeout=10) for _ in range(3)] == [1, 2, 4]
    assert one.worked_by[1] != one.worked_by[2]


def test_after_its_source_has_ended_a_pipeline_takes_what_is_submitted(bench):
    one = bench()
    one.put(Source.END)
    one.until(lambda: one.pipeline._source is None)
    one.go(0)
    one.pipeline.submit(0)
    assert one.done.get(timeout=10) == 0
    assert one.pipeline.drain(10)


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
