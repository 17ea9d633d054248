# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Another user of an engine: it works until it is told to end, whatever its library prints."""

from __future__ import annotations

import os
from pathlib import Path
import select

from edgenext_ros.models.store import resource_folder
from edgenext_ros.selftest.fast_neighbour import neighbour, NeighbourError
import pytest

DEMO = resource_folder() / 'models' / 'demo.bin'
STAND_IN = """
import os
from edgenext_ros.engines import select
from helpers.fake_engine import FakeEngine, GOOD

def answer(picture):
    for stream in (1, 2):  # more than a pipe holds
        os.write(stream, b'a line of the library\\n' * 5_000)
    write(b'.')
    {then}
    return GOOD

def write(event):
    events = os.open({events!r}, os.O_WRONLY)
    os.write(events, event)
    os.close(events)

def open_model(model, *, runtime):
    os.write(1, b'no line end')
    engine = FakeEngine(answer=answer, at_close=lambda: write(b'closed'))
    return engine, engine.open()

select.open_model = open_model
"""


@pytest.fixture
def stand_in(monkeypatch, tmp_path):
    """Return a function that gives Python processes a stand-in, and its events as a stream."""
    events = tmp_path / 'events'
    os.mkfifo(events)
    stream = os.open(events, os.O_RDWR)
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join((
        str(tmp_path), str(Path(__file__).parents[1]), os.environ.get('PYTHONPATH', ''))))

    def install(then='pass'):
        (tmp_path / 'sitecustomize.py').write_text(
            STAND_IN.format(events=str(events), then=then))
        return stream

    yield install
    os.close(stream)


def read_event(stream, size=1):
    assert select.select([stream], [], [], 30)[0], 'the second process does nothing'
    return os.read(stream, size)


def test_library_that_prints_much_stays_busy_and_is_closed(stand_in):
    stream = stand_in()
    with neighbour('libdnn', DEMO):
        assert [read_event(stream) for _ in range(3)] == [b'.'] * 3
    os.set_blocking(stream, False)
    assert os.read(stream, 10_000).endswith(b'closed')


def test_process_that_ends_early_is_named(stand_in):
    stream = stand_in(then="os.write(2, b'out of memory\\n'); "
                           'write(str(os.getpid()).encode()); os._exit(1)')
    with pytest.raises(NeighbourError, match=r'ended early on libdnn, so .*: out of memory$'), \
            neighbour('libdnn', DEMO):
        assert read_event(stream) == b'.'
        os.waitid(os.P_PID, int(read_event(stream, 20)), os.WEXITED | os.WNOWAIT)


def test_process_that_does_not_start_is_named():
    with pytest.raises(NeighbourError, match=r'has not started on libdnn: .+'), \
            neighbour('libdnn', DEMO.with_name('missing.bin')):
        pass
