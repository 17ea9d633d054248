# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The answers of engines are checked, and each deliberate fault is found and named."""

from edgenext_ros.selftest import colours, right, subject
from edgenext_ros.selftest.finding import Conditions, Verdict
from edgenext_ros.selftest.picture_checks import Effort
from helpers import faulty_engines
import pytest

SMALL = Effort(stride=1, row=60, row_s=60.0, pairs=12, pairs_s=60.0)
PARTS = ('stored pictures', 'pictures in a row', 'two threads', 'wrong sizes')
BIN, ONNX = 'libdnn', 'onnx'  # names of engines, which decide the model file

STORED, ROW, THREADS = PARTS[:3]
FAULTS = [
    ('HalfScale', BIN, STORED, 'times 0.5; likely cause: a wrong output scale'),
    ('HalfScale', ONNX, STORED, 'times 0.5; likely cause: a wrong output scale'),
    ('NoScale', BIN, STORED, 'the scale of each class is not applied'),
    ('ScaleOfFirstClass', BIN, STORED, 'the scale of each class is not applied'),
    ('StaleUntilAgain', ONNX, STORED, 'a stale picture: the cache of the input is not flushed'),
    ('StaleUntilAgain', BIN, STORED, 'a stale picture: the cache of the input is not flushed'),
    ('StaleNowAndThen', ONNX, ROW, 'a stale picture: the cache of the input is not flushed'),
    ('StaleNowAndThen', BIN, ROW, 'a stale picture: the cache of the input is not flushed'),
    ('PictureBefore', BIN, STORED, 'the engine answers from the picture before'),
    ('PictureBefore', ONNX, STORED, 'the engine answers from the picture before'),
    ('PictureBefore', BIN, ROW, 'the engine answers from the picture before'),
    ('PaddedOutput', BIN, STORED, 'padding of the output tensor (its stride) is not skipped'),
    ('PaddedOutput', ONNX, STORED, 'padding of the output tensor (its stride) is not skipped'),
    ('OutputOffset', BIN, STORED, 'padding or offset of the output tensor is not skipped'),
    ('SwappedChroma', BIN, STORED, 'as NV21, V before U'),
    ('SwappedChroma', ONNX, STORED, 'as NV21, V before U'),
    ('LimitedTables', BIN, STORED, 'as limited range (16..235)'),
    ('LimitedRange', ONNX, STORED, 'as limited range (16..235)'),
    ('NanNowAndThen', BIN, ROW, 'outputs that are not finite now and then'),
    ('NanNowAndThen', ONNX, ROW, 'outputs that are not finite now and then'),
    ('MixedThreads', ONNX, THREADS, 'the engine mixes up its threads'),
    ('Noise', BIN, STORED, 'no fault that the self-test knows explains them'),
    ('Nothing', BIN, STORED, 'all values are 0'),
    ('Failing', BIN, STORED, 'no picture of 24 got an answer; the first error: OSError: the'),
]


@pytest.fixture
def find(monkeypatch):
    """Return a function that checks an engine with a fault; findings by their names."""
    def run(module, engine, fault):
        monkeypatch.setattr(subject, 'open_model', faulty_engines.opener(fault))
        monkeypatch.setattr(right, 'QUICK_EFFORT', SMALL)
        found = list(module.check(Conditions(engines=(engine,), quick=True)))
        return {finding.name.removeprefix(f'{engine}: '): finding for finding in found}

    return run


@pytest.mark.parametrize('fault,engine,part,words', FAULTS)
def test_fault_is_found_and_named(onnxruntime, find, fault, engine, part, words):
    found = find(right, engine, faulty_engines.FAULTS[fault])
    assert found[part].verdict is Verdict.WRONG
    assert words in found[part].text


@pytest.mark.parametrize('engine', [BIN, ONNX])
def test_healthy_engine_has_no_wrong_finding(onnxruntime, find, engine):
    found = find(right, engine, faulty_engines.Healthy)
    assert tuple(found) == PARTS
    assert {finding.verdict for finding in found.values()} == {Verdict.GOOD}
    assert found['stored pictures'].text.startswith('equal: 24 answers')
    assert found['pictures in a row'].figures['pictures'] == 60


@pytest.mark.parametrize('engine,fault,verdict,word', [
    (BIN, 'Healthy', Verdict.GOOD, 'full range: '),
    (ONNX, 'Healthy', Verdict.GOOD, 'full range: '),
    (BIN, 'LimitedTables', Verdict.WRONG, 'limited range: '),
    (ONNX, 'LimitedRange', Verdict.WRONG, 'limited range: '),
    (BIN, 'SwappedChroma', Verdict.WRONG, 'swapped chroma: '),
    (BIN, 'StaleUntilAgain', Verdict.GOOD, 'full range: '),
    (BIN, 'Nothing', Verdict.WRONG, 'neither: '),
    (BIN, 'Failing', Verdict.WRONG, 'no answer for 6 pictures')])
def test_range_of_nv12_is_stated(onnxruntime, find, engine, fault, verdict, word):
    (finding,) = find(colours, engine, getattr(faulty_engines, fault)).values()
    assert (finding.verdict, finding.text[:len(word)]) == (verdict, word)
