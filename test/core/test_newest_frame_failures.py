# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pipeline with a source that raises, and with a thread that does not start."""

from queue import SimpleQueue
from threading import Thread

from edgenext_ros.core.newest_frame import Pipeline
import pytest

WAIT_S = 10


class Source:
    """A source that raises the exceptions that the test puts in, in the method ``place``."""

    def __init__(self, place):
        self.items, self.place = SimpleQueue(), place
        self.pipeline = None

    def wait(self):
        self.item = self.items.get()
        self.fail('wait')
        return self.item is not None

    def take(self):
        self.fail('take')
        self.pipeline.submit(self.item)

    def fail(self, place):
        if isinstance(self.item, BaseException) and self.place == place:
            raise self.item

    def wake(self):
        self.items.put(None)


@pytest.mark.parametrize('error', [RuntimeError, SystemExit, MemoryError])
@pytest.mark.parametrize('place', ['wait', 'take'])
def test_pipeline_goes_on_after_an_exception_at_the_source(place, error, caplog):
    done, source = SimpleQueue(), Source(place)
    pipeline = source.pipeline = Pipeline(lambda item: item, done.put, source=source)
    for item in (1, error('by a test'), 2):
        source.items.put(item)
    assert [done.get(timeout=WAIT_S) for _ in range(2)] == [1, 2]
    assert pipeline.stop(WAIT_S)
    assert len(caplog.records) == 1


@pytest.mark.parametrize('source', [None, Source('wait')], ids=['submit', 'source'])
def test_constructor_that_fails_ends_the_threads_that_it_has_started(monkeypatch, source):
    starting, start = [], Thread.start

    def start_two(thread):
        starting.append(thread)
        if len(starting) > 2:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(Thread, 'start', start_two)
    with pytest.raises(RuntimeError, match='start new thread'):
        Pipeline(lambda item: item, print, source=source, at_once=4)
    assert [thread.is_alive() for thread in starting] == [False] * 3


def test_pipeline_stops_after_a_thread_that_did_not_start(monkeypatch):
    done = SimpleQueue()
    pipeline = Pipeline(lambda item: item, done.put)

    def start(thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as short:
        short.setattr(Thread, 'start', start)
        with pytest.raises(RuntimeError):
            pipeline.set_at_once(2)
    pipeline.submit(1)
    assert done.get(timeout=WAIT_S) == 1
    assert pipeline.stop(WAIT_S)
