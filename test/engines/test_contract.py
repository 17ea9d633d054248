# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The contract of all engines: open, lend slots, run, close; see ``engines/base.py``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
import sys

from edgenext_ros.choices import ENGINES
from edgenext_ros.engines import select
from edgenext_ros.engines.base import (
    Engine,
    EngineOptions,
    EngineUnavailableError,
    infer,
    InferenceError,
    ModelInfo,
)
from edgenext_ros.models import ModelError
from edgenext_ros.models.formats import bin_file
from edgenext_ros.models.store import locate
from helpers.onnx_writer import model, node
from helpers.standin_model import picture, StandInModel
import numpy as np
import pytest

OPTIONS = EngineOptions()


@dataclass
class Rig:
    """One engine, a model for it, and a model whose output is not finite."""

    make: Callable[[], Engine]
    path: Path
    not_finite: Path
    slots: int = 1
    info: ModelInfo | None = None

    def open(self, path: Path | None = None) -> Engine:
        engine = self.make()
        self.info = engine.open(path or self.path, OPTIONS)
        return engine

    def picture(self, seed: int = 0) -> np.ndarray:
        return picture(self.info.nv12_size, seed=seed)


def bins(folder: Path) -> tuple[Path, Path]:
    return (StandInModel().write(folder / 'model.bin'),
            StandInModel(not_finite=1).write(folder / 'not_finite.bin'))


def onnx_models(folder: Path) -> tuple[Path, Path]:
    nodes = (node('GlobalAveragePool', ['image'], ['pooled']),
             node('Flatten', ['pooled'], ['logits'], axis=1))
    negative = (*nodes, node('Abs', ['logits'], ['abs']), node('Neg', ['abs'], ['neg']),
                node('Log', ['neg'], ['nan']))
    good, bad = folder / 'model.onnx', folder / 'not_finite.onnx'
    good.write_bytes(model(nodes, outputs=[('logits', (1, 3))]))
    bad.write_bytes(model(negative, outputs=[('nan', (1, 3))]))
    return good, bad


def simulated(folder: Path) -> tuple[Path, Path]:
    good, bad = locate('demo', suffixes=('.bin',)).path, folder / 'not_finite.bin'
    scales = np.array(bin_file.read(good).scales, np.float32)
    data = good.read_bytes().replace(
        scales.tobytes(), np.full_like(scales, np.finfo(np.float32).max).tobytes())
    bad.write_bytes(data)
    return good, bad


NEEDS = {'libdnn': ('standin',), 'hbm_runtime': ('vendor',), 'hobot_dnn': ('vendor',),
         'onnx': ('onnxruntime',), 'simulator': ('toolchain',)}


@pytest.fixture(params=[
    pytest.param(name, marks=pytest.mark.tools) if 'toolchain' in NEEDS[name] else name
    for name in ENGINES])
def rig(request, tmp_path):
    """Return each engine with its stand-in; skip the simulator without the vendor's tools."""
    name = request.param
    for fixture in NEEDS[name]:
        request.getfixturevalue(fixture)
    models = {'onnx': onnx_models, 'simulator': simulated}.get(name, bins)
    engines = []

    def make():
        engines.append(select.make(name))
        return engines[-1]

    yield Rig(make, *models(tmp_path), slots=2 if name == 'libdnn' else 1)
    for engine in engines:
        engine.close()


def test_open_describes_the_model(rig):
    rig.open()
    assert rig.info.slots == rig.slots
    assert rig.info.width % 2 == rig.info.height % 2 == 0
    assert rig.info.classes > 1 and rig.info.name and rig.info.engine


def test_picture_is_flat_writable_and_of_the_models_size(rig):
    engine = rig.open()
    with engine.slot() as slot:
        assert slot.picture.shape == (rig.info.nv12_size,)
        assert slot.picture.dtype == np.uint8
        assert slot.picture.flags.writeable and slot.picture.flags.c_contiguous


def test_scores_are_flat_float32_of_the_picture_that_was_written(rig):
    engine, found = rig.open(), []
    for seed in (1, 2, 1):
        with engine.slot() as slot:
            slot.picture[:] = rig.picture(seed)
            found.append(slot.run())
    assert {scores.dtype for scores in found} == {np.dtype(np.float32)}
    assert {scores.shape for scores in found} == {(rig.info.classes,)}
    assert (found[0] == found[2]).all() and (found[0] != found[1]).any()


def test_scores_are_not_changed_by_later_runs(rig):
    engine = rig.open()
    first = infer(engine, rig.picture(1))
    kept = first.copy()
    infer(engine, rig.picture(2))
    engine.close()
    np.testing.assert_array_equal(first, kept)
    first[:] = 0


def test_slot_can_be_run_twice(rig):
    engine = rig.open()
    with engine.slot() as slot:
        slot.picture[:] = rig.picture(1)
        first = slot.run()
        np.testing.assert_array_equal(slot.run(), first)
        slot.picture[:] = rig.picture(2)
        assert (slot.run() != first).any()


def test_as_many_slots_are_lent_as_the_model_has_and_the_next_thread_waits(rig):
    engine = rig.open()
    with ThreadPoolExecutor(1) as threads:
        with ExitStack() as lent:
            slots = [lent.enter_context(engine.slot()) for _ in range(rig.slots)]
            for seed, slot in enumerate(slots):
                slot.picture[:] = rig.picture(seed)
            waiting = threads.submit(infer, engine, rig.picture(9))
            assert not wait([waiting], 0.05).done
            found = [slot.run() for slot in slots]
        last = waiting.result(60)
    for seed, scores in (*enumerate(found), (9, last)):
        np.testing.assert_array_equal(infer(engine, rig.picture(seed)), scores)


def test_exception_in_the_block_frees_the_slot(rig):
    engine = rig.open()
    for _ in range(rig.slots + 1):
        with pytest.raises(KeyError, match='mine'), engine.slot():
            raise KeyError('mine')
    assert infer(engine, rig.picture()).size == rig.info.classes


def test_slot_does_not_run_after_its_block(rig):
    engine = rig.open()
    with engine.slot() as slot:
        pass
    with pytest.raises(InferenceError, match='not lent any more'):
        slot.run()


@pytest.mark.parametrize('change', [
    lambda nv12: nv12[:-1], lambda nv12: np.append(nv12, nv12[:1]),
    lambda nv12: nv12.astype(np.float32), lambda nv12: nv12.view(np.int8),
    lambda nv12: nv12.repeat(2)[::2]], ids=['short', 'long', 'float32', 'int8', 'strided'])
def test_infer_refuses_another_picture(rig, change):
    engine = rig.open()
    with pytest.raises(ValueError, match=f'{rig.info.nv12_size} contiguous uint8 values of NV12'):
        infer(engine, change(rig.picture()))


@pytest.mark.filterwarnings('ignore:overflow')
def test_output_that_is_not_finite_is_an_inference_error(rig):
    engine = rig.open(rig.not_finite)
    with pytest.raises(InferenceError, match='not finite'):
        infer(engine, rig.picture())


def test_close_is_refused_while_a_slot_is_lent(rig):
    engine = rig.open()
    with engine.slot() as slot:
        for refused in (engine.close, lambda: engine.open(rig.path, OPTIONS)):
            with pytest.raises(InferenceError, match='slot is lent'):
                refused()
        slot.picture[:] = rig.picture()
        scores = slot.run()
    np.testing.assert_array_equal(infer(engine, rig.picture()), scores)
    engine.close()


def test_close_may_be_called_twice_and_without_open(rig):
    rig.make().close()
    engine = rig.open()
    engine.close()
    engine.close()


def test_no_slot_is_lent_without_a_model(rig):
    engine = rig.open()
    engine.close()
    for closed in (engine, rig.make()):
        with pytest.raises(InferenceError, match='no model is open'), closed.slot():
            pass


def test_engine_can_be_opened_again(rig):
    engine = rig.open()
    scores = infer(engine, rig.picture())
    engine.open(rig.path, OPTIONS)
    np.testing.assert_array_equal(infer(engine, rig.picture()), scores)
    engine.close()
    engine.open(rig.path, OPTIONS)
    np.testing.assert_array_equal(infer(engine, rig.picture()), scores)


@pytest.mark.parametrize('make', [
    lambda path: None, lambda path: path.mkdir(), lambda path: path.write_bytes(b''),
    lambda path: path.write_bytes(b'no model')], ids=['missing', 'folder', 'empty', 'text'])
def test_wrong_model_file_is_a_model_error(rig, make, tmp_path):
    path = (tmp_path / 'wrong').with_suffix(rig.path.suffix)
    make(path)
    engine = rig.make()
    with pytest.raises(ModelError) as caught:
        engine.open(path, OPTIONS)
    assert str(path) in str(caught.value) and '\n' not in str(caught.value)
    engine.close()
    with pytest.raises(InferenceError, match='no model is open'), engine.slot():
        pass


@pytest.mark.parametrize('name', ENGINES)
def test_open_without_libraries_is_engine_unavailable(name, no_vendor, monkeypatch, tmp_path):
    monkeypatch.setenv('EDGENEXT_LIBDNN', '/nowhere/libdnn.so')
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(tmp_path))
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    engine = select.make(name)
    with pytest.raises(EngineUnavailableError):
        engine.open(tmp_path / 'model', OPTIONS)
    engine.close()
