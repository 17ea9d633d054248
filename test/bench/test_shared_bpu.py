# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The benchmark of the node beside another process on the same BPU, on the stand-in of libdnn."""

from dataclasses import replace
from importlib import import_module
import json

from edgenext_ros.bench.dds import SMALL
from edgenext_ros.cli import main
from helpers import shared_bpu as on_standin, standin_library
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2')
benchmark = import_module('edgenext_ros.bench.shared_bpu')
CAMERA = replace(SMALL, rate=8, frames=24)
ROW = benchmark.SharedBpu('without a pause', 255, 15.46, 26.1, 30.0, 46.3)


@pytest.fixture
def models(monkeypatch, tmp_path):
    """Choose a stand-in of libdnn with one core, and make the files of node and detector."""
    if standin_library.compiler() is None:
        pytest.skip('no C compiler for the stand-in of libdnn.so')
    monkeypatch.setenv('EDGENEXT_LIBDNN', '')
    monkeypatch.setenv('STANDIN_CORE', '')
    return on_standin.prepare(tmp_path)


@pytest.mark.dds
@pytest.mark.slow
def test_priority_makes_results_younger_beside_a_detector_without_a_pause(models):
    low, high = (benchmark.measure(*models, rate=0.0, priority=priority, camera=CAMERA)
                 for priority in (0, 255))
    for row in (low, high):
        assert CAMERA.rate / 2 < row.rate <= CAMERA.rate
        assert 0 < row.neighbour_rate <= 1e6 / on_standin.DETECTOR_US, 'one core'
        assert on_standin.NODE_US / 1000 < row.age_ms <= row.age_95_ms
    assert low.age_ms > on_standin.DETECTOR_US / 1000, 'a task that waited goes first'
    assert high.age_ms < low.age_ms


def test_verb_measures_the_node_alone_and_beside_each_neighbour(
        models, monkeypatch, tmp_path, capsys):
    asked = []

    def measure(*files, rate, priority):
        asked.append((rate, priority))
        assert files == tuple(models)
        return replace(ROW, age_ms=ROW.age_ms + len(asked) // 10)  # the first two runs are best

    monkeypatch.setattr(benchmark, 'measure', measure)
    figures, table = tmp_path / 'figures.json', tmp_path / 'table.md'
    assert main(['bench', 'shared', '--model', str(models[0]), '--neighbour', str(models[1]),
                 '--json', str(figures), '--markdown', str(table)]) == 0
    assert asked == [(None, 0), (29.0, 0), (29.0, 255), (0.0, 0), (0.0, 255)] * 3
    assert [row['priority'] for row in json.loads(figures.read_text())] == [255] * 5
    line = '| without a pause | 255 | 15.5 | 26.1 | 30.0 | 46.3 |'
    assert table.read_text().count(line) == capsys.readouterr().out.count(line) == 5


def test_verb_names_a_file_that_libdnn_cannot_run(models, tmp_path, capsys):
    assert main(['bench', 'shared', '--model', str(models[0]),
                 '--neighbour', str(tmp_path / 'absent.bin')]) == 1
    assert 'absent.bin' in capsys.readouterr().err
