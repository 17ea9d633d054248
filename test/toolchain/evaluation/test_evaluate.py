# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Evaluations through the node's path, complete and interrupted."""

from dataclasses import replace
from pathlib import Path
import resource
import shutil

from edgenext_ros.core.frame import Frame
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.engines.base import infer, ModelInfo
from edgenext_ros.engines.select import open_model
from edgenext_ros.models import checksum
from edgenext_ros.models.store import locate, read_labels, resource_folder
from edgenext_ros.toolchain.evaluation import evaluate, labelled_pictures
from edgenext_ros.toolchain.evaluation.evaluate import Subject
from edgenext_ros.toolchain.evaluation.resampling import View
from edgenext_ros.toolchain.evaluation.unfinished_run import Partial
import numpy as np
import pytest

PICTURES = resource_folder() / 'pictures'
LABELS = LabelSet(('Faces_easy', 'cup', 'camera'))


@pytest.fixture(autouse=True)
def cache(own_cache):
    return own_cache


@pytest.fixture
def folder(class_folders):
    return class_folders


class InterruptedRunError(Exception):
    """Ends an evaluation early."""


def subject(*, after=None, batch=2, log=None):
    """Return a network of three classes that reads a picture's mean; it fails ``after`` some."""
    def infer(inputs, progress):
        if after is not None and len(log) >= after:
            raise InterruptedRunError
        log.extend(inputs)
        means = np.array([picture.mean() for picture in inputs], np.float32)
        return np.stack([means / 100, means % 3, means % 7], 1)
    log = [] if log is None else log
    info = ModelInfo('stand-in', 'none', width=8, height=8, classes=3)
    return Subject(Path('net.onnx'), '00', info, batch, infer)


def run(network, data, view=None, reports=None):
    return evaluate.evaluate(
        network, data, view or View(),
        progress=lambda done, total: None if reports is None else reports.append((done, total)))


def test_evaluate_feeds_the_model_as_the_node_does(folder):
    located = locate('demo', suffixes=('.onnx',))
    labels = read_labels(located.labels)
    data = labelled_pictures.read(folder, labels)
    with evaluate.opened(located.path) as network:
        found = run(network, data, View('crop'))
    runtime, info = open_model(located.path)
    converter = Nv12Converter(width=info.width, height=info.height, fit='crop')
    for index, file in enumerate(data.files):
        frame = Frame.from_compressed(np.fromfile(folder / file, np.uint8))
        logits = infer(runtime, converter.convert(frame)).astype(np.float64)
        expected = np.exp(logits - logits.max())
        np.testing.assert_allclose(found.probabilities[index], expected / expected.sum(),
                                   rtol=1e-4, atol=1e-7)
    assert found.accuracy.pictures == 4
    assert found.fps > 0 and found.convert_ms > 0 and found.infer_ms > 0
    assert found.subject.digest == checksum.digest(located.path).sha256
    runtime.close()


def test_evaluate_skips_files_that_are_no_pictures(folder):
    (folder / 'camera' / 'bad.jpg').write_bytes(b'no picture')
    (folder / 'camera' / 'gone.jpg').symlink_to(folder / 'nowhere')
    (folder / 'camera' / 'folder.jpg').mkdir()
    data = labelled_pictures.read(folder, LABELS)
    found = run(subject(), data)
    assert [s.file for s in found.skipped] == ['camera/bad.jpg']
    assert str(found.account(data)) == (
        'left out 2 of 6: 1 damaged (camera/bad.jpg), 1 linked to nothing (camera/gone.jpg)')
    assert 'does not decode' in found.skipped[0].reason
    assert found.accuracy.pictures == 4
    np.testing.assert_array_equal(found.truth, [0, 0, 2, 1])


def test_evaluate_without_any_picture_is_refused(tmp_path):
    (tmp_path / 'cup').mkdir()
    (tmp_path / 'cup' / 'a.jpg').touch()
    data = labelled_pictures.read(tmp_path, LABELS)
    with pytest.raises(ValueError, match=r'no picture in it decodes; the first: cup/a\.jpg: '):
        run(subject(), data)


def test_evaluate_resumes_where_it_was_interrupted(folder, cache):
    data = labelled_pictures.read(folder, LABELS)
    complete = run(subject(), data)
    complete.partial.unlink()

    with pytest.raises(InterruptedRunError):
        run(subject(after=2, log=[]), data)
    (left,) = (cache / 'edgenext_ros' / 'evaluations').iterdir()
    assert left == complete.partial
    with left.open('ab') as file:
        file.write(b'half a record')
    log, reports = [], []
    found = run(subject(log=log), data, reports=reports)
    assert (len(log), found.resumed) == (2, 2)
    assert reports[0] == (2, 4) and reports[-1] == (4, 4)
    np.testing.assert_array_equal(found.probabilities, complete.probabilities)
    np.testing.assert_array_equal(found.truth, complete.truth)

    log.clear()
    assert run(subject(log=log), data).resumed == 4 and not log


@pytest.mark.parametrize('change', ['model', 'fit', 'interpolation', 'picture', 'fewer'])
def test_evaluate_does_not_resume_after_a_change(folder, change):
    run(subject(), labelled_pictures.read(folder, LABELS))
    if change == 'picture':
        shutil.copy(PICTURES / 'rocket.jpg', folder / 'cup' / 'coffee.jpg')
    data = labelled_pictures.read(folder, LABELS, count=3 if change == 'fewer' else None)
    network = subject() if change != 'model' else replace(subject(), digest='11')
    view = {'fit': View('stretch'), 'interpolation': View(interpolation='area')}.get(change)
    assert run(network, data, view).resumed == 0


def test_evaluate_does_not_resume_after_code_change(folder, monkeypatch):
    data = labelled_pictures.read(folder, LABELS)
    run(subject(), data)
    assert run(subject(), data).resumed == 4
    monkeypatch.setattr(evaluate, 'package_digest', lambda: 'another')
    assert run(subject(), data).resumed == 0


def test_partial_refuses_a_second_process(tmp_path):
    with Partial(tmp_path / 'x.part', 3), \
            pytest.raises(ValueError, match='another process evaluates the same'):
        Partial(tmp_path / 'x.part', 3)


def test_partial_on_full_disk_keeps_complete_records(tmp_path):
    """A limit on the size of files simulates the full disk."""
    with Partial(tmp_path / 'x.part', 3) as partial:
        size = partial.record.itemsize
        rows = np.zeros(4, partial.record)
        rows['picture'] = [3, 1, 2, 0]
        partial.append(rows[:1])
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 * size + 5, before[1]))
        try:
            with pytest.raises(OSError, match='too large'):
                partial.append(rows[1:])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert (tmp_path / 'x.part').stat().st_size == 2 * size
        partial.append(rows[2:])
        assert partial.read()['picture'].tolist() == [0, 1, 2, 3]


def test_evaluation_compares_models_and_views(folder):
    data = labelled_pictures.read(folder, LABELS)
    first, other = subject(), replace(subject(), digest='11', path=Path('other.onnx'))
    views = [View('stretch'), View('crop')]
    found = evaluate.evaluate_all([first, other], views, data, LABELS,
                                  progress=lambda title: lambda done, total: None)
    assert [(v.first.title, v.second.title) for v in found.comparisons()] == [
        ('net.onnx, stretch', 'net.onnx, crop'), ('net.onnx, stretch', 'other.onnx, stretch'),
        ('net.onnx, crop', 'other.onnx, crop')]
    assert found.comparisons()[1].comparison.agreement.value == 100
    found.remove_partial_files()
    assert not any(run.partial.exists() for run in found.runs)


def test_evaluate_in_simulator_agrees_with_float(toolchain, folder, monkeypatch):
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(toolchain.folder))
    labels = read_labels(locate('demo').labels)
    data = labelled_pictures.read(folder, labels)
    views = [View()]
    with evaluate.opened(locate('demo', suffixes=('.onnx',)).path) as network, \
            evaluate.opened(locate('demo', suffixes=('.bin',)).path, 'simulator') as compiled:
        found = evaluate.evaluate_all([network, compiled], views, data, labels,
                                      progress=lambda title: lambda done, total: None)
    assert 'simulator' in found.runs[1].subject.info.engine
    assert abs(found.runs[0].probabilities - found.runs[1].probabilities).mean() < 0.01


def test_quantised_takes_the_size_of_the_model(toolchain, tmp_path, monkeypatch):
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(toolchain.folder))
    graph = tmp_path / 'q.onnx'
    graph.write_bytes(b'x')
    found = evaluate.quantised(graph, ModelInfo('demo', 'onnx', 8, 8, classes=3))
    assert found.info.engine.startswith('quantised graph, hbdk') and found.info.width == 8
    assert found.digest == checksum.digest(graph).sha256
