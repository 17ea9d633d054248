# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Settings of fuzz tests, and damage to bytes.

``EDGENEXT_FUZZ_EXAMPLES=N`` tries N examples in each test, different ones in every run (pytest's
option ``--hypothesis-seed`` repeats a run). Without it, each run tries the same few examples.
"""

import os

from hypothesis import HealthCheck, settings, strategies as st

_EXAMPLES = os.environ.get('EDGENEXT_FUZZ_EXAMPLES', '')

cases = settings(
    max_examples=int(_EXAMPLES or 80), derandomize=not _EXAMPLES, deadline=None, database=None,
    print_blob=True, suppress_health_check=list(HealthCheck))
"""The settings of every fuzz test."""

_EDGES = (0, 1, 0x7F, 0x80, 0xFE, 0xFF)
_byte = st.one_of(st.sampled_from(_EDGES), st.integers(0, 255))


@st.composite
def damaged(draw, originals, *, near=None):
    """
    Draw one of some byte strings, damaged in up to six places.

    :param draw: Hypothesis' function.
    :param originals: byte strings to choose from.
    :param near: half of the damage begins within this many bytes, where headers are.
    """
    data = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, 6))):
        end = len(data) if near is None or draw(st.booleans()) else min(near, len(data))
        at = draw(st.integers(0, end))
        how = draw(st.sampled_from(('change', 'insert', 'cut', 'repeat', 'end', 'number')))
        if how == 'change':
            data[at:at + 1] = bytes([draw(_byte)])
        elif how == 'insert':
            data[at:at] = draw(st.binary(max_size=12))
        elif how == 'cut':
            del data[at:at + draw(st.integers(1, 40))]
        elif how == 'repeat':
            data[at:at] = data[at:at + draw(st.integers(1, 40))]
        elif how == 'end':
            del data[at:]
        else:  # a number such as a length, in either byte order
            value = draw(st.sampled_from((0, 1, 2**15, 2**16 - 1, 2**31, 2**32 - 1)))
            data[at:at + 4] = value.to_bytes(4, draw(st.sampled_from(('little', 'big'))))
    return bytes(data)
