# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the log says of a model, and of one that cannot be freed."""

import shutil
from unittest.mock import Mock

from edgenext_ros.models.store import resource_folder
from edgenext_ros.ros.loaded_model import Engine
from edgenext_ros.ros.settings import ClassifierSettings
from helpers.wrong_models import demo_model
import pytest

LABELS = resource_folder() / 'labels' / 'caltech_101.txt'


def told(log):
    """Return what a logger was given: pairs of severity and text."""
    return [(name, text) for name, (text,), _ in log.method_calls]


def test_tell_warns_when_the_classes_of_a_file_have_no_names(tmp_path, onnxruntime):
    model = shutil.copy(demo_model(), tmp_path / 'mine.onnx')
    engine, log = Engine.open(ClassifierSettings(model=str(model), runtime='onnx')), Mock()
    engine.tell(log)
    engine.close(log, idle=True)
    (_, text), warning = told(log)
    assert text.startswith(f'model mine ({model}), 100 classes, 224x224, on ONNX Runtime')
    assert warning == ('warning', f'no labels beside {model} (looked for mine.labels.txt, '
                       'mine.labels.json): names are class indices')


@pytest.mark.parametrize('given', ['bundled', 'path of the bundled', 'beside', 'parameter'])
def test_tell_is_silent_about_labels_that_are_there(tmp_path, onnxruntime, given):
    path = tmp_path / 'mine.onnx'
    shutil.copy(demo_model(), path)
    if given == 'beside':
        shutil.copy(LABELS, tmp_path / 'mine.labels.txt')
    settings = {'bundled': {}, 'path of the bundled': {'model': str(demo_model())},
                'beside': {'model': str(path)},
                'parameter': {'model': str(path), 'labels': str(LABELS)}}[given]
    engine, log = Engine.open(ClassifierSettings(runtime='onnx', **settings)), Mock()
    engine.tell(log)
    engine.close(log, idle=True)
    assert [name for name, _ in told(log)] == ['info']


def test_close_says_when_a_frame_is_still_in_work(onnxruntime):
    engine, log = Engine.open(ClassifierSettings(runtime='onnx')), Mock()
    engine.close(log, idle=False)
    assert told(log) == [('warning', 'a frame is still in work; its result will be dropped')]
    engine.close(log, idle=True)
    assert len(told(log)) == 1
