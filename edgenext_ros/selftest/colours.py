# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Whether each engine reads NV12 as full range, as the bundled model was compiled.

A grey ramp and saturated patches are run. Their outputs differ by range, and by the order of the
chroma bytes; the stored outputs that are nearest tell how the engine reads the picture.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgenext_ros.selftest.finding import Conditions, Finding, Value, Verdict
from edgenext_ros.selftest.reference import COLOUR_PICTURES
from edgenext_ros.selftest.subject import NoSubjectError, opened, Subject
import numpy as np

_FULL = 'full range'
_CLEAR = 0.5
"""The nearest outputs must be nearer than this share of the distance to the second nearest."""


def check(conditions: Conditions) -> Iterator[Finding]:
    """Yield one finding about each engine of the conditions."""
    for name in conditions.engines:
        conditions.progress(f'{name}: grey ramp and saturated patches')
        try:
            with opened(name) as subject:
                yield _check_subject(subject)
        except NoSubjectError as error:
            yield Finding('colours', f'{name}: range of NV12', error.verdict, str(error))


def _check_subject(subject: Subject) -> Finding:
    reference = subject.reference
    # Each picture is run twice, so that a stale picture is not taken for another range.
    answers = subject.run(reference.index(name) for name in COLOUR_PICTURES for _ in range(2))
    again = answers.repeats()
    name = f'{subject.name}: range of NV12'
    if not again.given:
        return Finding('colours', name, Verdict.WRONG,
                       f'no answer for {answers.count} pictures; the first error: '
                       f'{answers.errors[0]}')
    known = {_FULL: reference.outputs, **reference.seen_otherwise}
    distances = {way: float(np.linalg.norm(again.scores - outputs[again.rows]))
                 for way, outputs in known.items()}
    first, second = sorted(distances, key=lambda way: distances[way])[:2]
    figures: dict[str, Value] = {
        f'distance_to_{way.replace(" ", "_")}_logits': round(distance, 6)
        for way, distance in distances.items()}
    shown = ', '.join(f'{distance:.3g} from {way}' for way, distance in distances.items())
    ways = 'the answers for a grey ramp and saturated patches'
    if distances[first] > _CLEAR * distances[second]:
        return Finding('colours', name, Verdict.WRONG,
                       f'neither: {ways} agree with no stored outputs (distance in logits: '
                       f'{shown}), expected those for full range; likely cause: another fault, '
                       f'see the stored pictures', figures)
    if first == _FULL:
        return Finding('colours', name, Verdict.GOOD,
                       f'full range: {ways} agree with the stored outputs for full range '
                       f'(distance in logits: {shown})', figures)
    return Finding('colours', name, Verdict.WRONG,
                   f'{first}: {ways} agree with the stored outputs for {first} (distance in '
                   f'logits: {shown}), expected those for full range; likely cause: the engine '
                   f'reads NV12 otherwise than the model was compiled (full range, U before V)',
                   figures)
