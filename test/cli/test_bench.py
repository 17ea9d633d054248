# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The verb bench: table, figures, plot and errors."""

from __future__ import annotations

import json
from pathlib import Path
import sys

from edgenext_ros.bench import table as table_module
from edgenext_ros.cli import main
import pytest


@pytest.mark.slow
def test_bench_table_and_json_agree(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip('scipy')
    figures = tmp_path / 'figures.json'
    table = tmp_path / 'table.md'
    assert main(['bench', 'host', '--repeat', '2', '--json', str(figures),
                 '--markdown', str(table)]) == 0
    rows = json.loads(figures.read_text())
    assert len(rows) == 14 + 4
    assert table.read_text().count('\n| ') == len(rows) + 1
    machine, _, header, *lines = capsys.readouterr().out.splitlines()
    assert 'Python 3' in machine
    assert 'OpenCV' in machine
    assert header.split() == ['case', 'ours', 'theirs']
    for row, line in zip(rows, lines, strict=True):
        assert list(row) == ['case', 'baseline', 'unit', 'ours', 'theirs', 'ratio']
        if row['unit'] == 'us':
            assert row['baseline'] in ('model zoo', 'linear resize', 'area resize')
            assert row['ratio'] == pytest.approx(row['theirs'] / row['ours'])
        else:
            assert (row['unit'], row['baseline']) == ('Hz', 'BPU with one')
            assert row['ratio'] == pytest.approx(row['ours'] / row['theirs'])
        assert line.startswith(row['case'])
        assert f'{row["ours"]:.1f}' in line
        assert f'{row["theirs"]:.1f}' in line
        assert ('faster' in line or 'better' in line) == (row['ratio'] >= 1)


@pytest.mark.parametrize(('ours', 'theirs', 'text'), [
    (10, 25, '2.50 times faster than the zoo'),
    (25, 10, '2.50 times slower than the zoo'),
    (0, 10, 'inf times faster than the zoo'),
])
def test_verdict_names_gains_and_losses(ours: float, theirs: float, text: str):
    row = table_module.BenchRow('case', 'zoo', 'us', ours, theirs)
    assert table_module.verdict(row) == text


def test_verdict_of_a_row_where_more_is_better():
    row = table_module.BenchRow('frames with a result', 'node', '%', 50, 100, more=True)
    assert table_module.verdict(row) == '2.00 times worse than the node'


@pytest.mark.slow
def test_bench_plot_writes_a_png(tmp_path: Path):
    pytest.importorskip('scipy')
    pytest.importorskip('matplotlib')
    plot = tmp_path / 'ratios.png'
    assert main(['bench', 'host', '--repeat', '1', '--plot', str(plot)]) == 0
    assert plot.read_bytes().startswith(b'\x89PNG')


@pytest.mark.parametrize(('missing', 'arguments'), [
    ('scipy', []),
    ('matplotlib', ['--plot', 'ratios.png']),
])
def test_bench_names_a_missing_package(
        missing: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str]):
    if missing != 'scipy':
        pytest.importorskip('scipy')
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(['bench', *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ''
    assert output.err.count('\n') == 1
    assert f'pip install {missing}' in output.err


@pytest.mark.parametrize('repeat', ['0', '-1', 'many'])
def test_bench_refuses_an_invalid_repeat(repeat: str):
    with pytest.raises(SystemExit) as stop:
        main(['bench', '--repeat', repeat])
    assert stop.value.code == 2


@pytest.mark.parametrize(('arguments', 'code', 'words'), [
    (['quantisation', '--data', 'x'], 2, 'needs --data FOLDER and --calibration FOLDER'),
    (['quantisation', '--data', 'x', '--calibration', 'y', '--forms', 'best'], 2,
     '--forms best: expected some of'),
    (['quantisation', '--data', 'nowhere', '--calibration', 'y'], 1, 'nowhere'),
    (['shared', '--model', 'x.bin'], 2, 'needs --model FILE.bin and --neighbour FILE.bin'),
    (['bpu', '--sizes', 'tiny'], 2, '--sizes tiny: expected some of edgenext_xx_small'),
])
def test_bench_refuses_invalid_arguments_in_one_line(
        arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]):
    assert main(['bench', *arguments]) == code
    error = capsys.readouterr().err
    assert words in error
    assert error.count('\n') == 1
