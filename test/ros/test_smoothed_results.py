# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The parameter smoothing in a node: what is published, and what begins the mean anew."""

from edgenext_ros.ros.publishers import Publishers
from helpers.hostile_engine import INFO
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message

pytest_plugins = ['helpers.hostile_engine', 'helpers.live_models']


@pytest.fixture
def scores(monkeypatch):
    """Collect the published scores of each result, by the index of their class."""
    found, publish = [], Publishers.publish

    def note(publishers, outcome):
        prediction = outcome.result.prediction
        found.append(dict(zip(prediction.class_ids, np.round(prediction.scores, 3).tolist(),
                              strict=True)))
        publish(publishers, outcome)

    monkeypatch.setattr(Publishers, 'publish', note)
    return found


def logits(*shares):
    """Return logits whose first probabilities are these."""
    values = np.full(INFO.classes, 1e-9, np.float32)
    values[:len(shares)] = shares
    return np.log(values)


def test_published_scores_are_the_mean(engine, node, play, scores):
    """The stamps are a second apart; the second image counts as much as the first one."""
    def show(*shares):
        engine.answer = logits(*shares)
        play()
        return scores[-1]

    def change(**values):
        for name, value in values.items():
            assert node.set_parameters([Parameter(name, value=value)])[0].successful

    change(top_k=2)
    assert [show(0.8, 0.2), show(0.3, 0.7)] == [{0: 0.8, 1: 0.2}, {1: 0.7, 0: 0.3}]
    change(smoothing=20.0)
    assert [show(0.8, 0.2), show(0.3, 0.7)] == [{0: 0.8, 1: 0.2}, {0: 0.55, 1: 0.45}]
    change(score_threshold=0.5)
    assert show(0.25, 0.75) == {1: 0.55}, 'the threshold applies to the mean'
    counts = node.statistics.report().counts
    change(score_threshold=0.7)
    assert show(0.99, 0.01) == {}, 'a single image over the threshold'
    assert node.statistics.report().counts.empty == counts.empty + 1
    change(score_threshold=0.0, top_k=1)
    assert list(show(0.9, 0.1)) == [0]
    change(top_k=2, smoothing=0.0)
    assert show(0.3, 0.7) == {1: 0.7, 0: 0.3}
    change(smoothing=20.0)
    assert show(0.6, 0.4) == {0: 0.6, 1: 0.4}, 'the mean begins anew'


@pytest.mark.parametrize('reset', ['size', 'frame_id', 'stamp', 'zero', 'pause', ''])
def test_another_image_begins_the_mean_anew(engine, node, make_image, scores, reset):
    node.set_parameters([Parameter('smoothing', value=20.0), Parameter('top_k', value=1)])
    for number, shares in enumerate(((0.8, 0.2), (0.3, 0.7))):
        engine.answer, image = logits(*shares), make_image()
        image.header.stamp.sec += 100
        if number:
            if reset == 'size':
                image.height //= 2
                image.data = image.data[:image.height * image.step]
            elif reset == 'frame_id':
                image.header.frame_id = 'rear_camera'
            elif reset in ('stamp', 'zero'):
                image.header.stamp.sec = 50 if reset == 'stamp' else 0
            elif reset == 'pause':
                node.session.listen(False)
                node.session.listen(True)
        node.session.receive(serialize_message(image), node.session.subscription)
        assert node.session.pipeline.drain(20)
    assert scores == [{0: 0.8}, {1: 0.7} if reset else {0: 0.55}]


def test_answer_of_classify_once_is_the_published_result(engine, node, play, monkeypatch):
    answers = []
    monkeypatch.setattr(node._once, 'on_outcome', answers.append)
    node.set_parameters([Parameter('smoothing', value=20.0), Parameter('top_k', value=1)])
    for shares in ((0.8, 0.2), (0.3, 0.7)):
        engine.answer = logits(*shares)
        play()
    prediction = answers[-1].result.prediction
    assert (prediction.class_ids, prediction.scores) == ((0,), pytest.approx((0.55,), abs=1e-3))


def test_another_model_begins_the_mean_anew(live_node, models, classify, set_parameters, scores):
    def show(*values):
        models.opened[-1].run = lambda: np.array(values, np.float32)
        return classify()

    assert set_parameters(smoothing=20.0, top_k=1)[0]
    assert [show(9, 0, 0), show(0, 8, 0)] == ['cat 0', 'cat 0']
    models.labels('cats').rename(models.folder / 'other.txt')
    assert set_parameters(labels=str(models.folder / 'other.txt'))[0]
    assert show(0, 8, 0) == 'cat 1'
    assert scores[-1][1] == pytest.approx(2 / 3, abs=0.01), 'other labels keep the mean'
    assert set_parameters(model=models.path('dogs'), labels='')[0]
    assert show(9, 0, 0) == 'dog 0'
    assert set_parameters(model=models.path('birds'), labels='')[0]
    assert show(0, 0, 0, 0, 9) == 'bird 4'
