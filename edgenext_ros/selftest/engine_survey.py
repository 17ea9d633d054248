# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Part ``engines`` of the self-test: which engines load here, and why not the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from edgenext_ros.selftest.finding import Conditions, Finding, Verdict

SURVEY = 'engines'
_BPU = ('libdnn', 'hbm_runtime', 'hobot_dnn')
_LOADS = ': loads'


def check(conditions: Conditions, root: Path = Path('/')) -> Iterator[Finding]:
    """
    Yield a finding for each engine of ``conditions``, whether it loads or not.

    :param conditions: how the self-test was asked to run.
    :param root: folder with ``dev``.
    """
    from edgenext_ros.engines.select import probe

    board = any((root / 'dev').glob('bpu*'))
    for name in conditions.engines:
        conditions.progress(f'{name}: loads its library')
        found = probe(name)
        verdict = Verdict.GOOD if found.usable else Verdict.UNTESTED
        needless = board and not found.usable and name not in _BPU
        yield Finding(SURVEY, f'{name}{_LOADS}', verdict, (
            f'not needed on a board: {found.detail}' if needless else found.detail))


def loaded(findings: Iterable[Finding]) -> tuple[str, ...]:
    """Return the names of the engines that load, by the findings of ``check``."""
    return tuple(found.name.removesuffix(_LOADS) for found in findings
                 if found.part == SURVEY and found.verdict is Verdict.GOOD
                 and found.name.endswith(_LOADS))


def judge_board(engines: tuple[str, ...], root: Path = Path('/')) -> Iterator[Finding]:
    """
    Yield a finding if this machine has a BPU and no engine that uses it.

    :param engines: those that load.
    :param root: folder with ``dev``.
    """
    devices = sorted(path.name for path in (root / 'dev').glob('bpu*'))
    if devices and not set(_BPU) & set(engines):
        yield Finding(SURVEY, 'BPU: an engine uses it', Verdict.WRONG, (
            f'This machine has a BPU (/dev/{devices[0]}), but expected one of {", ".join(_BPU)} '
            'to load, and none does; each engine has its reason. The likely cause is a missing '
            'package hobot-dnn or hobot-spdev, or another Python than that of the system.'),
            {'bpu_devices': len(devices)})
