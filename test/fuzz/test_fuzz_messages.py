# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Serialised messages through the code of the node: from DDS bytes to NV12 and header."""

from helpers.fuzz_pictures import JPEGS
from helpers.fuzzing import cases, damaged
from hypothesis import given, strategies as st
import pytest

pytestmark = pytest.mark.slow

targets = pytest.importorskip('helpers.fuzz_messages', reason='needs ROS 2')
MESSAGES, work = targets.MESSAGES, targets.work


@pytest.mark.parametrize('input_type', MESSAGES)
def test_undamaged_messages_are_read(input_type):
    good = sum(work(input_type, message) for message in MESSAGES[input_type])
    assert good >= len(JPEGS)
    assert input_type != 'raw' or good == len(MESSAGES['raw'])


@pytest.mark.parametrize('input_type', MESSAGES)
@cases
@given(draw=st.data())
def test_a_damaged_message_is_refused_or_classified(input_type, draw):
    work(input_type, draw.draw(damaged(MESSAGES[input_type], near=80)))


@pytest.mark.parametrize('input_type', MESSAGES)
@cases
@given(junk=st.binary(max_size=200), head=st.sampled_from((b'', b'\0\1\0\0', b'\0\0\0\0')))
def test_junk_is_refused(input_type, junk, head):
    work(input_type, head + junk)
