# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compare an engine's answers with the stored outputs, and name the cause of differences."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from edgenext_ros.selftest.finding import Explanation, Value
from edgenext_ros.selftest.reference import (
    CLEARLY_NEARER,
    is_within_range,
    ONE_STEP,
    Outputs,
    Reference,
)
import numpy as np
import numpy.typing as npt

_ALIKE = 0.02
"""Largest relative error of answers that a factor explains."""
MISREADING_CAUSES: Final = MappingProxyType({
    'swapped chroma': 'the engine reads the picture as NV21, V before U',
    'limited range': 'the engine reads the picture as limited range (16..235), not as full range'})
"""Likely cause of answers for the pictures as misread, by the names of ``MISREADINGS``."""
_PITCHES = (2, 4, 8, 16, 32)
"""Distances of values in a padded output that are looked for."""


@dataclass(frozen=True)
class Difference:
    """How answers differ from the stored outputs."""

    equal: int
    """Answers that are equal to the bit."""
    within: int
    """Answers that differ by at most one step in every class, and are not equal."""
    different: int
    """The other answers."""
    largest: float
    """Largest difference of a logit; infinite if one is not finite."""
    largest_steps: float
    """Largest difference of a logit in steps of its class."""
    cosine: float
    """Least cosine similarity of an answer and the stored output."""
    changed: tuple[str, ...]
    """Pictures whose best class changed, each as ``name (stored -> found)``."""

    @classmethod
    def of(cls, answers: Outputs, reference: Reference, rows: npt.NDArray[np.intp]) -> Difference:
        """
        Compare answers with stored outputs.

        :param answers: float32 (answers, classes).
        :param reference: the stored outputs.
        :param rows: row of the stored picture of each answer.
        """
        stored = reference.outputs[rows]
        apart = np.nan_to_num(abs(answers.astype(np.float64) - stored), nan=np.inf)
        steps = (apart / reference.steps).max(1, initial=0)
        equal = (answers == stored).all(1)
        within = ~equal & (steps <= ONE_STEP)
        lengths = np.linalg.norm(answers, axis=1) * np.linalg.norm(stored, axis=1)
        cosines = (answers * stored).sum(1) / np.maximum(lengths, 1e-30)
        best, was = answers.argmax(1), stored.argmax(1)
        return cls(
            int(equal.sum()), int(within.sum()), int((~equal & ~within).sum()),
            float(apart.max(initial=0)), float(steps.max(initial=0)), float(cosines.min()),
            tuple(f'{reference.names[row]} ({reference.classes[old]} -> {reference.classes[new]})'
                  for row, old, new in zip(rows, was, best, strict=True) if old != new))

    @property
    def figures(self) -> dict[str, Value]:
        """The figures for a finding."""
        finite = bool(np.isfinite(self.largest))
        return {'equal': self.equal, 'within_one_step': self.within, 'different': self.different,
                'largest_difference_logits': self.largest if finite else None,
                'largest_difference_steps': self.largest_steps if finite else None,
                'least_cosine': round(self.cosine, 6) if finite else None,
                'pictures_with_another_class': ', '.join(self.changed)}


def constant_cause(answers: Outputs, reference: Reference,
                   rows: npt.NDArray[np.intp]) -> Explanation | None:
    """
    Name the cause of answers that are wrong for every picture in the same way.

    :param answers: one answer per picture, float32 (answers, classes).
    :param reference: the stored outputs.
    :param rows: row of the stored picture of each answer.
    :return: None if no known cause explains the answers.
    """
    stored = reference.outputs[rows]
    return (_fixed_cause(answers, reference) or _scale_cause(answers, stored, reference)
            or _layout_cause(answers, stored, reference)
            or misreading_cause(answers, reference, rows))


def _fixed_cause(answers: Outputs, reference: Reference) -> Explanation | None:
    """Look for answers that do not depend on the picture."""
    if not answers.any():
        return Explanation('all values are 0', (
            'the output is not written, or its cache is not invalidated after the inference'))
    if len(answers) > 2 and (abs(answers - answers[0]) <= reference.steps * ONE_STEP).all():
        return Explanation('all pictures get the same answer', (
            'a stale picture: the cache of the input is not flushed before the inference, or that '
            'of the output not invalidated after it'))
    return None


def misreading_cause(answers: Outputs, reference: Reference,
                     rows: npt.NDArray[np.intp]) -> Explanation | None:
    """
    Name the way of reading NV12 whose stored outputs are nearest to the answers.

    :param answers: one answer per picture, float32 (answers, classes).
    :param reference: the stored outputs.
    :param rows: row of the stored picture of each answer.
    :return: None if full range is nearest or none is clearly.
    """
    within = np.array([is_within_range(reference.pictures[row]) for row in rows])
    answers, rows = answers[within], rows[within]
    far = np.linalg.norm(answers - reference.outputs[rows])
    distances = {name: float(np.linalg.norm(answers - outputs[rows]))
                 for name, outputs in reference.misread_outputs.items()}
    name = min(distances, key=lambda name: distances[name])
    return None if distances[name] >= CLEARLY_NEARER * far else Explanation(
        f'the answers are nearest to the outputs for {name}', MISREADING_CAUSES[name])


def _scale_cause(answers: Outputs, stored: Outputs, reference: Reference) -> Explanation | None:
    """Look for one factor, and for one factor per class."""
    found, wanted = answers.astype(np.float64), stored.astype(np.float64)
    factor = float((found * wanted).sum() / (wanted ** 2).sum())
    size = np.linalg.norm(found)
    if np.linalg.norm(found - factor * wanted) <= _ALIKE * size and abs(factor - 1) > _ALIKE:
        return Explanation(f'the answers are the stored outputs times {factor:.4g}',
                           'a wrong output scale')
    factors = (found * wanted).sum(0) / np.maximum((wanted ** 2).sum(0), 1e-30)
    if len(found) < 3 or np.linalg.norm(found - factors * wanted) > _ALIKE * size or (
            abs(factors - 1).max() <= _ALIKE):
        return None
    steps = reference.steps
    if np.allclose(factors * steps, (factors * steps).mean(), rtol=_ALIKE):
        return Explanation('the answers are the integers of the BPU times one factor',
                           'a wrong output scale: the scale of each class is not applied')
    return Explanation(
        f'each class has a factor of its own, {factors.min():.3g} to {factors.max():.3g}',
        'a wrong output scale for some classes')


def _layout_cause(answers: Outputs, stored: Outputs, reference: Reference) -> Explanation | None:
    """Look for values of the stored output in other places of the answers."""
    count = answers.shape[1]
    for unit in (np.ones(count, np.float32), reference.steps):
        # A layout fault before the scales moves integers; the scales stay in their places.
        found, wanted = answers / unit, stored / unit
        near = np.maximum(1e-3 * abs(wanted).max(), 1e-6)
        for pitch in _PITCHES:
            places = np.arange(0, count, pitch)
            if (abs(found[:, places] - wanted[:, :len(places)]) < near).all():
                return Explanation(
                    f'the stored values are {pitch} places apart in the answers',
                    'the padding of the output tensor (its stride) is not skipped')
        for shift in (*range(1, count // 2), *range(-count // 2, 0)):
            apart = abs(found[:, max(0, -shift):count - max(0, shift)]
                        - wanted[:, max(0, shift):count + min(0, shift)])
            if (apart < near).all():
                return Explanation(
                    f'each value is that of the class {abs(shift)} places '
                    f'{"after" if shift > 0 else "before"} it',
                    'padding or offset of the output tensor is not skipped')
    return None
