# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""HbmRuntime with a stand-in of the X5's hbm_runtime that has the faults of the original."""

from dataclasses import replace

from edgenext_ros.engines.base import EngineOptions, EngineUnavailableError, infer, InferenceError
from edgenext_ros.engines.bpu import hbm_runtime
from edgenext_ros.models import ModelError
from helpers.standin_model import NHWC, NV12_SEPARATE, picture, RGB, S16, S32, S8, StandInModel, U8
import numpy as np
import pytest

PLAIN = StandInModel()


@pytest.fixture
def hbm(vendor):
    """Return the stand-in, freshly imported."""
    import hbm_runtime
    return hbm_runtime


@pytest.fixture
def open_(hbm, tmp_path):
    def open_(spec=PLAIN, name='model.bin'):
        engine = hbm_runtime.HbmRuntime()
        return engine, engine.open(spec.write(tmp_path / name), EngineOptions())
    return open_


def test_open_returns_facts_about_the_model(open_):
    _, info = open_()
    assert (info.name, info.width, info.height, info.classes) == ('standin', 32, 16, 10)
    assert info.engine.startswith('hbm_runtime ')


@pytest.mark.parametrize('changes', [
    {}, {'layout': NHWC}, {'outputs': 2}, {'w': 224, 'h': 224, 'classes': 7},
    {'quanti': 2, 'scales': 1}, {'dtype': S8}, {'dtype': S8, 'scales': 1},
    {'dtype': S8, 'quanti': 2, 'scales': 1, 'zeros': 1},
    {'dtype': S16, 'quanti': 2, 'scales': 10, 'zeros': 10},
    {'dtype': S32, 'quanti': 2, 'scales': 1}], ids=str)
def test_scores_equal_those_of_the_stand_in(open_, changes):
    spec = replace(PLAIN, **changes)
    engine, info = open_(spec)
    quantised = spec.quanti and spec.dtype in (S8, S16, S32)
    expected = spec if quantised else replace(spec, scales=0, zeros=0)
    for seed in range(2):
        nv12 = picture(info.nv12_size, seed=seed)
        scores = infer(engine, nv12)
        assert scores.dtype == np.float32 and scores.shape == (spec.classes,)
        np.testing.assert_array_equal(scores, expected.scores(nv12))


def test_results_do_not_hold_memory_of_the_bpu(open_, hbm):
    engine, info = open_()
    kept = [infer(engine, picture(info.nv12_size, seed=seed)) for seed in range(3)]
    assert len(kept) == len(hbm.results) == 3
    assert [reference() for reference in hbm.results] == [None] * 3


@pytest.mark.parametrize('changes, words', [
    ({'inputs': 0}, 'found 0 input'), ({'inputs': 2}, 'found 2 input'),
    ({'outputs': 0}, 'found 0 output'), ({'type': RGB}, '(RGB)'),
    ({'type': NV12_SEPARATE}, '(NV12_SEPARATE)'), ({'h': 15}, '(1, 3, 15, 32)'),
    ({'c': 1}, '(1, 1, 16, 32)'), ({'dtype': U8}, 'U8'),
    ({'dtype': S8, 'quanti': 2, 'scales': 3}, '1 or 10 finite scales')], ids=str)
def test_unusable_model_is_refused(open_, changes, words):
    with pytest.raises(ModelError) as caught:
        open_(replace(PLAIN, **changes))
    assert words in str(caught.value) and 'model.bin' in str(caught.value)


@pytest.mark.parametrize('name, found', [('model.hbm', "'.hbm'"), ('model', "'none'")])
def test_a_name_that_the_binding_refuses_is_explained(open_, name, found):
    with pytest.raises(ModelError, match=f'ends in .bin, found {found}.*rename the file'):
        open_(name=name)


@pytest.mark.parametrize('changes, words', [
    ({'wait_code': 1}, 'all 10 output values are 0'),
    ({'wait_code': 1, 'dtype': S8}, 'all 10 output values are 0'),
    ({'short_by': 1}, 'expected 10 output values, got 9')], ids=str)
def test_failure_that_the_binding_misses_is_an_inference_error(open_, changes, words):
    engine, info = open_(replace(PLAIN, **changes))
    with pytest.raises(InferenceError, match=words):
        infer(engine, picture(info.nv12_size))


def test_failed_run_is_an_error_and_the_next_works(open_, hbm, monkeypatch):
    def run(self, array):
        raise RuntimeError('run() already in use')

    engine, info = open_()
    nv12 = picture(info.nv12_size)
    with monkeypatch.context() as patch:
        patch.setattr(hbm.HB_HBMRuntime, 'run', run)
        with pytest.raises(InferenceError, match=r'hbm_runtime: run\(\) already in use'):
            infer(engine, nv12)
    np.testing.assert_array_equal(infer(engine, nv12), PLAIN.scores(nv12))


def test_one_class_may_be_constant(open_):
    engine, info = open_(replace(PLAIN, classes=1))
    assert infer(engine, picture(info.nv12_size)).shape == (1,)


def test_available_returns_name_and_version(hbm):
    assert hbm_runtime.available().startswith('hbm_runtime ')


@pytest.mark.parametrize('use', [
    hbm_runtime.available, lambda: hbm_runtime.HbmRuntime().open('x.bin', EngineOptions())])
def test_missing_binding_is_explained(no_vendor, use):
    with pytest.raises(EngineUnavailableError) as caught:
        use()
    for words in ('No module named', 'RDK OS 3.5.0', 'system Python 3.10', 'libdnn or hobot_dnn'):
        assert words in str(caught.value)


@pytest.mark.parametrize('error, words', [
    ('ImportError("libhbucp.so: cannot open shared object file")',
     'libhbucp.so.*PyPI, for the S100.*pip uninstall hbm_runtime'),
    ('RuntimeError("libdnn.so not found")', 'libdnn.so not found.*RDK OS 3.5.0')])
def test_failed_import_is_explained(no_vendor, monkeypatch, tmp_path, error, words):
    (tmp_path / 'hbm_runtime.py').write_text(f'raise {error}')
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(EngineUnavailableError, match=words):
        hbm_runtime.available()
