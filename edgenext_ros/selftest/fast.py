# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The part ``fast`` of the self-test: inference, processor, and the node over DDS."""

from __future__ import annotations

from collections.abc import Iterator

from edgenext_ros.selftest import fast_host, fast_inference, fast_node
from edgenext_ros.selftest.finding import Conditions, Finding


def check(conditions: Conditions) -> Iterator[Finding]:
    """Yield what each measurement finds, when it is known; three minutes at most."""
    yield from fast_inference.check(conditions)
    yield from fast_host.check(conditions)
    yield from fast_node.check(conditions)
