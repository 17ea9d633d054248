# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of a lazy node: idle without listeners, and a result for each."""

from importlib import import_module

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')
benchmark_lazy = import_module('edgenext_ros.bench.lazy')
pytestmark = [pytest.mark.dds, pytest.mark.slow]


def test_rows_measure_a_lazy_node_and_another_one(monkeypatch):
    measure = benchmark_lazy.measure
    monkeypatch.setattr(benchmark_lazy, 'measure', lambda *, lazy, listeners=2: measure(
        lazy=lazy, seconds=2.0, listeners=listeners))
    cpu, first, slowest = benchmark_lazy.rows()
    assert 0 <= cpu.ours < cpu.theirs
    assert 0 < first.ours <= slowest.ours < 10_000
