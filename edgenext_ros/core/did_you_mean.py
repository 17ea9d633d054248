# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Propose the known name that is most similar to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of an error, such as ``; did you mean 'bgr8'?``; empty if none is similar."""
    near = most_similar(name, known)
    return f'; did you mean {near!r}?' if near else ''


def most_similar(name: str, known: Iterable[str]) -> str:
    """Return the most similar name, in any case of letters; empty if none is similar."""
    by_lower_case = {entry.lower(): entry for entry in known}
    near = get_close_matches(name.lower(), by_lower_case, 1)
    return by_lower_case[near[0]] if near else ''
