# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Recognise answers that depend on the pictures before: stale pictures, late results, mix-ups."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise

from edgenext_ros.engines.base import Scores
from edgenext_ros.selftest.finding import Explanation
from edgenext_ros.selftest.reference import ONE_STEP, Outputs
from edgenext_ros.selftest.under_test import Answer
import numpy as np
import numpy.typing as npt

_NEAR = 0.1
"""Distance that counts as agreement, as a share of the distance of two expected outputs."""
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Expected:
    """What an engine should answer."""

    outputs: Outputs
    """One output per stored picture, float32 (pictures, classes)."""
    steps: npt.NDArray[np.float32]
    """Largest difference that counts as equal, for each class."""
    rows: tuple[int, ...]
    """Rows of the pictures that are run."""
    source: str
    """Where the outputs are from, in words."""
    own: bool = False
    """Whether they are the engine's own, which are wrong but may repeat."""

    @property
    def what_good_means(self) -> str:
        """The end of a sentence about answers that are as expected."""
        return ('; good means only that the answers repeat, because those for the stored pictures '
                'are wrong') if self.own else ''

    @property
    def what_wrong_means(self) -> str:
        """The end of a clause about answers that are not as expected."""
        return (', because those for the stored pictures are wrong: the answers also do not '
                'repeat') if self.own else ''

    def is_right(self, answer: Answer) -> bool:
        """Return whether an answer differs by at most one step in every class."""
        return self.is_same(answer.scores, self.outputs[answer.row])

    def is_same(self, scores: Scores, others: Scores) -> bool:
        """Return whether scores differ by at most one step in every class."""
        return bool((abs(scores - others) <= self.steps * ONE_STEP).all())

    def wrong(self, answers: Sequence[Answer]) -> list[Answer]:
        """Return the answers that differ by more than one step."""
        return [answer for answer in answers if not self.is_right(answer)]

    def is_near(self, answer: Answer, row: int) -> bool:
        """Return whether an answer clearly is that for another picture than its own."""
        apart = np.linalg.norm(answer.scores - self.outputs[row])
        return bool(apart <= _NEAR * np.linalg.norm(self.outputs[row] - self.outputs[answer.row]))


def order_cause(answers: Sequence[Answer], expected: Expected) -> Explanation | None:
    """
    Name the cause if wrong answers depend on the picture before; else return None.

    :param answers: the answers of one thread, in order, some for the same picture as the one
        before.
    :param expected: the right answers.
    """
    wrong = expected.wrong(answers)
    changes = [answer for answer in answers if answer.before not in (None, answer.row)]
    late = [answer for answer in wrong if answer.before not in (None, answer.row)
            and expected.is_near(answer, answer.before)]
    if late and len(late) >= _NEARLY_ALL * len(changes):
        share = f'all {len(late)}' if len(late) == len(changes) else \
            f'{len(late)} of {len(changes)}'
        return Explanation(
            f'{share} answers that follow a different picture are those for the picture '
            f'before{_repeats(answers, wrong)}',
            'the engine answers from the picture before: it reads the result before the '
            'inference has ended, or from the memory of another slot')
    changes = [answer for answer in answers if answer.before != answer.row]
    repeats = [answer for answer in answers if answer.before == answer.row]
    if not wrong or not repeats or any(answer.before == answer.row for answer in wrong):
        return None
    return Explanation(
        f'{len(wrong)} of {len(changes)} answers that follow a different picture are wrong, '
        f'{len(late)} of them are those for the picture before{_repeats(answers, wrong)}',
        'a stale picture: the cache of the input is not flushed before the inference, or that of '
        'the output after it')


def _repeats(answers: Sequence[Answer], wrong: Sequence[Answer]) -> str:
    """Say how many answers for the same picture again are right."""
    count, bad = (sum(answer.before == answer.row for answer in some) for some in (answers, wrong))
    return '' if not count else \
        f'; the {count} repeats of the same picture are right' if not bad else \
        f'; {bad} of the {count} repeats of the same picture are wrong'


def repeat_cause(answers: Sequence[Answer], expected: Expected) -> Explanation | None:
    """
    Name the cause if the same picture gets another answer when it comes again; else None.

    :param answers: the answers of one thread, in order.
    :param expected: gives the difference that counts as equal.
    """
    pairs = [(first, again) for first, again in pairwise(answers)
             if again.before == again.row == first.row]
    other = [again for first, again in pairs
             if not expected.is_same(first.scores, again.scores)]
    return None if not other else Explanation(
        f'{len(other)} of {len(pairs)} pictures got another answer when they came again',
        'the result is read before the inference has ended, or memory is damaged')


def count_mixed_up(answers: Sequence[Answer], expected: Expected, others: Collection[int]) -> int:
    """
    Count wrong answers that are those for a picture that only another thread runs.

    :param answers: answers of one thread.
    :param expected: the right answers.
    :param others: rows of the other thread's pictures.
    """
    return sum(any(expected.is_near(answer, row) for row in others)
               for answer in expected.wrong(answers))
