# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Part ``engines`` of the self-test: which engines load here, and why not the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from edgenext_ros.choices import BPU_ENGINES
from edgenext_ros.selftest.finding import Conditions, Finding, Verdict
from edgenext_ros.selftest.sysfs import bpu_devices

SURVEY = 'engines'
_LOADS = ': loads'


def check(conditions: Conditions, root: Path = Path('/')) -> Iterator[Finding]:
    """
    Yield a finding for each engine of ``conditions``, whether it loads or not.

    :param conditions: how the self-test was asked to run.
    :param root: folder with ``dev``.
    """
    from edgenext_ros.engines.select import probe

    board = bool(bpu_devices(root))
    for name in conditions.engines:
        conditions.progress(f'{name}: loads its library')
        found = probe(name)
        verdict = Verdict.GOOD if found.usable else Verdict.UNTESTED
        needless = board and not found.usable and name not in BPU_ENGINES
        yield Finding(SURVEY, f'{name}{_LOADS}', verdict, (
            f'not needed on a board: {found.detail}' if needless else found.detail))


def loaded(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the names of the engines that load, by the findings of ``check``."""
    return tuple(found.name.removesuffix(_LOADS) for found in findings
                 if found.part == SURVEY and found.verdict is Verdict.GOOD
                 and found.name.endswith(_LOADS))


def judge_board(root: Path = Path('/'), *, asked: Collection[str],
                loading: Collection[str]) -> Iterator[Finding]:
    """
    Yield a finding if this machine has a BPU and no engine that uses it.

    :param root: folder with ``dev``.
    :param asked: names of the engines that were tried; one that was left out may use the BPU.
    :param loading: those of them that load.
    """
    devices = [path.name for path in bpu_devices(root)]
    users = set(BPU_ENGINES)
    if devices and users <= set(asked) and not users & set(loading):
        yield Finding(SURVEY, 'BPU: an engine uses it', Verdict.WRONG, (
            f'This machine has a BPU (/dev/{devices[0]}), but expected one of '
            f'{", ".join(BPU_ENGINES)} to load, and none does; each engine has its reason.'),
            {'bpu_devices': len(devices)}, 'a missing package hobot-dnn or hobot-spdev, or '
            'another Python than that of the system')
