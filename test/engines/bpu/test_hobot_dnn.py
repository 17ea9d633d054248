# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""HobotDnn with a stand-in of pyeasy_dnn that has the faults of the original."""

from dataclasses import replace
import sys
from types import ModuleType

from edgenext_ros.engines.base import EngineOptions, EngineUnavailableError, infer, InferenceError
from edgenext_ros.engines.bpu import hobot_dnn
from edgenext_ros.models import ModelError
from helpers.standin_model import NHWC, NV12_SEPARATE, picture, RGB, S16, S32, S8, StandInModel, U8
import numpy as np
import pytest

PLAIN = StandInModel()


@pytest.fixture
def pyeasy(vendor):
    """Return the stand-in, with an empty list of calls."""
    from hobot_dnn import pyeasy_dnn
    return pyeasy_dnn


@pytest.fixture
def open_(pyeasy, tmp_path):
    def open_(spec=PLAIN, options=None):
        engine = hobot_dnn.HobotDnn()
        path = spec.write(tmp_path / 'model.bin')
        return engine, engine.open(path, options or EngineOptions())
    return open_


def test_open_returns_facts_about_the_model(open_):
    _, info = open_()
    assert (info.name, info.width, info.height, info.classes) == ('standin', 32, 16, 10)
    assert info.engine.startswith('hobot_dnn.pyeasy_dnn ')


@pytest.mark.parametrize('changes', [
    {}, {'layout': NHWC}, {'type': NV12_SEPARATE}, {'outputs': 2},
    {'w': 224, 'h': 224, 'classes': 7}, {'scales': 10},
    {'dtype': S8}, {'dtype': S8, 'scales': 1}, {'dtype': S16, 'scales': 10},
    {'dtype': S32, 'scales': 1}], ids=str)
def test_scores_equal_those_of_the_stand_in(open_, changes):
    spec = replace(PLAIN, **changes)
    engine, info = open_(spec)
    expected = spec if spec.dtype in (S8, S16, S32) else replace(spec, scales=0)
    for seed in range(2):
        nv12 = picture(info.nv12_size, seed=seed)
        scores = infer(engine, nv12)
        assert scores.dtype == np.float32 and scores.shape == (spec.classes,)
        np.testing.assert_array_equal(scores, expected.scores(nv12))


def test_slow_or_misleading_properties_are_not_read(open_, pyeasy):
    engine, info = open_(options=EngineOptions(bpu_core=1, priority=7))
    assert pyeasy.calls == ['properties', 'properties']
    pyeasy.calls.clear()
    infer(engine, picture(info.nv12_size))
    assert pyeasy.calls == ['forward core_id=1 priority=7', 'buffer']


@pytest.mark.parametrize('changes, words', [
    ({'inputs': 0}, 'found 0 and 1'), ({'outputs': 0}, 'found 1 and 0'),
    ({'inputs': 2}, 'found 2 input'), ({'type': RGB}, 'RGB'), ({'layout': 7}, 'UNKNOWN'),
    ({'h': 15}, '(1, 3, 15, 32)'), ({'n': 2}, '(2, 3, 16, 32)'), ({'dtype': U8}, 'uint8'),
    ({'dtype': S8, 'scales': 3}, '1 or 10 finite scales')], ids=str)
def test_unusable_model_is_refused(open_, changes, words):
    with pytest.raises(ModelError) as caught:
        open_(replace(PLAIN, **changes))
    assert words in str(caught.value) and 'model.bin' in str(caught.value)


def test_failed_forward_gives_its_cause_and_the_next_works(open_, pyeasy):
    engine, info = open_()
    nv12 = picture(info.nv12_size)
    pyeasy.fail_next_forward = True
    with pytest.raises(InferenceError, match=r'forward execution failed\. .*stderr'):
        infer(engine, nv12)
    np.testing.assert_array_equal(infer(engine, nv12), PLAIN.scores(nv12))


@pytest.mark.parametrize('changes, words', [
    ({'short_by': 1}, 'expected 10 output values, got 0'),
    ({'short_by': 1, 'dtype': S8, 'scales': 10}, 'expected 10 output values, got 0')], ids=str)
def test_unusable_output_is_an_inference_error(open_, changes, words):
    engine, info = open_(replace(PLAIN, **changes))
    with pytest.raises(InferenceError, match=words):
        infer(engine, picture(info.nv12_size))


def test_package_of_pypi_is_found(no_vendor, monkeypatch):
    package, module = ModuleType('hobot_dnn_rdkx5'), ModuleType('hobot_dnn_rdkx5.pyeasy_dnn')
    monkeypatch.setitem(sys.modules, 'hobot_dnn_rdkx5', package)
    monkeypatch.setitem(sys.modules, 'hobot_dnn_rdkx5.pyeasy_dnn', module)
    assert hobot_dnn.available().startswith('hobot_dnn_rdkx5.pyeasy_dnn ')


@pytest.mark.parametrize('use', [
    hobot_dnn.available, lambda: hobot_dnn.HobotDnn().open('x.bin', EngineOptions())])
def test_missing_binding_is_explained(no_vendor, use):
    with pytest.raises(EngineUnavailableError) as caught:
        use()
    for words in ("No module named 'hobot_dnn'", 'hobot_dnn_rdkx5:', 'system Python 3.10',
                  'pip install hobot-dnn-rdkx5', 'hobot-spdev', 'libdnn'):
        assert words in str(caught.value)


def test_failed_import_is_explained(no_vendor, monkeypatch, tmp_path):
    (tmp_path / 'hobot_dnn').mkdir()
    (tmp_path / 'hobot_dnn' / 'pyeasy_dnn.py').write_text('raise SystemError("foreign numpy")')
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineUnavailableError, match='foreign numpy'):
        hobot_dnn.available()
