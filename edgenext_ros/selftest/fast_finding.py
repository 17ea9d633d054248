# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A finding of the part ``fast``."""

from __future__ import annotations

from collections.abc import Mapping

from edgenext_ros.selftest.finding import Finding, Value, Verdict


def fast_finding(name: str, verdict: Verdict, text: str,
                 figures: Mapping[str, Value] | None = None, *, cause: str = '') -> Finding:
    """
    Return a finding of the part ``fast``.

    :param name: what was checked.
    :param verdict: the verdict.
    :param text: the sentence, without capital letter and full stop, which are added.
    :param figures: the figures behind it.
    :param cause: the likely cause, if one is known.
    """
    return Finding('fast', name, verdict, f'{text[:1].upper()}{text[1:].rstrip(".")}.',
                   figures or {}, cause)
