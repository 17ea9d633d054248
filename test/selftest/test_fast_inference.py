# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One engine: each deliberate fault is found and named in the text of a finding."""

from __future__ import annotations

import json
import re
import shutil
from threading import Event

from edgenext_ros.engines.base import EngineUnavailableError, InferenceError, ModelInfo
from edgenext_ros.models.store import resource_folder
from edgenext_ros.selftest import fast_gil, fast_inference, fast_latency
from edgenext_ros.selftest.fast_board import BpuState
from edgenext_ros.selftest.fast_throughput import pictures_a_second
from edgenext_ros.selftest.finding import Conditions, Verdict
from helpers.fake_engine import FakeEngine
from helpers.fault_table import OF_SPEED
from helpers.slow_engines import ESTIMATE_MS, opener, SlowEngine
import pytest

DEMO = resource_folder() / 'models' / 'demo.bin'
WORDS = {
    'slow core': r'a median of 0\.69 ms, as the compiler estimates .* '
                 r'likely cause: slow core or clock:',
    'shared BPU': r'likely cause: BPU shared with another user: .* wait 2\d\.\d ms',
    'jitter': r'likely cause: jitter:',
    'held GIL': r'^The GIL is held during an inference'}
"""What else a finding says of the faults in ``OF_SPEED``."""


def findings(name='libdnn', open_=None, *, until=None, state=BpuState,
             progress=lambda text: None):
    """Return the findings of the quick check by their names, up to one of them."""
    conditions, found = Conditions((name,), quick=True, progress=progress), {}
    for finding in fast_inference.check(conditions, opener=open_ or opener('healthy'),
                                        estimate_ms=lambda path: ESTIMATE_MS, state=state):
        engine, _, what = finding.name.partition(': ')
        assert (finding.part, engine) == ('fast', name)
        assert what not in found
        found[what] = finding
        if what == until:
            break
    return found


@pytest.mark.slow
@pytest.mark.parametrize('fault', OF_SPEED)
def test_fault_is_named(fault):
    _, check, said = OF_SPEED[fault]
    finding = findings(open_=opener(fault), until=check)[check]
    assert finding.verdict is Verdict.WRONG
    assert said in finding.sentence
    assert re.search(WORDS[fault], finding.sentence), finding.sentence


@pytest.mark.slow
def test_findings_have_figures_of_every_check():
    steps = []
    found = findings(progress=steps.append)
    assert list(found) == ['latency', 'threads', 'GIL', 'BPU load and temperature']
    assert found['latency'].figures['estimate_ms'] == ESTIMATE_MS
    assert found['latency'].figures['median_ms'] > 0.7
    assert found['threads'].figures['slots'] == 4
    assert 0 < found['threads'].figures['fps_with_1'] < 1e3 / 0.7
    assert found['GIL'].verdict is Verdict.GOOD
    assert found['BPU load and temperature'].verdict is Verdict.UNTESTED
    assert steps[0] == 'libdnn: open the bundled model'
    assert len(steps) == 1 + len(found)
    json.dumps([finding.figures for finding in found.values()])


@pytest.mark.parametrize('name,held,verdict', [
    ('libdnn', True, Verdict.WRONG), ('libdnn', False, Verdict.GOOD),
    ('onnx', True, Verdict.WRONG), ('hobot_dnn', True, Verdict.MEASURED),
    ('hbm_runtime', True, Verdict.MEASURED), ('hbm_runtime', False, Verdict.GOOD)])
def test_vendor_modules_may_hold_the_gil(name, held, verdict, monkeypatch):
    gap = 0.99 if held else 0.2
    monkeypatch.setattr(fast_gil, 'measure', lambda *args, **more: fast_gil.GilProgress((gap,)))
    monkeypatch.setattr(fast_inference, 'pictures_a_second', lambda *args, **more: 100.0)
    monkeypatch.setattr(fast_latency, 'measure', lambda *args, **more: fast_latency.TimedSeries(
        *[(fast_latency.TimedRun(0.8),) * 20] * 2))
    finding = findings(name)['GIL']
    assert finding.verdict is verdict
    assert finding.figures == {'held': held, 'gap_percent': 100 * gap}
    assert (f"because {name} is one of the vendor's Python modules" in finding.text) == (
        verdict is Verdict.MEASURED)


@pytest.mark.parametrize('begin,ticks,end,gap', [
    (0.0, [], 1.0, 1.0), (0.0, [0.5], 1.0, 0.5), (1.0, [0.9, 1.9, 2.9], 3.0, 0.5),
    (0.0, [0.25, 0.5, 0.75], 1.0, 0.25), (5.0, [5.0], 5.0, 0.0)])
def test_gap_is_the_longest_time_without_progress(begin, ticks, end, gap):
    assert fast_gil.gaps(ticks, [(begin, end)]) == pytest.approx((gap,))


@pytest.mark.parametrize('gaps,held', [
    ([1.0] * 100, True), ([1.0] * 70 + [0.2] * 30, False), ([0.2] * 100, False),
    ([0.98] * 90 + [0.5] * 10, True)])
def test_gil_counts_as_held_only_if_nearly_every_inference_shows_it(gaps, held):
    assert fast_gil.GilProgress(tuple(gaps)).held is held


@pytest.mark.parametrize('fault,held', [('held GIL', True), ('slow core', False)])
def test_gil_is_measured_on_real_threads(fault, held):
    engine = SlowEngine(fault)
    try:
        progress = min((fast_gil.measure(engine, engine.info, count=30, within_s=2)
                        for _ in range(3)), key=lambda found: found.gap)
    finally:
        engine.close()
    assert progress.held is held


def test_threads_share_the_slots():
    engine = FakeEngine(slots=2)
    info = engine.open()
    assert pictures_a_second(engine, info, threads=4, seconds=0.05) > 0


@pytest.mark.parametrize('check', ['latency', 'threads', 'GIL'])
@pytest.mark.parametrize('error', [
    InferenceError('code -5'), OSError('code -5'), SystemExit('code -5')])
def test_inference_that_fails_is_wrong_and_ends_its_check_only(check, error):
    engine = FakeEngine(answer=error)
    found = findings(open_=lambda *args, **more: (engine, engine.open()))[check]
    assert found.verdict is Verdict.WRONG
    assert 'code -5' in found.text
    assert engine.closed == 1


@pytest.mark.parametrize('error,verdict', [
    (InferenceError('no BPU memory'), Verdict.WRONG), (OSError('no BPU memory'), Verdict.WRONG),
    (SystemExit('no BPU memory'), Verdict.WRONG),
    (EngineUnavailableError('no BPU memory'), Verdict.UNTESTED)])
def test_model_that_does_not_open_is_not_timed(error, verdict):
    def fail(*args, **more):
        raise error

    found = findings(open_=fail)
    assert list(found) == ['latency']
    assert found['latency'].verdict is verdict
    assert found['latency'].text.startswith('Nothing is timed: ')
    assert found['latency'].text.endswith(': no BPU memory.')


def test_simulator_is_timed_but_not_judged():
    engine = FakeEngine()
    found = findings('simulator', lambda *args, **more: (engine, engine.open()))
    assert list(found) == ['latency']
    assert found['latency'].verdict is Verdict.MEASURED
    assert engine.tried == 2


def test_engine_far_below_the_estimate_is_a_fact():
    engine = FakeEngine()
    found = findings(open_=lambda *args, **more: (engine, engine.open()), until='latency')
    assert found['latency'].verdict is Verdict.MEASURED
    assert 'less than half of the 0.69 ms' in found['latency'].text


def test_board_state_during_the_runs_is_part_of_the_findings(monkeypatch):
    busy, read = Event(), Event()

    def measure(*args, **more):
        busy.set()
        assert read.wait(20)
        busy.clear()
        return fast_latency.TimedSeries(*[(fast_latency.TimedRun(6.9),) * 20] * 2)

    def state():
        works = busy.is_set()
        if works:
            read.set()
        return BpuState(load_percent=0.0, temperature_c=60.0,
                        clock_mhz=100.0 if works else 50.0, top_clock_mhz=1000.0)

    monkeypatch.setattr(fast_gil, 'measure', lambda *args, **more: fast_gil.GilProgress((0.1,)))
    monkeypatch.setattr(fast_latency, 'measure', measure)
    monkeypatch.setattr(fast_latency, 'ATTEMPTS', 1)
    engine = FakeEngine()
    found = findings(open_=lambda *args, **more: (engine, engine.open()), state=state)
    assert 'at a BPU clock of 100 of 1000 MHz' in found['latency'].cause
    assert found['BPU load and temperature'].figures['temperature_c'] == 60.0


@pytest.mark.slow
def test_onnx_is_measured_beside_another_process(onnxruntime, own_cache):
    found = list(fast_inference.check(Conditions(('onnx',), quick=True, beside=True)))
    assert [finding.name for finding in found] == [
        f'onnx: {what}' for what in ('latency', 'threads', 'GIL', 'beside another user')]
    assert Verdict.WRONG not in [finding.verdict for finding in found]
    assert 'beside a process that runs demo.onnx for 20 ms' in found[-1].text
    assert found[-1].figures['alone_median_ms'] == found[0].figures['paced_median_ms']
    assert 'estimate_ms' not in found[0].figures


def test_estimate_is_that_of_the_bundled_file():
    assert fast_inference.estimate_of(DEMO) == ESTIMATE_MS
    assert fast_inference.estimate_of(DEMO.with_suffix('.onnx')) is None


def test_other_file_with_the_recipe_has_no_estimate(tmp_path):
    shutil.copy(DEMO.with_name('demo.recipe.json'), tmp_path)
    (tmp_path / 'demo.bin').write_bytes(b'other')
    assert fast_inference.estimate_of(tmp_path / 'demo.bin') is None
    (tmp_path / 'demo.recipe.json').write_text('[]')
    assert fast_inference.estimate_of(tmp_path / 'demo.bin') is None


def test_info_of_stand_ins_fits_the_bundled_model():
    assert opener('healthy')(DEMO)[1] == ModelInfo(
        'demo', 'stand-in', width=224, height=224, classes=100, slots=4)
