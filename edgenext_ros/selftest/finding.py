# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
What the self-test finds: one verdict and one sentence per check.

A part of the self-test is a module with a function ``check(conditions)``, which yields findings as
they are known, so that an interruption keeps the earlier ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from edgenext_ros.choices import ENGINES

Value = float | int | str | bool | None
"""A figure or a word in a finding, as JSON has it."""


class Verdict(Enum):
    """Verdict of a check."""

    GOOD = 'good'
    """The check passed."""
    WRONG = 'wrong'
    """Something is wrong with this machine, engine or model."""
    MEASURED = 'measured'
    """A fact or a figure, without a limit to judge it by."""
    UNTESTED = 'untested'
    """A part for the check is missing here; the text says which."""


class Failure(Enum):
    """How the process of a part failed; the value is a verb, for the name of the finding."""

    HANG = 'hangs'
    CRASH = 'crashes'
    ERROR = 'stops early'
    """The check raised an exception."""


@dataclass(frozen=True)
class Finding:
    """The result of one check."""

    part: str
    """Part of the self-test, such as ``right``."""
    name: str
    """What was checked, such as ``libdnn: stored pictures``; unique in its part."""
    verdict: Verdict
    text: str
    """One sentence: what was found; for WRONG also what was expected."""
    figures: Mapping[str, Value] = field(default_factory=dict)
    """The figures behind the sentence, with their units in the keys, such as ``latency_ms``."""

    cause: str = ''
    """The likely cause, a clause without a full stop; empty if it is not known."""
    failure: Failure | None = None
    """How the process of the checks ended, if that is the finding."""

    @property
    def sentence(self) -> str:
        """The text with the likely cause, for readers."""
        if not self.cause:
            return self.text
        text = self.text.rstrip('.')
        return f'{text}; likely cause: {self.cause}{self.text[len(text):]}'

    @property
    def engine_and_check(self) -> tuple[str, str]:
        """The engine in the name, empty if it has none, and the rest of the name."""
        engine, separator, check = self.name.partition(': ')
        return (engine, check) if separator and engine in ENGINES else ('', self.name)


@dataclass(frozen=True)
class Explanation:
    """The likely cause of wrong answers."""

    shown_by: str
    """What shows it, a clause."""
    cause: str


@dataclass(frozen=True)
class Conditions:
    """How the self-test was asked to run."""

    engines: tuple[str, ...]
    """Names of the engines that load here, and that the checks use."""
    quick: bool = False
    """Take under a minute: fewer pictures, repetitions and encodings."""
    beside: bool = False
    """Measure the speed also beside a second process that uses the same engine."""
    wrong: tuple[str, ...] = ()
    """Those of the engines whose answers an earlier part found wrong."""
    progress: Callable[[str], None] = lambda text: None
    """Receives what a check does now, for the terminal."""
