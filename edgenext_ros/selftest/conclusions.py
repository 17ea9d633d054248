# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Name each likely cause of what is wrong once, with what to do, above all findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edgenext_ros.selftest.colours import OTHER_FAULT
from edgenext_ros.selftest.finding import Finding, Verdict
from edgenext_ros.selftest.part_process import COMPLETES, CRASHES, HANGS
from edgenext_ros.selftest.run import ANSWER_PARTS

_NOT_FOR_ROBOTS = ('simulator',)


def conclusions(findings: Iterable[Finding]) -> tuple[str, ...]:
    """
    Return one text for each engine with wrong answers, and for each other likely cause.

    Other findings without a likely cause are left out.
    """
    findings = tuple(findings)
    answers: dict[str, list[Finding]] = {}
    others: dict[str, list[Finding]] = {}
    for found in findings:
        if found.verdict is Verdict.WRONG:
            engine = found.engine_and_check[0]
            if engine and found.part in ANSWER_PARTS and not found.name.endswith(
                    (COMPLETES, CRASHES, HANGS)):
                answers.setdefault(engine, []).append(found)
            elif found.cause:
                others.setdefault(found.cause, []).append(found)
    right = [name for name in dict.fromkeys(
        found.engine_and_check[0] for found in findings
        if found.part in ANSWER_PARTS and found.verdict is Verdict.GOOD)
        if name and name not in answers and name not in _NOT_FOR_ROBOTS]
    return (*(_wrong_answers(engine, wrong, right) for engine, wrong in answers.items()),
            *(f'{_names(wrong)}: {cause}.' for cause, wrong in others.items()))


def _wrong_answers(engine: str, wrong: Sequence[Finding], right: Sequence[str]) -> str:
    """
    Return what is wrong with the answers of an engine, and what to use in its place.

    :param engine: its name.
    :param wrong: the findings about its answers.
    :param right: names of the engines whose answers are right.
    """
    causes = dict.fromkeys(found.cause for found in wrong
                           if found.cause and found.cause != OTHER_FAULT)
    checks = ', '.join(found.engine_and_check[1] for found in wrong)
    instead = (f'use {" or ".join(right)}, whose answers are right (parameter runtime)'
               if right else 'no other engine here has right answers')
    return (f'The answers of {engine} are wrong or missing ({checks}): '
            f'{"; ".join(causes) or wrong[0].text.rstrip(".")}. Do not use {engine} on this '
            f'machine until that is mended; {instead}. Open an issue with this report.')


def _names(wrong: Sequence[Finding]) -> str:
    return ', '.join(found.name for found in wrong)
