# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""ctypes interface of libdnn: layout of the structs, and search for the library."""

import ctypes
from pathlib import Path
import subprocess

from edgenext_ros.engines.base import EngineUnavailableError
from edgenext_ros.engines.bpu import libdnn, libdnn_abi
import pytest


@pytest.mark.parametrize('struct, size', [
    (libdnn_abi.SysMem, 24), (libdnn_abi.Shape, 36), (libdnn_abi.Properties, 176),
    (libdnn_abi.DnnTensor, 272), (libdnn_abi.InferControl, 32)])
def test_struct_sizes(struct, size):
    assert ctypes.sizeof(struct) == size


@pytest.mark.parametrize('struct, field, offset', [
    (libdnn_abi.SysMem, 'vir_addr', 8), (libdnn_abi.SysMem, 'mem_size', 16),
    (libdnn_abi.Shape, 'count', 32), (libdnn_abi.Properties, 'aligned_shape', 36),
    (libdnn_abi.Properties, 'layout', 72), (libdnn_abi.Properties, 'type', 76),
    (libdnn_abi.Properties, 'shift', 80), (libdnn_abi.Properties, 'scale', 96),
    (libdnn_abi.QuantiScale, 'scale_data', 8), (libdnn_abi.QuantiScale, 'zero_length', 16),
    (libdnn_abi.QuantiScale, 'zero_data', 24), (libdnn_abi.Properties, 'quanti_type', 128),
    (libdnn_abi.Properties, 'quantize_axis', 132),
    (libdnn_abi.Properties, 'aligned_byte_size', 136), (libdnn_abi.Properties, 'stride', 140),
    (libdnn_abi.DnnTensor, 'properties', 96), (libdnn_abi.InferControl, 'priority', 8),
    (libdnn_abi.InferControl, 'custom_id', 16)])
def test_struct_offsets(struct, field, offset):
    assert getattr(struct, field).offset == offset


def test_available_returns_version_and_path(standin):
    assert libdnn.available() == f'libdnn 0.0.1-standin ({standin.path})'


def test_usual_folders_are_searched(libdnn_path, monkeypatch):
    monkeypatch.delenv('EDGENEXT_LIBDNN', raising=False)
    monkeypatch.setattr(libdnn_abi, 'PLACES', ('/nowhere/libdnn.so', str(libdnn_path)))
    assert str(libdnn_path) in libdnn.available()


def test_missing_library_is_explained(monkeypatch):
    monkeypatch.delenv('EDGENEXT_LIBDNN', raising=False)
    monkeypatch.setattr(libdnn_abi, 'PLACES', ('/nowhere/a.so', '/nowhere/b.so'))
    with pytest.raises(EngineUnavailableError, match=r'a\.so.*b\.so.*RDK OS.*EDGENEXT_LIBDNN'):
        libdnn.available()


def test_missing_chosen_library_is_explained(monkeypatch, libdnn_path):
    monkeypatch.setenv('EDGENEXT_LIBDNN', '/nowhere/libdnn.so')
    monkeypatch.setattr(libdnn_abi, 'PLACES', (str(libdnn_path),))
    with pytest.raises(EngineUnavailableError, match=r'there is no /nowhere/libdnn\.so'):
        libdnn.available()


def test_library_of_another_board_is_refused(monkeypatch, libdnn_path: Path):
    other = libdnn_path.with_name('other.so')
    subprocess.run(['cc', '-shared', '-x', 'c', '-o', str(other), '-'],
                   input=b'int hbDNNInferV2(void) { return 0; }', check=True)
    monkeypatch.setenv('EDGENEXT_LIBDNN', str(other))
    with pytest.raises(EngineUnavailableError, match='not the libdnn of an RDK X5'):
        libdnn.available()
