# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The HTML page and the JSON figures of an evaluation."""

from base64 import b64decode
from html.parser import HTMLParser
import json
from pathlib import Path
import re
import shutil
from xml.etree import ElementTree

import cv2
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.engines.base import ModelInfo
from edgenext_ros.models.store import resource_folder
from edgenext_ros.toolchain.evaluation import labelled_pictures, metrics, report
from edgenext_ros.toolchain.evaluation.evaluate import Evaluation, EvaluationRun, Skipped, Subject
from edgenext_ros.toolchain.evaluation.resampling import View
import numpy as np
import pytest

pytestmark = pytest.mark.slow

PICTURES = resource_folder() / 'pictures'
LABELS = LabelSet(('cat <&> $x$, tabby', 'cup', 'dog'))
SHARES = np.array([[0.1, 0.7, 0.2], [0.2, 0.5, 0.3], [0.1, 0.9, 0.0], [0.8, 0.1, 0.1]],
                  np.float32)


class Page(HTMLParser):
    """Collect the sources and text of a page; check that its elements are closed."""

    VOID = {'meta', 'img', 'br'}

    def __init__(self, text):
        super().__init__()
        self.open, self.sources, self.text = [], [], ''
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.sources += [value for name, value in attrs if name in ('src', 'href')]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def make_run(data, shares, *, fit='stretch', name='net.onnx', skipped=()):
    subject = Subject(Path(name), 'abc123', ModelInfo('net', 'engine 1.0', 8, 8, classes=3), 1,
                      lambda inputs, progress: None)
    return EvaluationRun(
        subject=subject, view=View(fit), skipped=skipped, resumed=0, partial=Path('x'),
        pictures=np.arange(len(data)), truth=data.truth, probabilities=shares,
        accuracy=metrics.measure(shares, data.truth), fps=12.5, convert_ms=0.25, infer_ms=20.0)


@pytest.fixture
def data(tmp_path):
    for file in ('1/a.jpg', '1/b.jpg', '2/c.jpg', '0/d.jpg'):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        shutil.copy(PICTURES / 'coffee.jpg', tmp_path / file)
    return labelled_pictures.Labelled(tmp_path, ('1/a.jpg', '1/b.jpg', '0/d.jpg', '2/c.jpg'),
                                      np.array([1, 1, 0, 2]))


@pytest.fixture
def evaluation(data):
    first = make_run(data, SHARES, skipped=(Skipped('0/e.jpg', 'does not decode <b>'),))
    return Evaluation(data, LABELS, (first, make_run(data, SHARES[::-1].copy(), name='b.bin')))


def test_figures_hold_settings_and_results(evaluation, data):
    found = json.loads(json.dumps(report.figures(evaluation)))
    assert (found['top1'], found['top5'], found['pictures']) == (50.0, 100.0, 4)
    assert found['top1_interval'][0] < 50 < found['top1_interval'][1]
    assert {'model': 'net.onnx', 'sha256': 'abc123', 'runtime': 'engine 1.0', 'fit': 'stretch',
            'interpolation': 'node', 'data': str(data.folder),
            'fps': 12.5}.items() <= found.items()
    assert found['skipped'] == [{'file': '0/e.jpg', 'reason': 'does not decode <b>'}]
    assert found['per_class'][1] == {
        'name': 'cup', 'class_id': 1, 'pictures': 2, 'top1': 100.0, 'top5': 100.0}
    assert found['confusion'] == [
        {'truth': 'cat <&> $x$, tabby', 'found': 'cup', 'pictures': 1},
        {'truth': 'dog', 'found': 'cat <&> $x$, tabby', 'pictures': 1}]
    assert [other['model'] for other in found['others']] == ['b.bin']
    (versus,) = found['comparisons']
    assert (versus['first'], versus['second']) == ('net.onnx, stretch', 'b.bin, stretch')
    assert versus['drop'] == 100 * (versus['lost'] - versus['gained']) / 4


@pytest.mark.parametrize('classes, columns', [(3, 0), (8, 2)])  # a column of two tables
def test_page_has_top_5_for_more_than_five_classes(data, classes, columns):
    pytest.importorskip('matplotlib')
    shares = np.pad(SHARES, ((0, 0), (0, classes - 3)))
    labels = LabelSet((*LABELS.names, *map(str, range(3, classes))))
    page = Page(report.html(Evaluation(data, labels, (make_run(data, shares),))))
    assert page.text.count('top-5') == columns


def test_page_loads_nothing_external(evaluation):
    pytest.importorskip('matplotlib')
    text = report.html(evaluation)
    page = Page(text)
    assert not page.open
    assert page.sources and all(source.startswith('data:image/') for source in page.sources)
    assert not re.search(r'https?://|@import|url\(|<script', text)
    for source in page.sources:
        head, content = source.split(',', 1)
        content = b64decode(content, validate=True)
        if 'svg' in head:
            assert ElementTree.fromstring(content).tag.endswith('svg')
        else:
            image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
            assert max(image.shape[:2]) == 160


def test_page_names_what_was_measured(evaluation):
    pytest.importorskip('matplotlib')
    page = Page(report.html(evaluation))
    for words in ('4 pictures of 3 classes', 'abc123', 'engine 1.0', 'stretch', 'node',
                  'top-1 lost', 'b.bin', '0/e.jpg', 'does not decode <b>', 'cat <&> $x$',
                  '50.0 (15.0 to 85.0)'):
        assert words in page.text, words


def test_page_sorts_mistakes_by_confidence(evaluation):
    pytest.importorskip('matplotlib')
    found = re.findall(r'title="(.*?)".*?taken for <b>(.*?)</b> \((.*?)\)',
                       report.html(evaluation))
    assert found == [('0/d.jpg', 'cup', '90.0%'), ('2/c.jpg', 'cat &lt;&amp;&gt; $x$', '80.0%')]


def test_page_of_model_without_mistakes(data):
    pytest.importorskip('matplotlib')
    shares = np.eye(3, dtype=np.float32)[data.truth]
    text = report.html(Evaluation(data, LABELS, (make_run(data, shares),)))
    assert '<p>None.</p>' in text and 'Differences' not in text and 'skipped</summary>' not in text
