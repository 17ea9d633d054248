# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The study of quantisation, with a stand-in for the compiler and its graph."""

from contextlib import contextmanager
import json
from pathlib import Path

from edgenext_ros.bench import quantisation as study
from edgenext_ros.engines.base import ModelInfo
from edgenext_ros.toolchain.bpu.hb_mapper import CompilerReport
from edgenext_ros.toolchain.evaluation.evaluate import Subject
from edgenext_ros.toolchain.evaluation.labelled_pictures import Labelled
import numpy as np
import pytest

REPORT = CompilerReport(latency_ms=0.7, fps=1400.0, ddr_mb=2.0, cpu_nodes=[], cosine=0.99,
                        worst_node='a', output_cosine=0.999)


def network(name, digest, step):
    """Return a network of three classes whose logits are rounded to multiples of ``step``."""
    def infer(inputs, progress):
        means = np.array([picture.mean() for picture in inputs], np.float32)
        logits = np.stack([means / 100, means % 3, means % 7], 1)
        return np.rint(logits / step) * np.float32(step)
    return Subject(Path(name), digest, ModelInfo('net', 'none', width=8, height=8, classes=3), 4,
                   infer)


@pytest.fixture
def measure(monkeypatch, class_folders, own_cache, tmp_path):
    """Return a function that runs a study, the compiled jobs, the progress, and the cache."""
    compiled = []

    def compile_model(job, *, progress):
        compiled.append(job)
        progress('compiling')
        job.keep.mkdir(parents=True, exist_ok=True)
        return REPORT

    @contextmanager
    def opened(model, runtime):
        assert runtime == 'onnx'
        yield network('net.onnx', '00', 1e-6)

    monkeypatch.setattr(study, 'compile_model', compile_model)
    monkeypatch.setattr(study, 'fingerprint', lambda job: f'{job.recipe} {job.pictures}')
    monkeypatch.setattr(study, 'opened', opened)
    monkeypatch.setattr(study, 'quantised', lambda graph, info: network(
        graph.parent.name, graph.parent.name, 0.5 if 'published' in str(graph) else 1e-6))
    files = tuple(str(f.relative_to(class_folders)) for f in sorted(class_folders.rglob('*.*')))
    data = Labelled(class_folders, files, np.arange(len(files)) % 3)
    said = []

    def run(names, calibration='train'):
        return study.Study(
            model=Path('net.onnx'), data=data, calibration=tmp_path / calibration,
            cache=tmp_path / 'cache').measure(
                names, progress=said.append, meter=lambda title: lambda done, total: None)
    return run, compiled, said, own_cache


def test_study_measures_accuracy_lost_and_latency(measure, tmp_path):
    run, compiled, said, cache = measure
    truth, rows = run(['fast', 'published'])
    assert [row.name for row in rows] == ['fast', 'published']
    assert [job.recipe for job in compiled] == [
        study.QUANTISED_FORMS['fast'], study.QUANTISED_FORMS['published']]
    assert said == ['fast: compiling', 'published: compiling']
    assert rows[0].comparison.agreement.value == 100 and rows[0].comparison.drop.value == 0
    assert rows[0].cosine == pytest.approx(1, abs=1e-6)
    assert rows[1].cosine < 0.999
    assert rows[1].accuracy.pictures == truth.accuracy.pictures > 0
    assert not list(cache.rglob('*.part')), 'files of finished evaluations remain'
    table = study.markdown(truth, rows).splitlines()
    assert len({line.count('|') for line in table}) == 1
    assert table[-2].startswith('| fast | ') and table[-2].endswith('| 1.0000 | 0.700 ms |')
    cases = json.loads(json.dumps(study.as_json(rows)))
    assert [case['latency_ms'] for case in cases] == [0.7, 0.7]
    assert all(case['theirs'] - case['ours'] == pytest.approx(case['lost']) for case in cases)


def test_study_reuses_compiled_forms_until_a_change(measure):
    run, compiled, _, _ = measure
    first = run(['fast'])
    assert run(['fast'])[1] == first[1]
    assert len(compiled) == 1
    run(['fast'], 'other')
    assert [job.pictures.name for job in compiled] == ['train', 'other']


def test_quantised_forms_differ_and_include_the_recipes():
    forms = study.QUANTISED_FORMS
    assert len({repr(form) for form in forms.values()}) == len(forms)
    assert {'fast', 'precise', 'published'} <= forms.keys()


@pytest.mark.slow
def test_plot_writes_a_png(measure, tmp_path):
    pytest.importorskip('matplotlib')
    study.plot(measure[0](['fast', 'published'])[1], tmp_path / 'plot.png')
    assert (tmp_path / 'plot.png').read_bytes().startswith(b'\x89PNG')
