# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Instructions of one frame, from recorded and real output of callgrind."""

import shutil

from edgenext_ros.bench import instructions as benchmark
import pytest

CASE = benchmark.CASES[0]
DUMP = """# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 11211
cmd:  python -m edgenext_ros.bench.instructions_process
part: {part}
thread: {thread}

desc: Trigger: dump

positions: line
events: Ir
summary: {total}

ob=(3) /usr/lib/libpython3.10.so.1.0
fn=(1666) {function}
464 60
calls=20 261
* 2849

totals: {total}
"""
"""Output of callgrind 3.19 for one thread, shortened."""


@pytest.fixture
def dumps(tmp_path):
    """Write a dump of one thread, and after it a dump of four threads."""
    for part, thread, total, function in (
            (1, 17, 999, '_PyEval_EvalFrameDefault'),
            (2, 1, 5000, '_PyEval_EvalFrameDefault'),
            (2, 8, 700, 'eprosima::fastcdr::Cdr::serialize(char)'),
            (2, 17, 40_000_000, "_PyEval_EvalFrameDefault'2"),
            (2, 18, 21, '_PyEval_EvalFrameDefault')):
        (tmp_path / f'callgrind.{part}-{thread:02}').write_text(
            DUMP.format(part=part, thread=thread, total=total, function=function))
    return tmp_path / 'callgrind'


def test_instructions_sums_python_threads_except_main(dumps):
    assert benchmark.instructions(dumps, part=2) == 40_000_021


def test_instructions_refuses_dump_without_python_threads(dumps):
    with pytest.raises(RuntimeError, match='dump 3 has no instructions'):
        benchmark.instructions(dumps, part=3)


def test_frame_cost_reduces_blocks_to_one_frame():
    found = benchmark.frame_cost(CASE, [1000, 1020, 1010], [(40, 20), (40, 20), (42, 20)],
                                 frames=10)
    assert found == benchmark.FrameCost(
        CASE, instructions=101, spread=pytest.approx(1.98, abs=0.01), python_calls=4, c_calls=2)


def test_main_without_valgrind_names_remedy(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv('PATH', str(tmp_path))
    assert benchmark.main([]) == 2
    assert capsys.readouterr().err == \
        'benchmark_instructions: valgrind is missing: sudo apt install valgrind\n'


@pytest.mark.dds
@pytest.mark.slow
@pytest.mark.skipif(not all(map(shutil.which, benchmark.TOOLS)),
                    reason='valgrind is not installed: sudo apt install valgrind')
def test_measure_counts_a_frame_of_the_real_node():
    pytest.importorskip('rclpy')
    (found,) = benchmark.measure((CASE,), frames=2, blocks=2, warm_up=1)
    assert 300_000 < found.instructions < 30_000_000
    assert found.spread < 10
    assert 50 < found.python_calls < 1000
