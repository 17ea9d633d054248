# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Comparing a .bin with its network, and the pictures for both."""

from pathlib import Path
import shutil

from edgenext_ros.bench.compiled_latency import BOARD, throughput
from edgenext_ros.cli import main
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.engines.base import ModelInfo
from edgenext_ros.engines.onnx import Nv12Normaliser
from edgenext_ros.models import ModelError
from edgenext_ros.models.store import locate, resource_folder
from edgenext_ros.toolchain import nv12_pictures
from edgenext_ros.toolchain.evaluation import verify
from edgenext_ros.toolchain.evaluation.verify import Agreement
import numpy as np
import pytest

PICTURES = resource_folder() / 'pictures'
BIN, ONNX = (locate('demo', suffixes=(suffix,)).path for suffix in ('.bin', '.onnx'))


def test_agreement_counts_differences():
    first = np.array([[3, 1, 0], [0, 2, 1], [1, 0, 0], [0, 0, 1]], np.float32)
    second = first.copy()
    second[1] = [2, 0, 1]
    found = Agreement.of(('a', first), ('b', second), [Path(name) for name in 'wxyz'])
    assert (found.top1, found.pictures, found.disagreements) == (75.0, 4, ['x'])
    assert found.difference == 2
    assert found.worst_cosine == pytest.approx(0.2)
    assert found.cosine == pytest.approx(0.8)


def test_verify_finds_the_bundled_bin_equal_to_its_network(toolchain, tmp_path, capsys):
    for name in ('chelsea.jpg', 'coffee.jpg'):
        shutil.copy(PICTURES / name, tmp_path)
    assert main(['verify', str(BIN), '--against', str(ONNX), '--pictures', str(tmp_path),
                 '--least', '100']) == 0
    assert '2 pictures' in capsys.readouterr().out


def test_verify_refuses_a_network_with_other_classes(toolchain, tmp_path, capsys, monkeypatch):
    opened = verify.open_model

    def other(model, *, runtime):
        engine, info = opened(model, runtime=runtime)
        return engine, info if runtime == 'simulator' else type(info)(
            info.name, info.engine, info.width, info.height, classes=1000)
    monkeypatch.setattr(verify, 'open_model', other)
    assert main(['verify', str(BIN), '--against', str(ONNX), '--pictures', str(PICTURES)]) == 1
    assert 'expected the network of demo.bin (224x224, 100 classes)' in capsys.readouterr().err


def test_run_quantised_refuses_a_damaged_graph(toolchain, tmp_path):
    graph = tmp_path / 'quantised.onnx'
    graph.write_bytes(b'not a model')
    info = ModelInfo('demo', 'onnx', 2, 2, classes=100)
    with pytest.raises(ModelError, match=r'quantised\.onnx: the quantised graph does not run: .'):
        verify.run_quantised(graph, [np.zeros(6, np.uint8)], info)


def test_calibration_rgb_equals_the_nodes_input(tmp_path):
    """The RGB for hb_mapper, normalised, equals the input of ONNX Runtime for the same NV12."""
    (tmp_path / 'broken.jpg').write_bytes(b'no picture')
    files = [PICTURES / 'coffee.jpg', tmp_path / 'broken.jpg']
    (_, nv12), (_, reason) = nv12_pictures.read_pictures(files, width=224, height=224, fit='crop')
    assert 'does not decode' in str(reason)
    frame = Frame.from_compressed(np.fromfile(files[0], np.uint8))
    own = Nv12Converter(width=224, height=224, fit='crop').convert(frame)
    np.testing.assert_array_equal(nv12, own)
    mean, scale = (np.array(value)[:, None, None] for value in (
        (123.675, 116.28, 103.53), (0.01712475, 0.017507, 0.01742919)))
    rgb = nv12_pictures.rgb(nv12, width=224, height=224)
    np.testing.assert_allclose(
        (rgb - mean) * scale, Nv12Normaliser(width=224, height=224)(nv12)[0], atol=1e-4)


@pytest.mark.parametrize('size', BOARD)
def test_throughput_predicts_the_published_rates(size):
    latency, _, fps = BOARD[size]
    assert throughput(latency, 4) == pytest.approx(fps, rel=0.005)
    rates = [throughput(latency, threads) for threads in (1, 2, 4, 8)]
    assert rates == sorted(rates)
    assert rates[0] < fps
