# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Growth of resources, and a short soak."""

import json
import os
from pathlib import Path

from edgenext_ros.bench import soak
from edgenext_ros.bench.soak import growth_of, Sample, SoakRun, Visit
import numpy as np
import pytest

VISITS, SAMPLES = 40, 10


def samples(*, memory=lambda second: 100.0, threads=lambda second: 19, descriptors=None,
            visits=VISITS):
    """Make a run in which each subscriber costs 4 descriptors and 3 MB for half of each visit."""
    noise = np.random.default_rng(0).uniform(0, 1, visits * SAMPLES)
    made = []
    for second in range(visits * SAMPLES):
        there = second % SAMPLES < SAMPLES // 2
        made.append(Sample(
            float(second), second // SAMPLES, memory(second) + noise[second] + 3 * there,
            threads(second) + there, (descriptors or (lambda second: 30))(second) + 4 * there))
    return made


GROWTH = {
    'nothing grows': ({}, []),
    'memory grows': ({'memory': lambda second: 100 + 0.02 * second}, ['memory_mb']),
    'memory grows at first': ({'memory': lambda second: min(200, 100 + second)}, []),
    'memory makes one step': ({'memory': lambda second: 100 + 4 * (second > 250)}, []),
    'memory falls': ({'memory': lambda second: 300 - 0.1 * second}, []),
    'a thread a minute': ({'threads': lambda second: 19 + second // 60}, ['threads']),
    'one thread more for a while': (
        {'threads': lambda second: 19 + (200 < second < 280)}, []),
    'a descriptor for each subscriber': (
        {'descriptors': lambda second: 30 + second // SAMPLES}, ['descriptors']),
}


@pytest.mark.parametrize('made,growing', GROWTH.values(), ids=GROWTH)
def test_growth_of_ignores_what_visits_cost(made, growing):
    verdicts = list(growth_of(samples(**made), 'node'))
    assert [v.name for v in verdicts if v.grows] == [f'node {figure}' for figure in growing]
    assert len(verdicts) == 3


def test_growth_of_refuses_too_short_a_run():
    with pytest.raises(ValueError, match='3 visits after the warm-up are too few'):
        list(growth_of(samples(visits=4), 'node'))


@pytest.mark.slow
@pytest.mark.parametrize('changes,rates,code', [
    ({}, (10, 9.5), 0), ({'threads': lambda second: second}, (10, 9.5), 1), ({}, (10, 0), 1),
    ({'visits': 2}, (10,), 1)])
def test_soak_exit_code_and_files(monkeypatch, tmp_path, capsys, changes, rates, code):
    pytest.importorskip('matplotlib', reason='only ./dev installs matplotlib')
    visits = [Visit(float(i), i + 9.0, rate, 20.0) for i, rate in enumerate(rates)]
    made = SoakRun(10.0, {'node': samples(**changes), 'camera': samples()}, visits)
    monkeypatch.setattr(soak, 'run', lambda **_: made)
    plot, figures = tmp_path / 'soak.png', tmp_path / 'soak.json'
    assert soak.main(['--plot', str(plot), '--json', str(figures)]) == code
    assert plot.read_bytes().startswith(b'\x89PNG')
    if 'visits' not in changes:
        found = json.loads(figures.read_text())
        assert len(found['samples']['node']) == VISITS * SAMPLES
        assert len(found['verdicts']) == 6
    else:
        assert 'too few' in capsys.readouterr().err


def test_sample_process_reads_memory_threads_and_descriptors():
    here = soak.sample_process(os.getpid(), second=1.0, visit=2)
    assert here.memory_mb > 10
    assert here.threads >= 1
    with Path('/dev/null').open():
        again = soak.sample_process(os.getpid(), second=1.0, visit=2)
    assert again.descriptors == here.descriptors + 1
    with pytest.raises(OSError):
        soak.sample_process(2**22 + 1, second=0.0, visit=0)


@pytest.mark.dds
@pytest.mark.slow
def test_soak_of_one_visit_samples_both_processes(monkeypatch):
    pytest.importorskip('rclpy', reason='needs ROS 2')
    monkeypatch.setattr(soak, 'VISIT_S', 8.0)
    monkeypatch.setattr(soak, 'PAUSE_S', 0.1)
    found = soak.run(minutes=0.001, rate=10.0)
    assert len(found.visits) == 1
    assert found.visits[0].rate > 0
    assert min(len(found.samples[name]) for name in ('node', 'camera')) >= 5
