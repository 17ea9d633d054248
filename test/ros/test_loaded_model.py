# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Opening and closing a model, and its log lines."""

from dataclasses import replace
import shutil
from unittest.mock import Mock

from edgenext_ros.core.labels import LabelError
from edgenext_ros.models.store import resource_folder
from edgenext_ros.ros import loaded_model
from edgenext_ros.ros.loaded_model import LoadedModel
from edgenext_ros.ros.settings import ClassifierSettings
from helpers.fake_engine import FakeEngine, INFO
from helpers.wrong_models import demo_model
import pytest

LABELS = resource_folder() / 'labels' / 'caltech_101.txt'


def logged(log):
    """Return what a logger was given: pairs of severity and text."""
    return [(name, text) for name, (text,), _ in log.method_calls]


def test_log_warns_of_a_model_without_labels(tmp_path, onnxruntime):
    path = shutil.copy(demo_model(), tmp_path / 'mine.onnx')
    model, log = LoadedModel.open(ClassifierSettings(model=str(path), runtime='onnx')), Mock()
    model.log_to(log)
    model.close(log)
    (_, text), warning = logged(log)
    assert text.startswith(f'model mine ({path}), 100 classes, 224x224, on ONNX Runtime')
    assert warning == ('warning', f'no labels beside {path} (looked for mine.labels.txt, '
                       'mine.labels.json): names are class indices')


@pytest.mark.parametrize('engine,slow', [
    ('BPU simulator, hbdk 3.49.15', True), ('ONNX Runtime 1.16', False)])
def test_log_says_that_the_simulator_is_slow(tmp_path, onnxruntime, engine, slow):
    model, log = LoadedModel.open(ClassifierSettings(runtime='onnx')), Mock()
    replace(model, info=replace(model.info, engine=engine)).log_to(log)
    model.close(log)
    assert [text for _, text in logged(log) if 'many seconds for an image' in text] == [
        text for _, text in logged(log)[1:]] and len(logged(log)) == 1 + slow


@pytest.mark.parametrize('given', ['bundled', 'path of the bundled', 'beside', 'parameter'])
def test_log_does_not_mention_existing_labels(tmp_path, onnxruntime, given):
    path = tmp_path / 'mine.onnx'
    shutil.copy(demo_model(), path)
    if given == 'beside':
        shutil.copy(LABELS, tmp_path / 'mine.labels.txt')
    settings = {'bundled': {}, 'path of the bundled': {'model': str(demo_model())},
                'beside': {'model': str(path)},
                'parameter': {'model': str(path), 'labels': str(LABELS)}}[given]
    model, log = LoadedModel.open(ClassifierSettings(runtime='onnx', **settings)), Mock()
    model.log_to(log)
    model.close(log)
    assert [name for name, _ in logged(log)] == ['info']


def test_engine_is_closed_if_the_labels_do_not_fit(tmp_path):
    engine, labels = FakeEngine(), tmp_path / 'two.txt'
    labels.write_text('cat\ndog\n')
    settings = ClassifierSettings(model=str(demo_model()), runtime='onnx', labels=str(labels))
    with pytest.raises(LabelError):
        LoadedModel.open(settings, opener=lambda *_, **__: engine.open_it())
    assert engine.closed == 1


def test_engine_is_closed_if_there_is_no_memory_for_the_converter(monkeypatch):
    def fail(**_):
        raise MemoryError

    engine = FakeEngine(info=replace(INFO, classes=100))
    monkeypatch.setattr(loaded_model, 'Nv12Converter', fail)
    with pytest.raises(MemoryError):
        LoadedModel.open(ClassifierSettings(model=str(demo_model()), runtime='onnx'),
                         opener=lambda *_, **__: engine.open_it())
    assert engine.closed == 1


def test_close_logs_taken_memory_while_a_slot_is_in_use(onnxruntime):
    model, log = LoadedModel.open(ClassifierSettings(runtime='onnx')), Mock()
    with model.engine.slot():
        model.close(log)
        assert 'its memory stays taken and no model is loaded until' in logged(log)[0][1]
    model.close(log)
    assert len(logged(log)) == 1
