# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Differences are counted in steps, and their causes are told apart."""

from edgenext_ros.selftest import reference
from edgenext_ros.selftest.answers import constant_cause, Difference
from edgenext_ros.selftest.order import count_mixed_up, Expected, order_cause
from edgenext_ros.selftest.under_test import Answer
import numpy as np
import pytest

ROWS = np.arange(12)


@pytest.fixture(scope='module')
def stored():
    """Load the stored outputs of the .bin."""
    return reference.load(reference.model_of('simulator'))


@pytest.fixture(scope='module')
def expected(stored):
    """Expect the stored outputs."""
    return Expected(stored.outputs, stored.steps, tuple(ROWS), 'the stored outputs')


def row_of(expected, rows, *, lag=0, wrong=()):
    """Return answers for pictures in a row, each that of ``lag`` pictures before; some are 0."""
    given = []
    for position, row in enumerate(rows):
        scores = expected.outputs[rows[max(0, position - lag)]]
        before = rows[position - 1] if position else None
        given.append(Answer(row, before, scores * 0 if position in wrong else scores))
    return given


@pytest.mark.parametrize('steps,counts', [
    (0, (12, 0, 0)), (0.01, (11, 1, 0)), (1, (11, 1, 0)), (1.1, (11, 0, 1)), (-3, (11, 0, 1))])
def test_difference_is_counted_in_steps_of_the_class(stored, steps, counts):
    answers = stored.outputs.copy()
    answers[3, 7] += steps * stored.steps[7]
    found = Difference.of(answers, stored, ROWS)
    assert (found.equal, found.within, found.different) == counts
    assert found.largest_steps == pytest.approx(abs(steps), abs=0.02)
    assert found.largest == pytest.approx(abs(steps) * stored.steps[7], abs=1e-6)
    assert found.changed == ()


def test_integers_that_differ_by_one_are_within_one_step(stored, expected):
    integers = np.rint(stored.outputs.astype(np.float64) / stored.steps)
    for change, within in ((1, 12), (-1, 12), (2, 0)):
        answers = ((integers + change) * stored.steps).astype(np.float32)
        assert Difference.of(answers, stored, ROWS).within == within
        given = [Answer(row, None, scores) for row, scores in enumerate(answers)]
        assert len(expected.wrong(given)) == 12 - within


def test_changed_classes_are_named(stored):
    answers = stored.outputs.copy()
    best = answers[2].argmax()
    answers[2, 5] = 30
    assert Difference.of(answers, stored, ROWS).changed == (
        f'chelsea ({stored.classes[best]} -> {stored.classes[5]})',)


def test_value_that_is_not_finite_is_different(stored):
    answers = stored.outputs.copy()
    answers[0, 0] = np.nan
    found = Difference.of(answers, stored, ROWS)
    assert found.different == 1 and found.figures['largest_difference_logits'] is None


def said(known):
    """Return an explanation as in a sentence; an empty text for None."""
    return '' if known is None else f'{known.shown_by}; likely cause: {known.cause}'


@pytest.mark.parametrize('change,words', [
    (lambda scores, steps: scores * 128, 'times 128;'),
    (lambda scores, steps: scores * -1, 'times -1;'),
    (lambda scores, steps: scores * 0, 'all values are 0'),
    (lambda scores, steps: scores / steps, 'the scale of each class is not applied'),
    (lambda scores, steps: scores / steps * steps[::-1], 'each class has a factor of its own'),
    (lambda scores, steps: np.roll(scores, 1, 1), 'that of the class 1 places before it'),
    (lambda scores, steps: np.roll(scores, -16, 1), 'that of the class 16 places after it'),
    (lambda scores, steps: scores.repeat(2, 1)[:, :100], 'stored values are 2 places apart'),
    (lambda scores, steps: scores.repeat(16, 1)[:, :100], 'stored values are 16 places apart'),
    (lambda scores, steps: (scores / steps).repeat(4, 1)[:, :100] * steps, 'are 4 places apart'),
    (lambda scores, steps: scores[:, ::-1], None),
    (lambda scores, steps: scores + 1, None),
    (lambda scores, steps: scores[::-1], None)])
def test_constant_cause_is_named(stored, change, words):
    cause = said(constant_cause(change(stored.outputs, stored.steps), stored, ROWS))
    assert words in cause if words else cause == ''


@pytest.mark.parametrize('name', reference.MISREADINGS)
def test_misreading_is_named_also_with_noise(stored, name):
    noise = np.random.default_rng(0).normal(0, 0.05, stored.outputs.shape).astype(np.float32)
    assert name in said(constant_cause(stored.misread_outputs[name] + noise, stored, ROWS))
    assert constant_cause(stored.outputs + noise, stored, ROWS) is None


def test_rows_may_be_a_part_of_the_pictures(stored):
    rows = np.array([1, 8, 10])
    assert 'NV21' in said(constant_cause(
        stored.misread_outputs['swapped chroma'][rows], stored, rows))


DOUBLED = [row for row in range(6) for _ in range(2)]


@pytest.mark.parametrize('rows,lag,wrong,words', [
    (DOUBLED, 0, (), None),
    (DOUBLED, 1, (), 'all 5 answers that follow a different picture are those for the picture '
     'before; the 6 repeats of the same picture are right; likely'),
    (DOUBLED, 2, (), 'all 5 answers that follow a different picture are those for the picture '
     'before; 5 of the 6 repeats of the same picture are wrong; likely'),
    (DOUBLED, 0, (2, 4, 8), '3 of 6 answers that follow a different picture are wrong, 0 of '
     'them are those for the picture before; the 6 repeats of the same picture are right; likely'),
    (DOUBLED, 0, (3,), None), (DOUBLED, 0, (2, 3), None),
    (range(6), 0, (2, 3), None),
    (range(6), 1, (), 'all 5 answers that follow a different picture are those for the picture '
     'before; likely')])
def test_order_cause_is_named(expected, rows, lag, wrong, words):
    cause = said(order_cause(row_of(expected, list(rows), lag=lag, wrong=wrong), expected))
    assert words in cause if words else cause == ''


def test_answers_for_pictures_of_another_thread_are_counted(expected):
    given = row_of(expected, [0, 2, 4, 0, 2, 4])
    assert count_mixed_up(given, expected, (1, 3, 5)) == 0
    given[4] = Answer(2, 0, expected.outputs[3])
    given[5] = Answer(4, 2, expected.outputs[0])
    assert count_mixed_up(given, expected, (1, 3, 5)) == 1
