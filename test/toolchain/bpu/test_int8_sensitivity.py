# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""``edgenext compile --sensitivity``: its requirements, and the call of the vendor's debugger."""

from edgenext_ros.cli import main
from edgenext_ros.models import ModelError
from edgenext_ros.models.store import locate, resource_folder
from edgenext_ros.toolchain.bpu import compile as compile_module, hb_mapper
from edgenext_ros.toolchain.bpu.compile import CompileJob
from edgenext_ros.toolchain.bpu.recipe import RECIPES
import pytest

PICTURES = resource_folder() / 'pictures'
ONNX = locate('demo', suffixes=('.onnx',)).path


def test_sensitivity_needs_pictures(tmp_path, capsys):
    assert main(['compile', 'edgenext_small', '--random-weights', '--sensitivity',
                 str(tmp_path / 'nodes.csv')]) == 2
    assert '--sensitivity needs weights and --calibration' in capsys.readouterr().err


def test_sensitivity_runs_the_vendors_debugger(toolchain, tmp_path, monkeypatch):
    def quantise_only(tools, work, *, progress):
        (work / 'out').mkdir()
        (work / 'out' / 'x_calibrated_model.onnx').touch()
        return hb_mapper.CompilerReport(
            latency_ms=1.0, fps=1e3, ddr_mb=1.0, cpu_nodes=[], cosine=None, worst_node=None,
            output_cosine=None)

    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(toolchain.folder))
    monkeypatch.setattr(hb_mapper, 'run', quantise_only)
    with pytest.raises(ModelError, match=r'nodes.csv: the debugger failed: \S'):
        compile_module.compile_model(
            CompileJob(model=str(ONNX), recipe=RECIPES['fast'], output=None, pictures=PICTURES,
                       sensitivity=tmp_path / 'nodes.csv'), progress=print)
