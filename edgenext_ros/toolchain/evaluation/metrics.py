# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Accuracy of a classifier, and agreement of two; shares are in per cent.

Intervals are 95 % confidence intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

BINS = 15
"""Number of confidence bins for the calibration error."""
TOP = 5
"""``top5`` counts a picture as right if its class is among this many best ones."""

_Z = 1.959963984540054
"""95 % of a normal distribution lie within this many standard deviations."""


@dataclass(frozen=True)
class Share:
    """A share of the pictures with its interval, in per cent."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, hits: int, count: int) -> Share:
        """Return ``hits`` / ``count`` with Wilson's interval; ``count`` is at least 1."""
        share, spread = hits / count, _Z ** 2 / count
        middle = (share + spread / 2) / (1 + spread)
        half = sqrt(share * (1 - share) * spread + spread ** 2 / 4) / (1 + spread)
        # At 0 and 100 % one end equals the share; clamp it, because floats round.
        return cls(100 * share, 100 * max(0.0, min(share, middle - half)),
                   100 * min(1.0, max(share, middle + half)))


@dataclass(frozen=True)
class ClassScore:
    """Accuracy on the pictures of one class, in per cent."""

    class_id: int
    pictures: int
    top1: float
    top5: float


@dataclass(frozen=True)
class Confusion:
    """Number of pictures of one class that were classified as another."""

    truth: int
    found: int
    pictures: int


@dataclass(frozen=True)
class Bin:
    """The pictures whose confidence is in one range; all shares in per cent."""

    low: float
    high: float
    pictures: int
    confidence: float
    """Mean probability of the best class; 0 without a picture."""
    accuracy: float


@dataclass(frozen=True)
class Accuracy:
    """Accuracy and calibration of a classifier on labelled pictures."""

    pictures: int
    top1: Share
    top5: Share
    ece: float
    """Expected calibration error: mean difference of confidence and accuracy, in per cent."""
    bins: tuple[Bin, ...]
    per_class: tuple[ClassScore, ...]
    """Scores of the classes with pictures, in the order of the classes."""
    confusions: tuple[Confusion, ...]
    """Most frequent first."""


@dataclass(frozen=True)
class Comparison:
    """The differences between two classifiers on the same pictures."""

    pictures: int
    agreement: Share
    """Pictures with the same best class."""
    drop: Share
    """Top-1 of the first minus that of the second, in points; negative if the second is better."""
    lost: int
    """Pictures that only the first classifies correctly."""
    gained: int
    """Pictures that only the second classifies correctly."""
    p_value: float
    """McNemar's exact test: probability of such unequal counts for equally good classifiers."""


def ranks(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """
    Return the rank of each picture's true class, int (pictures,); 0 is the best.

    Equal values rank in the order of their class index.
    """
    own = np.take_along_axis(values, truth[:, None], 1)
    before = np.arange(values.shape[1]) < truth[:, None]
    return ((values > own) | ((values == own) & before)).sum(1)


def measure(shares: np.ndarray, truth: np.ndarray) -> Accuracy:
    """
    Measure accuracy and calibration.

    :param shares: probabilities, 0..1, (pictures, classes), of at least one picture.
    :param truth: index of each picture's class, int (pictures,).
    """
    place = ranks(shares, truth)
    found = shares.argmax(1)
    bins = _bins(shares.max(1).astype(np.float64), found == truth)
    count = len(truth)
    return Accuracy(
        pictures=count, top1=Share.of(int((place < 1).sum()), count),
        top5=Share.of(int((place < TOP).sum()), count), bins=bins,
        ece=sum(b.pictures * abs(b.confidence - b.accuracy) for b in bins) / count,
        per_class=tuple(_class_score(int(c), place[truth == c]) for c in np.unique(truth)),
        confusions=_confusions(truth, found, shares.shape[1]))


def _bins(confidence: np.ndarray, right: np.ndarray) -> tuple[Bin, ...]:
    """Sort pictures into bins of equal width; confidence 1 belongs to the last."""
    index = np.minimum((confidence * BINS).astype(int), BINS - 1)
    counts = np.bincount(index, minlength=BINS)
    sums = [np.bincount(index, weights, minlength=BINS) for weights in (confidence, right)]
    confidences, accuracies = (100 * values / np.maximum(counts, 1) for values in sums)
    return tuple(Bin(100 * i / BINS, 100 * (i + 1) / BINS, int(counts[i]), float(confidences[i]),
                     float(accuracies[i])) for i in range(BINS))


def _class_score(class_id: int, place: np.ndarray) -> ClassScore:
    return ClassScore(class_id, len(place), 100 * float((place < 1).mean()),
                      100 * float((place < TOP).mean()))


def _confusions(truth: np.ndarray, found: np.ndarray, classes: int) -> tuple[Confusion, ...]:
    wrong = truth != found
    pairs, counts = np.unique(truth[wrong] * classes + found[wrong], return_counts=True)
    order = np.argsort(-counts, kind='stable')
    return tuple(Confusion(int(pairs[i]) // classes, int(pairs[i]) % classes, int(counts[i]))
                 for i in order)


def compare(first: np.ndarray, second: np.ndarray, truth: np.ndarray) -> Comparison:
    """
    Compare two classifiers picture by picture.

    :param first: best class of each picture by the first, int (pictures,), of at least one.
    :param second: best class of each picture by the second, int (pictures,).
    :param truth: index of each picture's class, int (pictures,).
    """
    lost = int(((first == truth) & (second != truth)).sum())
    gained = int(((first != truth) & (second == truth)).sum())
    count = len(truth)
    return Comparison(count, Share.of(int((first == second).sum()), count),
                      _drop(lost, gained, count), lost, gained, mcnemar(lost, gained))


def _drop(lost: int, gained: int, count: int) -> Share:
    """Return the difference of paired shares with the interval of Bonett and Price (2012)."""
    p_lost, p_gained = (lost + 1) / (count + 2), (gained + 1) / (count + 2)
    middle = p_lost - p_gained
    half = _Z * sqrt((p_lost + p_gained - middle ** 2) / (count + 2))
    return Share(100 * (lost - gained) / count, 100 * max(-1.0, middle - half),
                 100 * min(1.0, middle + half))


def mcnemar(lost: int, gained: int) -> float:
    """Return the two-sided p-value of McNemar's exact test, 0..1."""
    total, ways, term = lost + gained, 0, 1
    for i in range(min(lost, gained) + 1):
        ways += term
        term = term * (total - i) // (i + 1)
    # Integers up to here: a float cannot hold 2 ** total for more than 1023 pictures.
    return min(1.0, 2 * ways / 2 ** total)
