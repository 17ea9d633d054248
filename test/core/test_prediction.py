# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Prediction and softmax."""

from edgenext_ros.core.prediction import Prediction, softmax
import numpy as np
import pytest

# Relative error of a score: reference BLAS, apt's default, adds 1000 exponentials in sequence.
SUM_ERROR = 1e-5


def test_softmax_sums_to_one_and_does_not_overflow():
    values = softmax(np.array([1e4, 1e4 - 1, -1e4], np.float32))
    assert values.sum() == pytest.approx(1)
    assert values[0] / values[1] == pytest.approx(np.e, rel=1e-5)


def test_softmax_of_many_pictures_is_that_of_each():
    logits = np.random.default_rng(3).normal(0, 2, (40, 12)).astype(np.float32)
    logits[0, :2] = 1e4, -1e4
    found = softmax(logits)
    assert found.dtype == np.float32 and np.isfinite(found).all()
    np.testing.assert_allclose(found, np.stack([softmax(row) for row in logits]), rtol=1e-6)


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('top_k', [1, 5, 999, 1000, 5000])
def test_top_k_equals_a_full_sort(seed, top_k):
    logits = np.random.default_rng(seed).normal(size=1000).astype(np.float32)
    found = Prediction.from_output(logits, top_k=top_k)
    expected = np.argsort(-logits, kind='stable')[:top_k]
    assert found.class_ids == tuple(expected)
    assert found.scores == pytest.approx(softmax(logits)[expected], rel=SUM_ERROR)
    assert len(found) == min(top_k, 1000)


@pytest.mark.parametrize('logits', [
    [1e4, 1e4 - 1, -1e4], [-1e4, -1e4 - 1, -3e4], [88, 87, 88], [-103, -104, -103], [60, -60, 0],
    [50, 50, 49], [0, 0, 0]], ids=str)
def test_scores_are_those_of_softmax_however_large_the_logits(logits):
    logits = np.array(logits, np.float32)
    found = Prediction.from_output(logits, top_k=3)
    expected = np.argsort(-logits, kind='stable')
    assert found.class_ids == tuple(expected)
    assert found.scores == pytest.approx(softmax(logits)[expected], rel=SUM_ERROR)


@pytest.mark.parametrize('probabilities', [False, True])
@pytest.mark.parametrize('top_k', [1, 2, 5, 16, 17, 100])
def test_equal_scores_come_in_the_order_of_their_class(top_k, probabilities):
    values = np.random.default_rng(top_k).integers(0, 4, 100).astype(np.float32)
    before = values.copy()
    found = Prediction.from_output(values, top_k=top_k, probabilities=probabilities)
    assert found.class_ids == tuple(np.argsort(-values, kind='stable')[:top_k])
    assert (values == before).all()


@pytest.mark.parametrize('top_k', [3, 17])
@pytest.mark.parametrize('threshold', [0.7, 0.1, 0.2])
def test_score_equal_to_float32_threshold_is_kept(top_k, threshold):
    values = np.array([0.2, 0.7, 0.1], np.float32)
    found = Prediction.from_output(values, top_k=top_k, threshold=threshold, probabilities=True)
    assert found.scores == tuple(float(v) for v in (values[1], values[0], values[2])
                                 if v >= np.float32(threshold))


@pytest.mark.parametrize('top_k', [3, 17])
def test_nan_scores_are_no_class(top_k):
    assert not len(Prediction.from_output(np.full(3, np.nan, np.float32), top_k=top_k))


@pytest.mark.parametrize('threshold,count', [(0.0, 3), (0.25, 2), (0.5, 1), (0.51, 0)])
def test_threshold_is_inclusive(threshold, count):
    values = np.array([0.5, 0.25, 0.125, 0.125], np.float32)
    found = Prediction.from_output(values, top_k=3, threshold=threshold, probabilities=True)
    assert len(found) == count
    assert found.scores == (0.5, 0.25, 0.125)[:count]
