# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Run the parts of the self-test in their order, and judge the whole."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import replace
from typing import Final

from edgenext_ros.selftest import engine_survey
from edgenext_ros.selftest.finding import Conditions, Failure, Finding, Verdict
from edgenext_ros.selftest.part_process import findings, SelfTestPart

SELFTEST_PARTS: Final = (
    SelfTestPart('machine', 'edgenext_ros.selftest.machine'),
    SelfTestPart('engines', 'edgenext_ros.selftest.engine_survey', per_engine=True),
    SelfTestPart('right', 'edgenext_ros.selftest.right', per_engine=True),
    SelfTestPart('fast', 'edgenext_ros.selftest.fast_inference', per_engine=True),
    SelfTestPart('fast', 'edgenext_ros.selftest.fast_host', subject='the conversion'),
    SelfTestPart('fast', 'edgenext_ros.selftest.fast_node', subject='the node'),
    SelfTestPart('colours', 'edgenext_ros.selftest.colours', per_engine=True))
"""The parts in the order in which they run; those of one name follow each other."""
ANSWER_PARTS: Final = ('right', 'colours')
"""Names of the parts that check the answers of engines."""
SILENCE_S: Final = 120.0
"""Seconds without progress or finding after which a part counts as hung."""


def run(asked: Conditions, parts: Iterable[SelfTestPart], *, silence_s: float = SILENCE_S,
        begin: Callable[[str], None] = lambda name: None) -> Generator[Finding, None, None]:
    """
    Run the parts, and yield each finding when it is known.

    An engine that crashes or hangs is left out of the parts after that, whose other checks it
    would end too.

    :param asked: the conditions, with the names of all engines that are to be tried; the parts
        after ``engines`` get those that load.
    :param parts: the parts in their order.
    :param silence_s: seconds without progress or finding after which a part counts as hung.
    :param begin: called with each name of parts before the first of them runs.
    """
    conditions = asked
    broken: set[str] = set()
    wrong: dict[str, None] = {}
    begun = ''
    for part in parts:
        if part.name != begun:
            begin(part.name)
            begun = part.name
        seen: dict[str, Finding] = {}
        for name in conditions.engines:
            if name in broken:
                yield Finding(part.name, f'{name}: checks', Verdict.UNTESTED, (
                    f'{name} crashed or hung earlier, so the checks that follow leave it out.'))
        conditions = replace(conditions, engines=tuple(
            name for name in conditions.engines if name not in broken), wrong=tuple(wrong))
        for engines in ([(name,) for name in conditions.engines] if part.per_engine
                        else [conditions.engines]):
            for found in findings(part, replace(conditions, engines=engines),
                                  silence_s=silence_s):
                seen[found.name] = found
                yield found
                engine = found.engine_and_check[0]
                if part.name in ANSWER_PARTS and found.verdict is Verdict.WRONG and engine:
                    wrong[engine] = None
                if part.per_engine and found.failure in (Failure.HANG, Failure.CRASH):
                    broken.update(engines)
        if part.name == engine_survey.SURVEY:
            conditions = replace(asked, engines=engine_survey.loaded(seen.values()))
            yield from engine_survey.judge_board(
                asked=asked.engines, loading=conditions.engines)


def exit_code(found: Iterable[Finding]) -> int:
    """Return 0 if all is well, 1 if something is wrong, 2 if no engine could be tested."""
    found = list(found)
    if any(finding.verdict is Verdict.WRONG for finding in found):
        return 1
    return 0 if tested(found) else 2


def tested(found: Iterable[Finding]) -> bool:
    """Return whether an engine's answers were checked."""
    return any(finding.part in ANSWER_PARTS
               and finding.verdict in (Verdict.GOOD, Verdict.WRONG) for finding in found)
