# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Whether each engine gives the right answers: those of the vendor's simulator, which are stored.

An engine that reads ``.bin`` files runs ``demo.bin``; ONNX Runtime runs ``demo.onnx`` and is
compared with stored outputs of ONNX Runtime.
"""

from __future__ import annotations

from collections.abc import Iterator

from edgenext_ros.selftest.finding import Conditions, Finding
from edgenext_ros.selftest.picture_checks import (
    check_row,
    check_sizes,
    check_stored,
    check_threads,
    FULL_EFFORT,
    QUICK_EFFORT,
)
from edgenext_ros.selftest.under_test import NotTestableError, opened


def check(conditions: Conditions) -> Iterator[Finding]:
    """Yield the findings about each engine of the conditions."""
    for name in conditions.engines:
        try:
            yield from _check_engine(name, conditions)
        except NotTestableError as error:
            yield Finding('right', f'{name}: stored pictures', error.verdict, str(error),
                          {'opens': False})


def _check_engine(name: str, conditions: Conditions) -> Iterator[Finding]:
    effort = QUICK_EFFORT if conditions.quick else FULL_EFFORT
    conditions.progress(f'{name}: stored pictures')
    with opened(name) as tested:
        finding, expected = check_stored(tested, effort)
        yield finding
        if expected is None:
            return
        conditions.progress(f'{name}: up to {effort.row} pictures in a row')
        row = check_row(tested, effort, expected)
        yield row
        conditions.progress(f'{name}: two threads')
        yield check_threads(tested, effort, expected, alone=row.verdict)
        conditions.progress(f'{name}: wrong sizes')
        yield check_sizes(tested, expected, alone=row.verdict)
