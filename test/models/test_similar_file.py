# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Misspelt paths: the most similar file of the folder is proposed."""

from pathlib import Path

from edgenext_ros.core.labels import LabelError
from edgenext_ros.models import store
from edgenext_ros.models.similar_file import did_you_mean_file
import pytest


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Make a folder with models, and enter its parent."""
    (tmp_path / 'own').mkdir()
    for name in ('model.onnx', 'model.labels.txt', 'teacher.bin'):
        (tmp_path / 'own' / name).touch()
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize('path,expected', [
    ('own/modell.onnx', "; did you mean 'own/model.onnx'?"),
    ('own/modl.onnx', "; did you mean 'own/model.onnx'?"),
    ('own/taecher.bin', "; did you mean 'own/teacher.bin'?"),
    ('own/zzz.onnx', ''), ('nowhere/model.onnx', ''), ('own/model.onnx/x.onnx', ''),
    ('own\0/model.onnx', ''), ('own\ud800/model.onnx', '')])
def test_similar_file_of_the_folder_is_proposed(path, expected):
    assert did_you_mean_file(Path(path), ('.onnx', '.bin')) == expected


@pytest.mark.parametrize('path,end', [
    ('own/model.label.txt', "; did you mean 'own/model.labels.txt'?"), ('own/zzz.txt', '')])
def test_label_file_that_does_not_exist_is_answered_with_a_similar_one(path, end):
    with pytest.raises(LabelError) as caught:
        store.read_labels(Path(path))
    assert str(caught.value) == f'{path}: cannot be read: No such file or directory{end}'


@pytest.mark.parametrize('model,expected', [
    ('own/modell.onnx', 'own/model.onnx'), ('xx_smal', 'xx_small'),
    ('dmo', 'demo')])
def test_model_that_does_not_exist_is_answered_with_a_similar_one(model, expected):
    with pytest.raises(store.ModelNotFoundError, match=rf"; did you mean '{expected}'\?$"):
        store.locate(model)
