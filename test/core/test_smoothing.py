# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The exponential mean of probabilities, and what begins it anew."""

from edgenext_ros.core.prediction import Prediction
from edgenext_ros.core.smoothing import LONGEST_GAP, ProbabilityMean
import numpy as np
import pytest

PERIOD_NS = 33_333_333
CAT, DOG = (np.array(values, np.float32) for values in ([0.8, 0.15, 0.05], [0.3, 0.65, 0.05]))
SOURCE = (640, 480, 'front')


class Camera:
    """Images at 30 Hz into one mean."""

    def __init__(self, *, seconds=1.0):
        self.mean, self.seconds, self.stamp_ns = ProbabilityMean(), seconds, 10 ** 18

    def give(self, values, *, after_ns=PERIOD_NS, source=SOURCE):
        self.stamp_ns += after_ns
        return self.mean.update(
            values, stamp_ns=self.stamp_ns, source=source, seconds=self.seconds)


@pytest.fixture
def cats():
    """Make a mean of one second of cats."""
    camera = Camera()
    for _ in range(30):
        camera.give(CAT)
    return camera


def best(values):
    return Prediction.from_output(values, top_k=1, probabilities=True).class_ids[0]


def test_first_image_is_returned_as_it_is():
    np.testing.assert_array_equal(Camera().give(DOG), DOG)


def test_flickering_classes_give_one_class():
    camera = Camera()
    shown = [camera.give(DOG if number % 3 == 1 else CAT) for number in range(90)]
    assert {best(values) for values in shown} == {0}
    expected = (2 * CAT + DOG) / 3
    np.testing.assert_allclose(shown[-1], expected, atol=0.02)
    assert np.abs(np.diff([values[0] for values in shown[30:]])).max() < 0.02


def test_outlier_changes_the_best_class_neither_first_nor_later(cats):
    outlier = np.array([0.0, 1.0, 0.0], np.float32)
    shown = cats.give(outlier)
    assert best(shown) == 0
    np.testing.assert_allclose(
        shown, CAT + (outlier - CAT) * (1 - np.exp(-PERIOD_NS / 1e9)), atol=1e-6)
    new = Camera()
    assert [best(new.give(values)) for values in (outlier, CAT, CAT, CAT)] == [1, 1, 0, 0]


def test_new_class_takes_over_in_the_time_of_the_mean(cats):
    after = next(number for number in range(1, 90) if best(cats.give(DOG)) == 1)
    # The two are equal when exp(-t) of the cats is left: 0.3 + 0.5 x = 0.65 - 0.5 x.
    assert after * PERIOD_NS / 1e9 == pytest.approx(-np.log(0.35), abs=0.05)


def test_weight_of_an_image_follows_the_time_rather_than_the_count():
    shown = []
    for rate, images in ((10, 20), (50, 100)):
        camera = Camera()
        for _ in range(images):
            camera.give(CAT, after_ns=10 ** 9 // rate)
        for _ in range(rate):
            values = camera.give(DOG, after_ns=10 ** 9 // rate)
        shown.append(values)
    np.testing.assert_allclose(*shown, atol=1e-3)
    np.testing.assert_allclose(shown[0], DOG + (CAT - DOG) / np.e, atol=1e-3)


@pytest.mark.parametrize('change', [
    {'after_ns': -1}, {'after_ns': -10 ** 10}, {'after_ns': int(LONGEST_GAP * 1e9) + 1},
    {'source': (640, 481, 'front')}, {'source': (480, 640, 'front')},
    {'source': (640, 480, 'rear')}, {'source': (*SOURCE, 'another model')}], ids=str)
def test_mean_begins_anew(cats, change):
    np.testing.assert_array_equal(cats.give(DOG, **change), DOG)
    rest = {'source': change['source']} if 'source' in change else {}
    np.testing.assert_allclose(cats.give(CAT, **rest), (DOG + CAT) / 2, atol=1e-6)


@pytest.mark.parametrize('after_ns', [1, 10 ** 9, int(LONGEST_GAP * 1e9)])
def test_mean_continues_over_a_gap(cats, after_ns):
    share = 1 - np.exp(-after_ns / 1e9)
    np.testing.assert_allclose(
        cats.give(DOG, after_ns=after_ns), CAT + (DOG - CAT) * max(share, 1 / 31), atol=1e-6)


def test_reset_begins_anew(cats):
    cats.mean.reset()
    np.testing.assert_array_equal(cats.give(DOG), DOG)


def test_images_without_a_stamp_are_not_averaged(cats):
    for values in (DOG, CAT):
        np.testing.assert_array_equal(cats.mean.update(
            values, stamp_ns=0, source=SOURCE, seconds=1.0), values)
    np.testing.assert_array_equal(cats.give(DOG), DOG)


def test_image_with_the_stamp_of_the_one_before_replaces_it(cats):
    expected = cats.give(DOG)
    for _ in range(10):
        cats.give(np.array([0.0, 0.0, 1.0], np.float32), after_ns=0)
    np.testing.assert_array_equal(cats.give(DOG, after_ns=0), expected)


def test_camera_with_a_constant_stamp_is_not_averaged():
    camera = Camera()
    for values in (CAT, DOG, CAT):
        np.testing.assert_array_equal(camera.give(values, after_ns=0), values)


def test_changed_time_constant_keeps_the_mean(cats):
    cats.seconds = 0.1
    share = 1 - np.exp(-PERIOD_NS / 1e8)
    np.testing.assert_allclose(cats.give(DOG), CAT + (DOG - CAT) * share, atol=1e-6)
    cats.seconds = 10.0
    assert np.abs(cats.give(CAT) - cats.give(CAT)).max() < 0.01


def test_mean_adds_up_to_one_and_leaves_its_arguments():
    camera, random = Camera(), np.random.default_rng(5)
    for _ in range(1000):
        values = random.dirichlet(np.ones(1000)).astype(np.float32)
        before = values.copy()
        shown = camera.give(values)
        np.testing.assert_array_equal(values, before)
    assert shown.dtype == np.float32
    assert shown.sum() == pytest.approx(1, abs=1e-5)
