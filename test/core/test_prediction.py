# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Softmax, top-k, threshold."""

from edgenext_ros.core.prediction import Prediction, softmax
import numpy as np
import pytest


def test_softmax_sums_to_one_and_does_not_overflow():
    values = softmax(np.array([1e4, 1e4 - 1, -1e4], np.float32))
    assert values.sum() == pytest.approx(1)
    assert values[0] / values[1] == pytest.approx(np.e, rel=1e-5)


@pytest.mark.parametrize('seed', range(5))
@pytest.mark.parametrize('top_k', [1, 5, 999, 1000, 5000])
def test_top_k_equals_a_full_sort(seed, top_k):
    logits = np.random.default_rng(seed).normal(size=1000).astype(np.float32)
    found = Prediction.from_output(logits, top_k=top_k)
    expected = np.argsort(-logits, kind='stable')[:top_k]
    assert found.class_ids == tuple(expected)
    assert found.scores == tuple(softmax(logits)[expected])
    assert len(found) == min(top_k, 1000)


def test_equal_scores_come_in_the_order_of_their_class():
    assert Prediction.from_output(np.zeros(4, np.float32), top_k=4).class_ids == (0, 1, 2, 3)


@pytest.mark.parametrize('threshold,count', [(0.0, 3), (0.25, 2), (0.5, 1), (0.51, 0)])
def test_threshold_is_inclusive(threshold, count):
    values = np.array([0.5, 0.25, 0.125, 0.125], np.float32)
    found = Prediction.from_output(values, top_k=3, threshold=threshold, probabilities=True)
    assert len(found) == count
    assert found.scores == (0.5, 0.25, 0.125)[:count]
