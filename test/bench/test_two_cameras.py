# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of two cameras: both ways give results for each camera's frames."""

from dataclasses import replace
from importlib import import_module

import pytest

pytest.importorskip('scipy', reason='the baseline needs it: pip install scipy')
pytest.importorskip('rclpy', reason='needs ROS 2')
benchmark_cameras = import_module('edgenext_ros.bench.two_cameras')
# At 3 Hz even a busy machine classifies each image before the next one, which would replace it.
# Slow DDS discovery may lose the first images.
pytestmark = [pytest.mark.dds, pytest.mark.slow]
FEW = replace(benchmark_cameras.CAMERA, rate=3, frames=24)


def test_rows_measure_both_cameras_in_one_process_and_in_two(monkeypatch):
    monkeypatch.setattr(benchmark_cameras, 'CAMERA', FEW)
    costs, measure = [], benchmark_cameras.measure
    monkeypatch.setattr(benchmark_cameras, 'measure',
                        lambda *arguments: costs.append(measure(*arguments)) or costs[-1])
    rows = list(benchmark_cameras.rows())
    for cost in costs:
        assert all(FEW.frames / 2 < count <= FEW.frames for count in cost.results)
        assert len(cost.ages_ms) == sum(cost.results)
    assert len(costs) == 2 and costs[0].memory_mb < costs[1].memory_mb
    assert all(row.ours > 0 and row.theirs > 0 for row in rows)
