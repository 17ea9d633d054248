# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Yield nothing: the checks of this part are not written yet."""

from __future__ import annotations

from collections.abc import Iterator

from edgenext_ros.selftest.finding import Conditions, Finding


def check(conditions: Conditions) -> Iterator[Finding]:
    """Yield the findings of this part."""
    yield from ()
