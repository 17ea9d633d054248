# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The board benchmark on stand-in libraries; its times say nothing about a BPU."""

from importlib import import_module
import json

from edgenext_ros.cli import main
from edgenext_ros.models import store
from edgenext_ros.models.catalog import CATALOG
from helpers.standin_model import StandInModel
import pytest

pytest.importorskip('scipy', reason='the baseline needs it: pip install scipy')
benchmark_board = import_module('edgenext_ros.bench.board')
MODEL = StandInModel(w=224, h=224, classes=10)


@pytest.fixture
def fetched(monkeypatch, tmp_path):
    """Provide three ``.bin`` files of the catalog that the stand-ins can run."""
    files = {name: tmp_path / f'{name}.bin' for name in ('demo', 'small', 'base')}
    for path in files.values():
        MODEL.write(path)
    monkeypatch.setattr(store, 'find', lambda entry, file: files.get(entry.name))
    return files


def test_bench_board_measures_each_file_on_each_engine(
        monkeypatch, libdnn_path, fetched, tmp_path, request, capsys):
    monkeypatch.setenv('EDGENEXT_LIBDNN', str(libdnn_path))
    monkeypatch.syspath_prepend(str(request.config.rootpath / 'test' / 'stand_ins'))
    figures = tmp_path / 'figures.json'
    assert main(['bench', 'board', '--repeat', '3', '--json', str(figures)]) == 0
    rows = json.loads(figures.read_text())
    assert [(row['case'], row['theirs']) for row in rows] == [
        (f'inference of {name} on {engine}', CATALOG[size].figures.latency_ms)
        for engine in benchmark_board.BPU_ENGINES
        for name, size in (('demo', 'xx_small'), ('small', 'small'), ('base', 'base'))]
    assert all(row['unit'] == 'ms' and 0 < row['ours'] < 1000 for row in rows)
    assert rows[0]['baseline'] == 'xx_small on the model zoo page'
    assert not capsys.readouterr().err


def test_rows_name_a_failing_model_and_measure_the_others(libdnn_path, fetched, monkeypatch,
                                                          capsys):
    monkeypatch.setenv('EDGENEXT_LIBDNN', str(libdnn_path))
    fetched['small'].write_bytes(b'damaged')
    rows = list(benchmark_board.rows(('libdnn',), repeat=1))
    assert [row.case for row in rows] == [
        'inference of demo on libdnn', 'inference of base on libdnn']
    assert f'small on libdnn: {fetched["small"]}' in capsys.readouterr().err


def test_bench_board_without_a_bpu_fails(monkeypatch, capsys):
    monkeypatch.setattr(benchmark_board, 'engines', lambda: ())
    assert main(['bench', 'board']) == 1
    assert 'no BPU that libdnn, hbm_runtime, hobot_dnn can use' in capsys.readouterr().err
