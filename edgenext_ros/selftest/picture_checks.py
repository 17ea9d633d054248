# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks of an open engine with stored pictures: each twice, many, in two threads, wrong sizes."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice, takewhile
from threading import Event
from time import monotonic

from edgenext_ros.engines.base import infer
from edgenext_ros.selftest.answers import constant_cause, Difference
from edgenext_ros.selftest.finding import Explanation, Finding, Value, Verdict
from edgenext_ros.selftest.order import count_mixed_up, Expected, order_cause, repeat_cause
from edgenext_ros.selftest.reference import Reference
from edgenext_ros.selftest.under_test import Answers, describe_error, EngineUnderTest
import numpy as np

_UNKNOWN = 'no fault that the self-test knows explains them'
_LEAST = 4
"""Number of stored pictures that are run also when the time is up; two for each thread."""
_MANY_STEPS = 100.0
"""Difference in steps above which their number says nothing."""
_REPEATED = 0.25
"""Share of the pictures in a row that are the same as the one before."""


@dataclass(frozen=True)
class Effort:
    """How much is run; the limits in seconds end the checks of a slow engine early."""

    stride: int
    """Every so many stored pictures are run."""
    stored_s: float
    row: int
    """Number of pictures in a row."""
    row_s: float
    pairs: int
    """Number of pictures of each of two threads."""
    pairs_s: float


FULL_EFFORT = Effort(stride=1, stored_s=30.0, row=1000, row_s=20.0, pairs=200, pairs_s=5.0)
QUICK_EFFORT = Effort(stride=2, stored_s=5.0, row=200, row_s=3.0, pairs=40, pairs_s=1.0)


def check_stored(tested: EngineUnderTest, effort: Effort) -> tuple[Finding, Expected | None]:
    """
    Run stored pictures, each twice in a row, and compare the answers with the stored outputs.

    :return: the finding, and the outputs to compare later answers with: the stored ones, or the
        engine's own where they differ; None if there are no answers.
    """
    reference = tested.reference
    rows = tuple(range(0, len(reference.names), effort.stride))
    answers = tested.run((row for row in rows for _ in range(2)), limit_s=effort.stored_s,
                         least=2 * _LEAST)
    rows = rows[:(answers.count + 1) // 2]
    expected = Expected(reference.outputs, reference.steps, rows, 'the stored outputs')
    if not answers.given:
        return _finding(
            tested, 'stored pictures', Verdict.WRONG,
            f'different: no picture of {answers.count} got an answer; the first error: '
            f'{answers.errors[0]}', {'failed': answers.count}), None
    difference = Difference.of(answers.scores, reference, answers.rows)
    figures: dict[str, Value] = {
        'pictures': len(rows), 'failed': len(answers.errors), **difference.figures}
    text, good = _compare(answers, difference, tested)
    known = None
    if difference.different:
        known = _explain(answers, expected, reference)
        shown_by = known.shown_by if known else \
            f'{_UNKNOWN}, the cosine similarity is at least {difference.cosine:.5f}'
        text += f'; {shown_by}'
        again = answers.repeats()
        if expected.wrong(again.given):
            own = reference.outputs.copy()
            for answer in again.given:
                own[answer.row] = answer.scores
            expected = Expected(own, reference.steps, rows, 'its own earlier answers', True)
    return _finding(tested, 'stored pictures', Verdict.GOOD if good else Verdict.WRONG,
                    text, figures, _causes(answers, known)), expected


def _explain(answers: Answers, expected: Expected, reference: Reference) -> Explanation | None:
    """Name the cause of wrong answers; None if no known one explains them."""
    again = answers.repeats()
    return (order_cause(answers.given, expected)
            or (constant_cause(again.scores, reference, again.rows) if again.given else None)
            or repeat_cause(answers.given, expected))


def _compare(answers: Answers, difference: Difference,
             tested: EngineUnderTest) -> tuple[str, bool]:
    """Describe how the answers differ, without a cause; return also whether they are right."""
    reference = tested.reference
    of = f'the stored outputs of {reference.source} for {reference.model.name}'
    given = f'{len(answers.given)} answers ({len(set(answers.rows))} pictures, each run twice)'
    if difference.different:
        classes = f'the best class changed for {_some(difference.changed)}' \
            if difference.changed else 'the best classes are the same'
        steps = '' if difference.largest_steps > _MANY_STEPS else \
            f', {difference.largest_steps:.3g} steps'
        text = (f'different: {difference.different} of {given} differ from {of}, expected at most '
                f'{reference.step_name}, found up to {difference.largest:.4g} in a logit{steps}; '
                f'{classes}')
    elif difference.within:
        text = (f'within {reference.step_name}: {given} differ from {of} by '
                f'at most {difference.largest:.2g} in a logit, '
                f'{difference.largest_steps:.2g} steps')
        if reference.model.suffix == '.bin' and difference.largest_steps < 0.5:
            text += (': the integers of the BPU are the same, and their multiplication by the '
                     'scales rounds otherwise')
    else:
        text = f'equal: {given} equal {of} in every bit'
    if answers.errors:
        text += f'; {_describe_failures(answers)}'
    return text, not difference.different and not answers.errors


def check_row(tested: EngineUnderTest, effort: Effort, expected: Expected) -> Finding:
    """
    Run many stored pictures in a row, in random order, and compare every answer.

    :param tested: the engine.
    :param effort: how many.
    :param expected: the right answers.
    """
    random = np.random.default_rng(0)
    rows = [int(random.choice(expected.rows))]
    while len(rows) < effort.row:
        rows.append(rows[-1] if random.random() < _REPEATED else int(random.choice(expected.rows)))
    begin = monotonic()
    answers = tested.run(rows, limit_s=effort.row_s)
    took = monotonic() - begin
    wrong = expected.wrong(answers.given)
    figures: dict[str, Value] = {
        'pictures': answers.count, 'wrong': len(wrong), 'failed': len(answers.errors),
        'seconds': round(took, 1)}
    if not wrong and not answers.errors:
        fewer = '' if answers.count == effort.row else \
            f' (the time was up before {effort.row} pictures)'
        return _finding(tested, 'pictures in a row', Verdict.GOOD,
                        f'each of {answers.count} pictures in a row ({took:.1f} s in all) got its '
                        f'own answer, compared with {expected.source}{fewer}'
                        f'{expected.what_good_means}', figures)
    parts = [_describe_failures(answers)] if answers.errors else []
    known = _explain(answers, expected, tested.reference) if wrong else None
    if wrong:
        parts.append(f'{len(wrong)} of {answers.count} pictures in a row got a wrong answer, '
                     f'compared with {expected.source}{expected.what_wrong_means}; '
                     f'{known.shown_by if known else _UNKNOWN}')
    return _finding(tested, 'pictures in a row', Verdict.WRONG, '; '.join(parts), figures,
                    _causes(answers, known))


def check_threads(tested: EngineUnderTest, effort: Effort, expected: Expected, *,
                  alone: Verdict) -> Finding:
    """
    Run different pictures in two threads at once, and compare every answer.

    :param tested: the engine.
    :param effort: how many.
    :param expected: the right answers.
    :param alone: verdict for pictures in a row of one thread.
    """
    halves = [expected.rows[half::2] for half in range(2)]
    ended = Event()
    with ThreadPoolExecutor(2) as pool:
        try:
            waiting = [pool.submit(
                tested.run, takewhile(lambda row: not ended.is_set(), islice(
                    cycle(half), effort.pairs)), limit_s=effort.pairs_s) for half in halves]
            both = [future.result() for future in waiting]
        except BaseException:  # after Ctrl-C the pool would wait for all pictures
            ended.set()
            raise
    count = sum(answers.count for answers in both)
    errors = Answers((), both[0].errors + both[1].errors)
    wrong = sum(len(expected.wrong(answers.given)) for answers in both)
    mixed = sum(count_mixed_up(answers.given, expected, others)
                for answers, others in zip(both, reversed(halves), strict=True))
    figures: dict[str, Value] = {
        'pictures': count, 'wrong': wrong, 'answers_for_the_other_thread': mixed,
        'failed': len(errors.errors)}
    if not wrong and not errors.errors:
        return _finding(tested, 'two threads', Verdict.GOOD,
                        f'two threads at once each got their own answers for {count} pictures'
                        f'{expected.what_good_means}', figures)
    parts, cause = [], ''
    if errors.errors:
        parts.append(f'{len(errors.errors)} of {count} pictures of two threads got no answer; '
                     f'the first error: {errors.errors[0]}')
    if wrong and alone is Verdict.WRONG:
        parts.append(f'{wrong} of {count} pictures of two threads got a wrong answer, compared '
                     f'with {expected.source}; pictures in a row of one thread do too')
    elif mixed:
        parts.append(f'{mixed} of {count} pictures of two threads got the answer for a picture '
                     f'of the other thread')
        cause = 'the engine mixes up its threads: they share memory of an input or output'
    elif wrong:
        parts.append(f'{wrong} of {count} pictures of two threads got a wrong answer, compared '
                     f'with {expected.source}, and pictures in a row of one thread did not')
        cause = 'memory that the threads share'
    return _finding(tested, 'two threads', Verdict.WRONG, '; '.join(parts), figures, cause)


def check_sizes(tested: EngineUnderTest, expected: Expected, *, alone: Verdict) -> Finding:
    """
    Check that pictures of a wrong size or type are refused and that the engine works afterwards.

    :param tested: the engine.
    :param expected: the right answers.
    :param alone: verdict for pictures in a row; after wrong ones only an answer is expected.
    """
    picture = tested.reference.pictures[0]
    for what, wrong in (
            ('one byte less', picture[:-1]), ('one byte more', np.append(picture, np.uint8(0))),
            ('no byte', picture[:0]), ('float32', picture.astype(np.float32)),
            ('every second byte of twice as many', picture.repeat(2)[::2])):
        try:
            infer(tested.engine, wrong)
        except ValueError:
            continue
        except (Exception, SystemExit) as error:  # vendor code may raise anything
            said = f'the error {describe_error(error)}'
        else:
            said = 'an answer'
        return _finding(tested, 'wrong sizes', Verdict.WRONG,
                        f'a picture with {what} than the model reads: expected a refusal that '
                        f'names the size, found {said}', {})
    answers = tested.run(expected.rows[:1] * 2)
    if answers.errors or (
            alone is Verdict.GOOD and expected.wrong(answers.repeats().given)):
        found = answers.errors[0] if answers.errors else 'another answer than before'
        return _finding(tested, 'wrong sizes', Verdict.WRONG,
                        f'after pictures of wrong sizes were refused, expected the answers of '
                        f'before, found {found}', {})
    return _finding(tested, 'wrong sizes', Verdict.GOOD,
                    'pictures of a wrong size or type are refused, and the engine works '
                    'afterwards', {})


def _describe_failures(answers: Answers) -> str:
    """Describe the pictures without an answer."""
    return (f'{len(answers.errors)} of {answers.count} pictures got no answer; the first error: '
            f'{answers.errors[0]}')


def _causes(answers: Answers, known: Explanation | None) -> str:
    """Return the likely causes of missing answers and of wrong ones, separated by semicolons."""
    nans = [error for error in answers.errors if 'not finite' in error]
    return '; '.join((
        *(('outputs that are not finite now and then: the result is read before the inference '
           'has ended, or memory is damaged',) if nans and len(nans) < answers.count else ()),
        *((known.cause,) if known else ())))


def _some(names: Sequence[str]) -> str:
    """Return up to four names."""
    distinct = list(dict.fromkeys(names))
    return ', '.join(distinct[:4]) + (
        f' and {len(distinct) - 4} more' if len(distinct) > 4 else '')


def _finding(tested: EngineUnderTest, name: str, verdict: Verdict, text: str,
             figures: dict[str, Value], cause: str = '') -> Finding:
    return Finding('right', f'{tested.name}: {name}', verdict, text, figures, cause)
