# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime without enough memory."""

from pathlib import Path

from edgenext_ros.engines.base import EngineOptions, InferenceError
from edgenext_ros.engines.onnx import Onnx
import pytest


@pytest.mark.parametrize('text', [
    'Load model from model.onnx failed:std::bad_alloc',
    'PosixThread pthread_create failed, error code: 12 error msg: Cannot allocate memory'])
def test_model_that_finds_no_memory_is_not_called_unreadable(onnxruntime, monkeypatch, text):
    def open_session(*_, **__):
        raise RuntimeError(text)

    monkeypatch.setattr(onnxruntime, 'InferenceSession', open_session)
    with pytest.raises(InferenceError, match=r'model\.onnx: not enough memory to load it: '):
        Onnx().open(Path('model.onnx'), EngineOptions())
