# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The cache of ``edgenext bench bpu``, and the fingerprint that it depends on."""

from dataclasses import replace

from edgenext_ros.bench import compiled_latency
from edgenext_ros.toolchain.bpu.compile import CompileJob, fingerprint
from edgenext_ros.toolchain.bpu.hb_mapper import CompilerReport
from edgenext_ros.toolchain.bpu.recipe import RECIPES
import pytest

REPORT = CompilerReport(latency_ms=0.7, fps=1400.0, ddr_mb=2.0, cpu_nodes=[], cosine=None,
                        worst_node=None, output_cosine=None)


def test_measure_reuses_reports_of_the_same_fingerprint_only(tmp_path, monkeypatch):
    compiled, graph = [], ['first']

    def compile_model(job, *, progress):
        compiled.append(job.recipe.name)
        return replace(REPORT, latency_ms=float(len(compiled)))

    monkeypatch.setattr(compiled_latency, 'compile_model', compile_model)
    monkeypatch.setattr(compiled_latency, 'fingerprint',
                        lambda job: f'{graph[0]}{job.recipe.name}' * 9)
    rows = [compiled_latency.measure('edgenext_xx_small', cache=tmp_path, progress=print)
            for _ in range(2)]
    assert rows[0] == rows[1] and sorted(compiled) == sorted(RECIPES)
    graph[0] = 'other'
    again = compiled_latency.measure('edgenext_xx_small', cache=tmp_path, progress=print)
    assert len(compiled) == 6 and again.ours.latency_ms > rows[0].ours.latency_ms


@pytest.mark.timeout(300)
def test_fingerprint_depends_on_graph_and_settings(toolchain, monkeypatch):
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(toolchain.folder))
    job = CompileJob(model='edgenext_xx_small', recipe=RECIPES['fast'], output=None)
    first = fingerprint(job)
    assert fingerprint(replace(job, classes=10)) != first
    assert fingerprint(replace(job, level='O0')) != first
    assert fingerprint(job) == first
