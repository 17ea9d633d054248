# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Whether each engine reads NV12 as full range, as the bundled model was compiled.

A grey ramp and saturated patches are run. Their outputs differ by range, and by the order of the
chroma bytes; the stored outputs that are nearest tell how the engine reads the picture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from edgenext_ros.selftest.answers import MISREADING_CAUSES
from edgenext_ros.selftest.finding import Conditions, Finding, Value, Verdict
from edgenext_ros.selftest.reference import CLEARLY_NEARER, COLOUR_PICTURES
from edgenext_ros.selftest.under_test import EngineUnderTest, NotTestableError, opened
import numpy as np

_FULL = 'full range'
OTHER_FAULT: Final = 'another fault, see the stored pictures'
"""The likely cause if the answers are near to no known way of reading NV12."""


def check(conditions: Conditions) -> Iterator[Finding]:
    """Yield one finding about each engine of the conditions."""
    for name in conditions.engines:
        conditions.progress(f'{name}: grey ramp and saturated patches')
        try:
            with opened(name) as tested:
                yield _check_range(tested, runs=1 if conditions.quick else 2)
        except NotTestableError as error:
            yield Finding('colours', f'{name}: range of NV12', error.verdict, str(error),
                          {'opens': False})


def _check_range(tested: EngineUnderTest, *, runs: int) -> Finding:
    reference = tested.reference
    answers = tested.run(reference.index(name) for name in COLOUR_PICTURES for _ in range(runs))
    # The first answers are left out, so that a stale picture is not taken for another range.
    again = answers.repeats() if runs > 1 else answers
    name = f'{tested.name}: range of NV12'
    if not again.given:
        return Finding('colours', name, Verdict.WRONG,
                       f'no answer for {answers.count} pictures; the first error: '
                       f'{answers.errors[0]}', {'failed': answers.count})
    known = {_FULL: reference.outputs, **reference.misread_outputs}
    distances = {way: float(np.linalg.norm(again.scores - outputs[again.rows]))
                 for way, outputs in known.items()}
    first, second = sorted(distances, key=lambda way: distances[way])[:2]
    figures: dict[str, Value] = {
        f'distance_to_{way.replace(" ", "_")}_logits': round(distance, 6)
        for way, distance in distances.items()}
    shown = ', '.join(f'{distance:.3g} from {way}' for way, distance in distances.items())
    shown = f'Euclidean distance of all logits: {shown}'
    ways = 'the answers for a grey ramp and saturated patches'
    if distances[first] > CLEARLY_NEARER * distances[second]:
        return Finding('colours', name, Verdict.WRONG,
                       f'neither: {ways} are clearly nearest to no stored outputs '
                       f'({shown}), expected those for full range', figures, OTHER_FAULT)
    if first == _FULL:
        return Finding('colours', name, Verdict.GOOD,
                       f'full range: {ways} are nearest to the stored outputs for full '
                       f'range ({shown})', figures)
    return Finding('colours', name, Verdict.WRONG,
                   f'{first}: {ways} are nearest to the stored outputs for {first} '
                   f'({shown}), expected those for full range', figures,
                   MISREADING_CAUSES[first])
