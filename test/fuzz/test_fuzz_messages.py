# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Serialised messages on the node's own way: bytes from DDS to NV12 and the result's header."""

import struct

from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import ENCODINGS, FrameError
from edgenext_ros.core.nv12 import Nv12Converter
from fuzzing import cases, damaged
from hypothesis import given, strategies as st
import numpy as np
import pytest
from test_fuzz_compressed import JPEGS, OTHERS

messages = pytest.importorskip('edgenext_ros.ros.messages', reason='needs ROS 2')

CONVERTER = Nv12Converter(width=16, height=16)


def serialised(*fields, order='<'):
    """Write numbers (format, value) and byte strings as CDR does."""
    out = bytearray()
    for field in fields:
        code, value = ('I', len(field)) if isinstance(field, bytes) else field
        out += bytes(-len(out) % struct.calcsize(code)) + struct.pack(order + code, value)
        out += field if isinstance(field, bytes) else b''
    return (b'\0\1\0\0' if order == '<' else b'\0\0\0\0') + bytes(out)


def header(frame_id=b'camera\0'):
    return ('i', 5), ('I', 6), frame_id


def raw(encoding, order):
    frame = encode(np.full((12, 8, 3), 90, np.uint8), encoding)
    return serialised(
        *header(), ('I', frame.height), ('I', frame.width), encoding.encode() + b'\0', ('B', 0),
        ('I', frame.step), frame.data.tobytes(), order=order)


MESSAGES = {
    'raw': [raw(encoding, order) for encoding in ENCODINGS for order in '<>'],
    'compressed': [serialised(*header(), b'jpeg\0', picture) for picture in JPEGS + OTHERS]}


def work(input_type, message):
    """Do as the node does; return whether there was a picture."""
    source = messages.INPUTS[input_type]
    try:
        picture = source.read(message)
        frame = source.frame(picture, enough=CONVERTER.covers)
    except FrameError as error:
        assert str(error)
        return False
    assert CONVERTER.convert(frame).size == 16 * 16 * 3 // 2
    assert messages.header_message(picture).frame_id == picture.frame_id
    return True


@pytest.mark.parametrize('input_type', MESSAGES)
def test_the_originals_are_good(input_type):
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
