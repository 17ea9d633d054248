# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of two pictures in flight: the stand-in BPU and the saturating source."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from threading import Barrier
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip('scipy', reason='the baseline needs it: pip install scipy')
flight = import_module('edgenext_ros.bench.two_in_flight')


def test_bpu_lends_two_slots_and_runs_one_picture_at_a_time(monkeypatch):
    both, inside, most = Barrier(2), [], []

    def work(microseconds):
        inside.append(microseconds)
        most.append(len(inside))
        inside.pop()

    def classify():
        with bpu.slot() as slot:
            both.wait(10)
            return slot.run()

    monkeypatch.setattr(flight, 'CDLL', lambda _: SimpleNamespace(usleep=work))
    bpu = flight.bpu(slots=2, microseconds=0)
    with ThreadPoolExecutor(2) as threads:
        found = [threads.submit(classify) for _ in range(2)]
        assert all(scores.result(10).size == 1000 for scores in found)
    assert most == [1, 1]


@pytest.mark.parametrize('slots', [1, 2])
def test_source_gets_a_result_for_every_frame(slots: int):
    seen = []
    frame = flight.encode(np.zeros((64, 64, 3), np.uint8), 'nv12')
    source = flight.SaturatingSource(lambda converter: seen.append(converter) or frame,
                                     slots=slots, microseconds=100, frames=20)
    assert source.run() > 0.002
    assert 20 <= len(seen) <= 20 + slots
