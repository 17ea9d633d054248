# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Accuracy, calibration and agreement, compared with independent computations."""

from collections import Counter
from math import comb

from edgenext_ros.core.prediction import Prediction, softmax
from edgenext_ros.toolchain.evaluation import metrics
from edgenext_ros.toolchain.evaluation.metrics import BINS, Comparison, Confusion, measure, Share
import numpy as np
import pytest

CLASSES, PICTURES = 12, 400


@pytest.fixture(scope='module')
def sample():
    """Return logits that are right about half of the time, and the true classes."""
    random = np.random.default_rng(3)
    truth = random.integers(0, CLASSES, PICTURES)
    outputs = random.normal(0, 2, (PICTURES, CLASSES)).astype(np.float32)
    outputs[np.arange(PICTURES), truth] += 3
    return outputs, truth


# From Newcombe (1998), Statistics in Medicine 17, table I, method 3 (Wilson's score).
@pytest.mark.parametrize('hits,count,low,high', [
    (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611),
    (1, 29, 0.0061, 0.1718)])
def test_share_has_the_published_wilson_interval(hits, count, low, high):
    found = Share.of(hits, count)
    assert found.value == pytest.approx(100 * hits / count)
    assert (found.low, found.high) == pytest.approx((100 * low, 100 * high), abs=0.006)


@pytest.mark.parametrize('count', [1, 7, 50_000])
def test_share_interval_stays_between_0_and_100(count):
    none, all_ = Share.of(0, count), Share.of(count, count)
    assert none.value == none.low == 0 < none.high < 100
    assert all_.value == all_.high == 100 > all_.low > 0
    assert none.high == pytest.approx(100 - all_.low)


def test_measure_top_1_and_top_5_match_prediction(sample):
    outputs, truth = sample
    expected = [Prediction.from_output(row, top_k=5).class_ids for row in outputs]
    found = measure(softmax(outputs), truth)
    assert found.pictures == PICTURES
    assert found.top1.value == pytest.approx(
        100 * np.mean([ids[0] == t for ids, t in zip(expected, truth, strict=True)]))
    assert found.top5.value == pytest.approx(
        100 * np.mean([t in ids for ids, t in zip(expected, truth, strict=True)]))


def test_ranks_of_equal_values_follow_class_order():
    values = np.array([[0.4, 0.4, 0.2]] * 3)
    np.testing.assert_array_equal(metrics.ranks(values, np.array([0, 1, 2])), [0, 1, 2])


def test_measure_classes_and_confusions_add_up(sample):
    outputs, truth = sample
    found = measure(softmax(outputs), truth)
    best = [row.argmax() for row in outputs]
    pairs = Counter((int(t), int(b)) for t, b in zip(truth, best, strict=True) if t != b)
    assert {(c.truth, c.found): c.pictures for c in found.confusions} == pairs
    counts = [c.pictures for c in found.confusions]
    assert counts == sorted(counts, reverse=True)
    assert sum(c.pictures for c in found.per_class) == PICTURES
    assert sum(c.pictures * c.top1 for c in found.per_class) / PICTURES == pytest.approx(
        found.top1.value)
    for score in found.per_class:
        own = [b for b, t in zip(best, truth, strict=True) if t == score.class_id]
        assert score.top1 == pytest.approx(100 * np.mean(np.array(own) == score.class_id))


def test_measure_lists_only_classes_with_pictures():
    found = measure(np.array([[0.1, 0.2, 0.7], [0.8, 0.1, 0.1]]), np.array([2, 2]))
    assert [(c.class_id, c.pictures, c.top1, c.top5) for c in found.per_class] == [
        (2, 2, 50, 100)]
    assert found.confusions == (Confusion(2, 0, 1),)


def test_measure_calibration_error_bin_by_bin(sample):
    outputs, truth = sample
    shares = softmax(outputs)
    found = measure(shares, truth)
    total = 0.0
    for i in range(BINS):
        members = [k for k in range(PICTURES)
                   if i / BINS <= shares[k].max() < (i + 1) / BINS or
                   (i == BINS - 1 and shares[k].max() == 1)]
        assert found.bins[i].pictures == len(members)
        if members:
            confidence = np.mean([shares[k].max() for k in members])
            accuracy = np.mean([shares[k].argmax() == truth[k] for k in members])
            assert found.bins[i].confidence == pytest.approx(100 * confidence, rel=1e-5)
            assert found.bins[i].accuracy == pytest.approx(100 * accuracy)
            total += len(members) / PICTURES * abs(confidence - accuracy)
    assert found.ece == pytest.approx(100 * total, rel=1e-5)


@pytest.mark.parametrize('confidence,right,ece', [
    (0.9, 90, 0.0), (0.9, 50, 40.0), (1.0, 100, 0.0), (1.0, 0, 100.0)])
def test_measure_calibration_error_of_one_confidence(confidence, right, ece):
    shares = np.tile([confidence, 1 - confidence], (100, 1))
    truth = np.array([0] * right + [1] * (100 - right))
    assert measure(shares, truth).ece == pytest.approx(ece, abs=1e-9)


@pytest.mark.parametrize('lost,gained', [(0, 0), (1, 0), (6, 21), (21, 6), (10, 10), (3, 9)])
def test_mcnemar_is_a_binomial_test(lost, gained):
    total = lost + gained
    chances = [comb(total, i) / 2 ** total for i in range(total + 1)]
    expected = sum(p for p in chances if p <= chances[lost] * (1 + 1e-9))
    assert metrics.mcnemar(lost, gained) == pytest.approx(min(1, expected))


def test_mcnemar_of_many_pictures():
    assert metrics.mcnemar(2500, 2500) == 1
    assert metrics.mcnemar(2500, 2600) == pytest.approx(0.1658, abs=0.001)
    assert metrics.mcnemar(5000, 0) == 0


def test_compare_counts_pairs():
    truth = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    first = np.array([0, 0, 0, 1, 1, 1, 0, 2])
    second = np.array([0, 0, 1, 0, 0, 1, 0, 0])
    found = metrics.compare(first, second, truth)
    assert (found.pictures, found.lost, found.gained) == (8, 2, 1)
    assert found.agreement == Share.of(4, 8)
    assert found.drop.value == pytest.approx(12.5)
    assert found.drop.low < 0 < found.drop.value < found.drop.high
    back = metrics.compare(second, first, truth)
    assert (back.drop.value, back.drop.low, back.drop.high) == pytest.approx(
        (-found.drop.value, -found.drop.high, -found.drop.low))
    assert back.p_value == found.p_value


def test_compare_of_equal_classifiers_has_no_drop():
    same = np.arange(100) % 7
    found = metrics.compare(same, same, same)
    assert isinstance(found, Comparison)
    assert found.agreement.value == 100 and found.drop.value == 0 and found.p_value == 1
    assert found.drop.low == pytest.approx(-found.drop.high) and 0 < found.drop.high < 4


def test_compare_interval_of_drop_covers_the_truth_in_95_per_cent():
    random = np.random.default_rng(0)
    held, trials, count = 0, 2000, 300
    for _ in range(trials):
        lost, gained, _ = random.multinomial(count, [0.05, 0.02, 0.93])
        right = np.arange(count)
        first, second = (right >= gained) * 1, (right < count - lost) * 1
        share = metrics.compare(first, second, np.ones(count, int)).drop
        held += share.low <= 3.0 <= share.high
    assert 0.93 < held / trials < 0.98
