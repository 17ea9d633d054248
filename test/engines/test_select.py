# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Choice of the engine for a file, and the errors without one."""

from edgenext_ros.engines import select
from edgenext_ros.engines.base import EngineUnavailableError, infer, InferenceError
from edgenext_ros.engines.simulator import engine as simulator
from edgenext_ros.models import ModelError
from edgenext_ros.models.store import locate
from helpers.standin_model import picture, StandInModel
import numpy as np
import pytest


@pytest.fixture
def no_board(no_vendor, monkeypatch):
    """Simulate a machine without the engines of the board and without the simulator."""
    monkeypatch.setenv('EDGENEXT_LIBDNN', '/nowhere/libdnn.so')
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', '/nowhere')


@pytest.fixture
def has_simulator(monkeypatch):
    """Simulate a machine with the simulator."""
    monkeypatch.setattr(simulator, 'available', lambda: 'BPU simulator')


def demo():
    return locate('demo', suffixes=('.onnx',)).path


def test_select_runs_onnx_with_onnx_runtime(onnxruntime):
    assert select.select(demo()).name == 'onnx'


def test_select_without_a_board_gives_the_reason_of_every_engine(no_board, tmp_path):
    with pytest.raises(EngineUnavailableError) as caught:
        select.select(tmp_path / 'model.bin')
    text = str(caught.value)
    assert 'no engine for model.bin works on this machine' in text
    places = [text.index(f'{name}: ') for name in (
        'libdnn', 'hbm_runtime', 'hobot_dnn', 'simulator')]
    assert places == sorted(places)


def test_select_runs_bin_with_libdnn_where_it_loads(standin, tmp_path, onnxruntime):
    assert select.select(tmp_path / 'model.bin').name == 'libdnn'
    assert select.suffixes() == ('.bin', '.onnx')


def test_select_runs_bin_with_vendor_modules_without_libdnn(no_board, vendor, tmp_path):
    assert select.select(tmp_path / 'model.bin').name == 'hbm_runtime'
    assert select.select(tmp_path / 'model.bin', 'hobot_dnn').name == 'hobot_dnn'


def test_suffixes_without_a_board_are_those_of_onnx(no_board, onnxruntime):
    assert select.suffixes() == ('.onnx',)
    assert select.suffixes('libdnn') == ('.bin',)


def test_select_uses_the_simulator_when_no_other_engine_works(no_board, has_simulator, tmp_path):
    assert select.select(tmp_path / 'model.bin').name == 'simulator'


def test_select_prefers_the_board_to_the_simulator(standin, has_simulator, tmp_path):
    assert select.select(tmp_path / 'model.bin').name == 'libdnn'


def test_suffixes_skip_the_simulator(no_board, has_simulator, onnxruntime):
    """A model with both files runs at full speed in ONNX Runtime, unless it is chosen."""
    assert select.suffixes() == ('.onnx',)
    assert select.suffixes('simulator') == ('.bin',)
    assert 'simulator' not in [engine.name for engine in select.survey()]


@pytest.mark.parametrize('name,engine,error,reason', [
    ('model.onnx', 'libdnn', ModelError, "runtime 'libdnn' does not read .onnx files; use onnx"),
    ('model.bin', 'onnx', ModelError, "'onnx' does not read .bin files; use libdnn or"),
    ('model.pt', 'auto', ModelError, 'expected a .bin .BPU. or .onnx file'),
    ('model.bin', 'gpu', EngineUnavailableError, "runtime 'gpu' is not one of auto, libdnn")])
def test_engine_that_does_not_read_the_file_is_refused(tmp_path, name, engine, error, reason):
    with pytest.raises(error, match=reason):
        select.select(tmp_path / name, engine)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(ModelError, match='does not exist'):
        select.open_model(tmp_path / 'none.onnx')
    with pytest.raises(ModelError, match='found a folder'):
        select.open_model(tmp_path)


def test_open_model_runs_the_model_and_closes_it_after_a_failure(standin, tmp_path):
    path = StandInModel(classes=10).write(tmp_path / 'model.bin')
    engine, info = select.open_model(path)
    assert (info.width, info.height, info.classes) == (32, 16, 10)
    infer(engine, picture(info.nv12_size, seed=1))
    engine.close()
    standin.fail('hbDNNInfer', -6000001)
    with pytest.raises(InferenceError):
        select.open_model(path)


@pytest.mark.parametrize('change, words', [
    (lambda data: b'', 'found no bytes'),
    (lambda data: data.replace(b'#B2Ehbm', b'#X2Ahbm'), "found one for 'bernoulli2'"),
    (lambda data: data.replace(b'classes=10', b'classes=11'), 'instructions have the CRC-32')])
def test_open_model_checks_bin_before_the_engine_opens_it(standin, tmp_path, change, words):
    path = StandInModel().write(tmp_path / 'model.bin')
    path.write_bytes(change(path.read_bytes()))
    standin.fail('hbDNNInitializeFromFiles', -6000001)
    with pytest.raises(ModelError, match=words):
        select.open_model(path)
    standin.reset()


@pytest.mark.parametrize('values,answer', [
    ([0.2, 0.8], True), ([0.5, 0.4], False), ([1.5, -0.5], False), ([3.0, -2.0, 7.0], False)])
def test_are_probabilities(values, answer):
    assert select.are_probabilities(np.array(values, np.float32)) is answer


def test_survey_stops_at_the_first_engine_that_works(standin, onnxruntime):
    assert [engine.name for engine in select.survey()] == ['libdnn', 'onnx']


def test_survey_without_a_board_names_all_engines(no_board, onnxruntime):
    assert [(engine.name, engine.usable) for engine in select.survey()] == [
        ('libdnn', False), ('hbm_runtime', False), ('hobot_dnn', False), ('onnx', True)]
