# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pipeline: the newest item replaces the waiting one; RateLimiter."""

from queue import SimpleQueue
from threading import Event, get_ident

from edgenext_ros.core import newest_frame
from edgenext_ros.core.newest_frame import Pipeline, RateLimiter, SLOW_S
import pytest

WAIT_S = 10


class Source:
    """A source of the items that the test puts in; None wakes it, ``END`` ends it."""

    END = object()

    def __init__(self):
        self.items, self.taken, self.taken_by = SimpleQueue(), SimpleQueue(), []
        self.pipeline = None
        self.now = self.seconds = 0.0

    def wait(self):
        self.item = self.items.get()
        if self.item is not None:
            self.now += self.seconds
        return self.item is not self.END

    def take(self):
        if self.item is not None:
            self.taken_by.append(get_ident())
            self.now += 1e-2  # copying takes time
            self.pipeline.submit(self.item)
            self.taken.put(self.item)

    def wake(self):
        self.items.put(None)


class Bench:
    """A pipeline whose work lasts until ``go``; it uses the clock of the source."""

    def __init__(self, source=True, hands_over=False, **options):
        self.source, self.hands_over = Source(), hands_over
        self.begun, self.let, self.finished = SimpleQueue(), {}, []
        self.worked_by, self.done = {}, SimpleQueue()
        self.pipeline = self.source.pipeline = Pipeline(
            self.work, self.finish, source=self.source if source else None,
            clock=lambda: self.source.now, **options)

    def work(self, item):
        self.worked_by[item] = get_ident()
        if self.hands_over:
            self.pipeline.handover()
        self.begun.put(item)
        assert self.let.setdefault(item, Event()).wait(WAIT_S)
        return item

    def finish(self, item):
        self.finished.append(item)
        self.done.put(item)

    def put(self, *items):
        for item in items:
            self.source.items.put(item)

    def go(self, *items):
        for item in items:
            self.let.setdefault(item, Event()).set()

    def next_begun(self):
        return self.begun.get(timeout=WAIT_S)

    def next_done(self):
        return self.done.get(timeout=WAIT_S)

    def wait_until_taken(self, item):
        while self.source.taken.get(timeout=WAIT_S) != item:
            pass


@pytest.fixture
def bench():
    """Return a function that makes pipelines with a fake clock; stop them after the test."""
    made = []

    def make(**options):
        made.append(Bench(**options))
        return made[-1]

    yield make
    for rig in made:
        rig.go(*range(100))
        assert rig.pipeline.stop(WAIT_S)


def test_one_thread_receives_and_works_on_each_item_in_turn(bench):
    rig = bench()
    for item in range(20):
        rig.go(item)
        rig.put(item)
        assert rig.next_done() == item
    assert rig.source.taken_by == list(rig.worked_by.values())
    assert rig.pipeline.dropped == 0


def test_item_during_work_stays_in_the_source_while_the_pipeline_keeps_up(bench, monkeypatch):
    monkeypatch.setattr(newest_frame, 'SLOW_S', 0.01)  # interval at which the other thread polls
    rig = bench(hands_over=True)
    rig.source.seconds = 0.03
    rig.put(0)
    assert rig.next_begun() == 0
    rig.put(1)
    assert not rig.pipeline.drain(0.1)
    rig.go(0)
    assert rig.next_begun() == 1
    assert set(rig.source.taken_by) == {rig.worked_by[0]}


def test_handover_while_behind_lets_another_thread_receive(bench):
    rig = bench(hands_over=True)
    rig.put(0)
    assert rig.next_begun() == 0
    rig.put(1)
    rig.go(0)
    assert rig.next_begun() == 1  # it was there without a wait, so the pipeline is behind
    rig.put(2, 3, 4)
    rig.wait_until_taken(4)
    assert rig.pipeline.dropped == 2
    rig.go(1, 4)
    assert [rig.next_done() for _ in range(3)] == [0, 1, 4]


def test_slow_work_lets_another_thread_receive_without_handover(bench):
    rig = bench()
    rig.put(0)
    assert rig.next_begun() == 0
    assert len(rig.source.taken_by) == 1
    rig.source.now += SLOW_S
    rig.put(1, 2)
    rig.wait_until_taken(2)
    assert rig.pipeline.dropped == 1
    rig.go(0, 2)
    assert [rig.next_done() for _ in range(2)] == [0, 2]


def test_two_at_once_finish_in_the_order_of_arrival(bench):
    rig = bench(at_once=2, hands_over=True)
    rig.put(0)
    rig.go(0)
    assert rig.next_done() == rig.next_begun() == 0
    rig.put(1, 2)  # the clock stands still, so they were there without a wait
    assert {rig.next_begun() for _ in range(2)} == {1, 2}
    rig.put(3, 4)  # both slots are in use
    rig.wait_until_taken(4)
    assert rig.pipeline.dropped == 1
    rig.go(2, 4)
    assert rig.begun.empty() and rig.finished == [0]
    rig.go(1)
    assert [rig.next_done() for _ in range(3)] == [1, 2, 4]
    assert rig.worked_by[1] != rig.worked_by[2]


def test_submitted_item_is_worked_on_after_the_source_has_ended(bench):
    rig = bench()
    rig.put(Source.END)
    rig.go(0)
    rig.pipeline.submit(0)
    assert rig.next_done() == 0
    assert rig.pipeline.drain(WAIT_S)


def test_only_the_newest_item_waits_during_work(bench):
    rig = bench(source=False)
    rig.pipeline.submit(0)
    assert rig.next_begun() == 0
    for item in range(1, 10):
        rig.pipeline.submit(item)
    rig.go(0, 9)
    assert rig.pipeline.drain(WAIT_S)
    assert (rig.finished, rig.pipeline.dropped) == ([0, 9], 8)
    rig.pipeline.reset_dropped()
    assert rig.pipeline.dropped == 0


def test_stop_drops_the_waiting_item_and_reports_endless_work(bench):
    rig = bench(source=False)
    rig.pipeline.submit(0)
    assert rig.next_begun() == 0
    rig.pipeline.submit(1)
    assert not rig.pipeline.stop(0.01)
    rig.go(0)
    assert rig.pipeline.stop(WAIT_S)
    rig.pipeline.submit(2)
    assert rig.finished == [0]


def test_cleared_item_is_dropped(bench):
    rig = bench(source=False)
    rig.pipeline.submit(0)
    assert rig.next_begun() == 0
    rig.pipeline.submit(1)
    rig.pipeline.clear()
    rig.go(0, 1)
    assert rig.pipeline.drain(WAIT_S)
    assert (rig.finished, rig.pipeline.dropped) == ([0], 1)


def test_busy_seconds_are_those_of_the_oldest_work(bench):
    rig = bench(source=False, at_once=2)
    assert rig.pipeline.busy_seconds == 0
    for item in range(2):
        rig.pipeline.submit(item)
        assert rig.next_begun() == item
        rig.source.now += 30
    assert rig.pipeline.busy_seconds == 60
    rig.go(0, 1)
    assert rig.pipeline.drain(WAIT_S)
    assert rig.pipeline.busy_seconds == 0


@pytest.mark.parametrize('error', [RuntimeError, SystemExit, MemoryError])
@pytest.mark.parametrize('place', ['work', 'finish'])
@pytest.mark.parametrize('at_once', [1, 2])
def test_pipeline_goes_on_after_an_exception(place, error, at_once, caplog):
    done = SimpleQueue()

    def work(item):
        if place == 'work' and item % 2 == 0:
            raise error('by a test')
        return item

    def finish(item):
        if place == 'finish' and item % 2 == 0:
            raise error('by a test')
        done.put(item)

    pipeline = Pipeline(work, finish, at_once=at_once)
    for item in range(8):
        pipeline.submit(item)
        assert pipeline.drain(WAIT_S)
    assert pipeline.busy_seconds == 0
    assert [done.get(timeout=WAIT_S) for _ in range(4)] == [1, 3, 5, 7]
    assert pipeline.stop(WAIT_S)
    assert len(caplog.records) == 4


def test_held_pipeline_starts_no_work_until_release(bench):
    rig = bench(source=False)
    rig.go(0, 1, 2)
    assert rig.pipeline.hold(WAIT_S)
    rig.pipeline.submit(0)
    rig.pipeline.submit(1)
    assert not rig.pipeline.drain(0.01)
    assert rig.begun.empty()
    rig.pipeline.release()
    assert rig.next_done() == 1
    assert rig.pipeline.dropped == 1


def test_hold_waits_for_work_in_progress(bench):
    rig = bench(source=False)
    rig.pipeline.submit(0)
    assert rig.next_begun() == 0
    assert not rig.pipeline.hold(0.01)
    rig.pipeline.submit(1)
    rig.go(0, 1)  # the failed hold has no effect
    assert [rig.next_done() for _ in range(2)] == [0, 1]
    assert rig.pipeline.hold(WAIT_S)
    assert rig.pipeline.busy_seconds == 0


def test_set_at_once_starts_more_work(bench):
    rig = bench(source=False)
    rig.pipeline.submit(0)
    assert rig.next_begun() == 0
    rig.pipeline.submit(1)
    assert rig.begun.empty()
    rig.pipeline.set_at_once(2)
    assert rig.next_begun() == 1
    rig.go(1, 0)
    assert [rig.next_done() for _ in range(2)] == [0, 1]


@pytest.mark.parametrize('rate,camera,seconds', [(10, 30, 60), (7, 30, 60), (10, 60, 60)])
def test_rate_limiter_keeps_the_rate_within_ten_percent(rate, camera, seconds):
    limiter = RateLimiter(rate)
    passed = sum(limiter.allows(n / camera) for n in range(camera * seconds))
    assert passed == pytest.approx(rate * seconds, rel=0.1)


def test_rate_limiter_allows_no_burst_after_a_pause_and_zero_is_no_limit():
    limiter = RateLimiter(10)
    assert limiter.allows(0.0)
    assert limiter.allows(60.0)
    assert not limiter.allows(60.05)
    assert all(RateLimiter(0).allows(0.0) for _ in range(5))
