# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The answers of engines are checked, and each deliberate fault is found and named."""

from dataclasses import replace
from itertools import count

from edgenext_ros.engines.base import EngineUnavailableError, infer, InferenceError
from edgenext_ros.models import ModelError
from edgenext_ros.selftest import colours, picture_checks, right, under_test
from edgenext_ros.selftest.finding import Conditions, Verdict
from edgenext_ros.selftest.picture_checks import Effort
from helpers import faulty_engines
from helpers.engine_faults import FAULTS, Healthy
from helpers.fault_table import BIN, OF_ANSWERS, ONNX, ROW, SIZES, STORED, THREADS
import numpy as np
import pytest

SMALL = Effort(stride=1, stored_s=60.0, row=40, row_s=60.0, pairs=6, pairs_s=60.0)
PARTS = (STORED, ROW, THREADS, SIZES)


@pytest.fixture
def find(monkeypatch):
    """Return a function that checks an engine with a fault; findings by their names."""
    def run(module, engine, fault, *, quick=True):
        monkeypatch.setattr(under_test, 'open_model', faulty_engines.opener(fault))
        monkeypatch.setattr(right, 'QUICK_EFFORT', SMALL)
        found = list(module.check(Conditions(engines=(engine,), quick=quick)))
        return {finding.name.removeprefix(f'{engine}: '): finding for finding in found}

    return run


@pytest.mark.parametrize('fault,engine,part,words', OF_ANSWERS)
def test_fault_is_found_and_named(onnxruntime, find, fault, engine, part, words):
    found = find(right, engine, FAULTS[fault])
    assert found[part].verdict is Verdict.WRONG
    assert words in found[part].sentence


@pytest.mark.parametrize('fault,wrong', [
    ('StaleUntilAgain', {STORED, ROW, THREADS}), ('PictureBefore', {STORED, ROW, THREADS}),
    ('PaddedOutput', {STORED, ROW, THREADS}), ('HalfScale', {STORED}), ('Other', {STORED}),
    ('WorksOnlyOnce', {SIZES})])
def test_fault_is_blamed_only_where_it_is(find, fault, wrong):
    found = find(right, BIN, FAULTS[fault])
    assert {part for part, finding in found.items() if finding.verdict is Verdict.WRONG} == wrong


@pytest.mark.parametrize('fault,name,words', [
    ('SwappedChroma', ROW, '40 pictures in a row'), ('SwappedChroma', THREADS, 'two threads at')])
def test_good_answers_of_a_wrong_engine_are_only_the_same_ones(find, fault, name, words):
    finding = find(right, BIN, FAULTS[fault])[name]
    assert finding.verdict is Verdict.GOOD and words in finding.text
    assert finding.text.endswith(
        '; good means only that the answers repeat, because those for the stored pictures are '
        'wrong')


def test_answers_that_do_not_repeat_are_said(find):
    found = find(right, BIN, FAULTS['PaddedOutput'])
    assert ('compared with its own earlier answers, because those for the stored pictures are '
            'wrong: the answers also do not repeat; ') in found[ROW].text


class ThreeSteps(Healthy):
    """Each answer is three quantisation steps too large."""

    def tell(self, scores, slot):
        return scores + 3 * self.steps


@pytest.mark.parametrize('fault,words', [
    (Healthy, ' equal the stored'), (ThreeSteps, ' in a logit, 3 steps; the best classes'),
    (FAULTS['SwappedChroma'], ' in a logit; the best class changed')])
def test_steps_are_counted_only_where_they_are_few(find, fault, words):
    text = find(right, BIN, fault)[STORED].text
    assert '24 answers (12 pictures, each run twice)' in text
    assert words in text


@pytest.mark.parametrize('engine', [BIN, ONNX])
def test_healthy_engine_has_no_wrong_finding(onnxruntime, find, engine):
    found = find(right, engine, Healthy)
    assert tuple(found) == PARTS
    assert {finding.verdict for finding in found.values()} == {Verdict.GOOD}
    equal = ('equal: 24 answers',) if engine == BIN else (
        'equal: 24 answers', 'within the rounding of float32: 24 answers')  # another version
    assert found[STORED].text.startswith(equal)
    assert found['pictures in a row'].figures['pictures'] == 40


@pytest.mark.parametrize('engine,fault,verdict,word', [
    (BIN, 'Healthy', Verdict.GOOD, 'full range: '),
    (ONNX, 'Healthy', Verdict.GOOD, 'full range: '),
    (BIN, 'LimitedTables', Verdict.WRONG, 'limited range: '),
    (ONNX, 'LimitedRange', Verdict.WRONG, 'limited range: '),
    (BIN, 'SwappedChroma', Verdict.WRONG, 'swapped chroma: '),
    (BIN, 'StaleUntilAgain', Verdict.GOOD, 'full range: '),
    (BIN, 'Nothing', Verdict.WRONG, 'neither: '),
    (BIN, 'Failing', Verdict.WRONG, 'no answer for 3 pictures')])
def test_range_of_nv12_is_stated(onnxruntime, find, engine, fault, verdict, word):
    engine_fault = {'Healthy': Healthy, **FAULTS}[fault]
    (finding,) = find(colours, engine, engine_fault, quick=fault != 'StaleUntilAgain').values()
    assert (finding.verdict, finding.text[:len(word)]) == (verdict, word)


@pytest.mark.parametrize('module,name', [(right, STORED), (colours, 'range of NV12')])
@pytest.mark.parametrize('error,verdict,words', [
    (EngineUnavailableError('no libdnn.so: it comes with RDK OS'), Verdict.UNTESTED,
     'no libdnn.so: it comes with RDK OS'),
    (ModelError('demo.bin: expected another'), Verdict.WRONG,
     'the bundled model does not open: demo.bin: expected another'),
    (InferenceError('not enough memory'), Verdict.WRONG, 'does not open: not enough memory'),
    (OSError('broken\nhere'), Verdict.WRONG, 'does not open: OSError: broken here'),
    (SystemExit(3), Verdict.WRONG, 'does not open: SystemExit: 3')])
def test_engine_that_does_not_open_is_one_finding(
        monkeypatch, module, name, error, verdict, words):
    def open_model(*_, **__):
        raise error

    monkeypatch.setattr(under_test, 'open_model', open_model)
    (finding,) = module.check(Conditions(engines=(BIN,)))
    assert (finding.name, finding.verdict) == (f'{BIN}: {name}', verdict)
    assert finding.text.endswith(words)


def test_model_of_another_size_is_wrong(monkeypatch):
    def open_model(model, **_):
        engine, info = faulty_engines.opener(Healthy)(model)
        return engine, replace(info, classes=1000)

    monkeypatch.setattr(under_test, 'open_model', open_model)
    (finding,) = right.check(Conditions(engines=(BIN,)))
    assert 'found 75264 bytes and 1000 classes' in finding.text


def test_engine_that_takes_a_picture_of_a_wrong_size_is_named(monkeypatch, find):
    def careless(engine, nv12):
        return infer(engine, np.resize(nv12, 75264).astype(np.uint8))

    monkeypatch.setattr(picture_checks, 'infer', careless)
    assert find(right, BIN, Healthy)['wrong sizes'].text == (
        'a picture with one byte less than the model reads: expected a refusal that names the '
        'size, found an answer')


def test_engine_is_closed_when_a_check_is_interrupted(monkeypatch):
    opened = []

    def open_model(model, **_):
        opened.append(faulty_engines.opener(Healthy)(model))
        return opened[-1]

    monkeypatch.setattr(under_test, 'open_model', open_model)
    checks = right.check(Conditions(engines=(BIN,), quick=True))
    next(checks)
    checks.close()
    with pytest.raises(InferenceError, match='no model is open'):
        infer(opened[0][0], np.zeros(75264, np.uint8))


def test_slow_engine_runs_fewer_pictures(monkeypatch, find):
    times = count()
    monkeypatch.setattr(under_test, 'monotonic', lambda: 10.0 * next(times))
    found = find(right, BIN, Healthy)
    assert {finding.verdict for finding in found.values()} == {Verdict.GOOD}
    assert found[STORED].figures['pictures'] == 7 and found[ROW].figures['pictures'] == 7
    assert found[ROW].text.endswith('(the time was up before 40 pictures)')


@pytest.mark.parametrize('change,words', [
    (1e-6, 'multiplication by the scales rounds otherwise'),
    (5e-5, 'within one quantisation step')])
def test_answers_within_a_step_are_good(monkeypatch, find, change, words):
    class Nearly(Healthy):

        def tell(self, scores, slot):
            return scores + np.float32(change)

    found = find(right, BIN, Nearly)
    assert {finding.verdict for finding in found.values()} == {Verdict.GOOD}
    assert words in found[STORED].text


@pytest.mark.slow
def test_simulator_has_no_wrong_finding(toolchain, monkeypatch):
    monkeypatch.setattr(right, 'QUICK_EFFORT', Effort(
        stride=3, stored_s=60.0, row=6, row_s=60.0, pairs=2, pairs_s=60.0))
    found = list(right.check(Conditions(engines=('simulator',), quick=True)))
    assert [finding.verdict for finding in found] == [Verdict.GOOD] * 4
    assert found[0].text.startswith('equal: 8 answers')
