# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Name each likely cause of what is wrong once, with what to do, above all findings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from edgenext_ros.choices import SIMULATOR
from edgenext_ros.selftest.colours import OTHER_FAULT
from edgenext_ros.selftest.engine_survey import loaded, SURVEY
from edgenext_ros.selftest.finding import Finding, Verdict
from edgenext_ros.selftest.run import ANSWER_PARTS


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
            if engine and found.part in ANSWER_PARTS and found.failure is None:
                answers.setdefault(engine, []).append(found)
            elif found.cause:
                others.setdefault(found.cause, []).append(found)
    return (*(_wrong_answers(engine, wrong, _instead(engine, findings, wrong_ones=answers))
              for engine, wrong in answers.items()),
            *(f'{_names(wrong)}: {cause}.' for cause, wrong in others.items()))


def _wrong_answers(engine: str, wrong: Sequence[Finding], instead: str) -> str:
    """
    Return what is wrong with the answers of an engine, and what to use in its place.

    :param engine: its name.
    :param wrong: the findings about its answers.
    :param instead: what to use, as the end of a sentence.
    """
    causes = dict.fromkeys(found.cause for found in wrong
                           if found.cause and found.cause != OTHER_FAULT)
    checks = ', '.join(found.engine_and_check[1] for found in wrong)
    missing = [_is_missing(found) for found in wrong]
    how = 'missing' if all(missing) else \
        'wrong or missing' if any(missing) or any(
            found.figures.get('failed') for found in wrong) else 'wrong'
    return (f'The answers of {engine} are {how} ({checks}): '
            f'{"; ".join(causes) or wrong[0].text.rstrip(".")}. Do not use {engine} on this '
            f'machine until that is mended; {instead}. Open an issue with this report.')


def _is_missing(found: Finding) -> bool:
    """Return whether a finding is about missing answers only."""
    figures = found.figures
    return figures.get('opens') is False or bool(
        figures.get('failed') and not figures.get('wrong') and not figures.get('different'))


def _instead(engine: str, findings: Sequence[Finding], *, wrong_ones: Collection[str]) -> str:
    """
    Return which engine to use in place of one with wrong answers, or why none.

    :param engine: the engine with wrong answers.
    :param findings: all findings.
    :param wrong_ones: the engines with wrong answers.
    """
    checked = {found.engine_and_check[0]: None for found in findings
               if found.part in ANSWER_PARTS and found.verdict is Verdict.GOOD}
    right = [name for name in checked
             if name and name not in wrong_ones and name != SIMULATOR]
    if right:
        held = [name for name in right if any(
            found.name == f'{name}: GIL' and found.figures.get('held') for found in findings)]
        return (f'use {" or ".join(right)}, whose answers are right (-p runtime:={right[0]})' + (
            f'; {" and ".join(held)} hold{"" if held[1:] else "s"} the GIL during each inference, '
            "which stops the node's other threads meanwhile" if held else ''))
    asked = {found.engine_and_check[0] for found in findings if found.part == SURVEY}
    others = {*loaded(findings), *checked, *wrong_ones} - {engine, SIMULATOR, ''}
    return 'no other engine here gave right answers' if others else (
        'no other engine for a robot loads here' if asked - {engine, ''}
        else 'no other engine was tested')


def _names(wrong: Sequence[Finding]) -> str:
    return ', '.join(found.name for found in wrong)
