# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""LibDnn with a stand-in of libdnn.so that checks the rules of the interface."""

from dataclasses import replace

from edgenext_ros.engines.base import EngineOptions, EngineUnavailableError, infer, InferenceError
from edgenext_ros.models import ModelError
from helpers.standin_model import NHWC, NV12_SEPARATE, picture, RGB, S16, S32, S8, StandInModel, U8
import numpy as np
import pytest

PLAIN = StandInModel()
OPTIONS = EngineOptions()


def test_open_returns_facts_about_the_model(opened):
    _, info = opened(replace(PLAIN, models=2))
    assert (info.name, info.width, info.height, info.classes) == ('standin', 32, 16, 10)
    assert info.engine == 'libdnn 0.0.1-standin'


@pytest.mark.parametrize('changes', [
    {}, {'layout': NHWC}, {'type': NV12_SEPARATE}, {'outputs': 3},
    {'w': 34}, {'w': 34, 'type': NV12_SEPARATE}, {'w': 224, 'h': 224, 'classes': 7},
    {'pad': 8}, {'pad': 8, 'stride': 1}, {'stride': 1},
    {'dtype': S8}, {'dtype': S16}, {'dtype': S32}, {'dtype': S16, 'scales': 10},
    {'quanti': 2, 'scales': 1}, {'dtype': S8, 'quanti': 2, 'scales': 1},
    {'dtype': S8, 'quanti': 2, 'scales': 1, 'zeros': 1, 'pad': 16},
    {'dtype': S16, 'quanti': 2, 'scales': 10, 'zeros': 10},
    {'dtype': S32, 'quanti': 2, 'scales': 16, 'pad': 4},
], ids=str)
def test_every_byte_is_read_and_every_value_returned(opened, changes):
    spec = replace(PLAIN, **changes)
    if spec.dtype not in (S8, S16, S32) or not spec.quanti:
        expected = replace(spec, scales=0, zeros=0)  # scales have no meaning then
    else:
        expected = spec
    engine, info = opened(spec)
    for seed in range(3):  # without a flush, the result of the previous picture would appear
        nv12 = picture(info.nv12_size, seed=seed)
        scores = infer(engine, nv12)
        assert scores.dtype == np.float32 and scores.shape == (spec.classes,)
        if expected.scales > spec.classes:
            scale = expected.scale[:spec.classes]
            wanted = (spec.raw(nv12) * scale.astype(np.float64)).astype(np.float32)
        else:
            wanted = expected.scores(nv12)
        np.testing.assert_array_equal(scores, wanted)


def test_options_reach_the_library(opened, standin):
    engine, info = opened(options=replace(OPTIONS, bpu_core=1, priority=200))
    infer(engine, picture(info.nv12_size))
    assert (standin.count('bpu_core'), standin.count('priority')) == (1, 200)


@pytest.mark.parametrize('changes, words', [
    ({'inputs': 0}, 'found 0 input'), ({'inputs': 2}, 'found 2 input'),
    ({'type': RGB}, 'found 1 input(s), the first RGB'), ({'type': 99}, 'type 99'),
    ({'layout': 255}, 'NONE'), ({'h': 15}, '(1, 3, 15, 32)'), ({'w': 31}, '(1, 3, 16, 31)'),
    ({'n': 2}, '(2, 3, 16, 32)'), ({'c': 1}, '(1, 1, 16, 32)'),
    ({'w': 34, 'bytes': 34 * 16 * 3 // 2}, 'expected an input of 1152 bytes'),
    ({'outputs': 0}, 'found 0 output'), ({'classes': 0}, '(1, 0, 1, 1)'),
    ({'dtype': U8}, 'uint8'), ({'dtype': S8, 'quanti': 1}, 'quantisation type 1'),
    ({'dtype': S8, 'quanti': 2, 'scales': 3}, '1 or 10 finite scales'),
    ({'short_by': 4}, 'to fit in 36 bytes'), ({'models': 0}, 'none in the file'),
    ({'refuse': -6000014}, 'standin: incompatible model (-6000014)'),
], ids=str)
def test_unusable_model_is_refused(opened, changes, words):
    with pytest.raises(ModelError) as caught:
        opened(replace(PLAIN, **changes))
    assert words in str(caught.value) and 'model.bin' in str(caught.value)


@pytest.mark.parametrize('function, after, error', [
    ('hbDNNInitializeFromFiles', 0, ModelError), ('hbDNNGetModelNameList', 0, ModelError),
    ('hbDNNGetModelHandle', 0, ModelError), ('hbDNNGetInputCount', 0, ModelError),
    ('hbDNNGetInputTensorProperties', 0, ModelError), ('hbDNNGetOutputCount', 0, ModelError),
    ('hbDNNGetOutputTensorProperties', 1, ModelError),
    ('hbSysAllocCachedMem', 0, EngineUnavailableError),
    ('hbSysAllocCachedMem', 1, EngineUnavailableError),
    ('hbSysAllocCachedMem', 3, EngineUnavailableError),
    ('hbSysAllocCachedMem', 7, EngineUnavailableError)])
def test_failed_open_frees_everything(opened, standin, function, after, error):
    standin.fail(function, -6000001, after=after)
    with pytest.raises(error, match=rf'{function}: standin: invalid argument \(-6000001\)'):
        opened(replace(PLAIN, type=NV12_SEPARATE, outputs=2))
    assert standin.count('models') == standin.count('memories') == 0


@pytest.mark.parametrize('function, after', [
    ('hbSysFlushMem', 0), ('hbSysFlushMem', 1), ('hbDNNInfer', 0), ('hbDNNWaitTaskDone', 0)])
def test_failed_inference_is_an_error_and_the_next_works(opened, standin, function, after):
    engine, info = opened()
    nv12 = picture(info.nv12_size)
    standin.fail(function, -6000012, after=after)
    with pytest.raises(InferenceError, match=rf"'standin': {function}: standin: task failed"):
        infer(engine, nv12)
    standin.join()
    assert standin.count('tasks') == 0
    np.testing.assert_array_equal(infer(engine, nv12), PLAIN.scores(nv12))


def test_unknown_error_code_has_a_text(opened, standin):
    engine, info = opened()
    standin.fail('hbDNNInfer', -7)
    with pytest.raises(InferenceError, match=r'hbDNNInfer: unknown \(-7\)'):
        infer(engine, picture(info.nv12_size))


def test_tasks_are_released(opened, standin):
    engine, info = opened()
    for seed in range(40):  # the library has room for 32 tasks
        infer(engine, picture(info.nv12_size, seed=seed))
    assert standin.count('infers') == 40


def test_task_that_ends_in_failure_is_released(opened, standin):
    engine, info = opened(replace(PLAIN, wait_code=-6000012))
    with pytest.raises(InferenceError, match='task failed'):
        infer(engine, picture(info.nv12_size))
    assert standin.count('tasks') == 0
