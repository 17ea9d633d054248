# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Backoff: rests between tries."""

from edgenext_ros.core.backoff import Backoff
import pytest

RESTS = [0, 0.25, 0.5, 1, 2, 4, 8, 8, 8]


def test_rests_after_each_failure_in_a_row():
    now = [100.0]
    backoff = Backoff(clock=lambda: now[0])
    assert (backoff.failures, backoff.rest) == (0, 0)
    for number, rest in enumerate(RESTS, start=1):
        backoff.fail()
        assert (backoff.failures, backoff.rest) == (number, rest)
        now[0] += rest / 2
        assert backoff.rest == rest / 2
        now[0] += rest
        assert backoff.rest == 0


@pytest.mark.parametrize('failures', [1, 2, 5, 5000])
def test_success_resets_backoff(failures):
    backoff = Backoff(clock=lambda: 7.0)
    for _ in range(failures):
        backoff.fail()
    assert backoff.rest <= 8
    backoff.succeed()
    assert (backoff.failures, backoff.rest) == (0, 0)
    backoff.fail()
    assert backoff.rest == 0
