# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Serialised camera messages are read as rclpy reads them, or refused."""

import struct

from edgenext_ros.core.frame import FrameError
from edgenext_ros.ros.serialised_images import read_compressed_image, read_image
from hypothesis import given, settings, strategies as st
import numpy as np
import pytest

HEADERS = {'<': b'\0\1\0\0', '>': b'\0\0\0\0'}
INT32, UINT32 = st.integers(-2**31, 2**31 - 1), st.integers(0, 2**32 - 1)
TEXT = st.text(max_size=20).map(lambda text: text.replace('\0', ''))
STAMPED = {'sec': ('i', INT32), 'nanosec': ('I', UINT32), 'frame_id': ('text', TEXT)}
DATA = {'data': ('bytes', st.binary(max_size=40))}
# The fields of each message in their order: format and strategy for values.
MESSAGES = {
    'Image': (read_image, {
        **STAMPED, 'height': ('I', UINT32), 'width': ('I', UINT32), 'encoding': ('text', TEXT),
        'is_bigendian': ('B', st.integers(0, 255)), 'step': ('I', UINT32), **DATA}),
    'CompressedImage': (read_compressed_image, {**STAMPED, 'format': ('text', TEXT), **DATA}),
}
EXAMPLES = {
    'Image': {'sec': 5, 'nanosec': 6, 'frame_id': 'camera', 'height': 2, 'width': 1,
              'encoding': 'mono8', 'is_bigendian': 0, 'step': 3, 'data': b'abcdef'},
    'CompressedImage': {'sec': 5, 'nanosec': 6, 'frame_id': 'camera', 'format': 'jpeg',
                        'data': b'abcdef'},
}
kinds = pytest.mark.parametrize('kind', MESSAGES)
orders = pytest.mark.parametrize('order', HEADERS)
# No deadline: on a busy machine the time of an example means nothing.
unhurried = settings(deadline=None)


def values_of(kind):
    return st.fixed_dictionaries({name: rule for name, (_, rule) in MESSAGES[kind][1].items()})


def encode(kind, values, order='<'):
    """Write a message in CDR according to the specification; text may be given as bytes."""
    out = bytearray()

    def number(code, value):
        out.extend(b'\xaa' * (-len(out) % struct.calcsize(code)))
        out.extend(struct.pack(order + code, value))

    for name, (how, _) in MESSAGES[kind][1].items():
        value = values[name]
        if how == 'text':
            value = value if isinstance(value, bytes) else value.encode() + b'\0'
        if isinstance(value, bytes):
            number('I', len(value))
            out.extend(value)
        else:
            number(how, value)
    return HEADERS[order] + bytes(out)


def read(kind, message):
    """Read a message into a dictionary with its data as bytes."""
    found = MESSAGES[kind][0](message)
    return {name: getattr(found, name) for name in MESSAGES[kind][1]} | {
        'data': found.data.tobytes()}


def from_ros(kind, message):
    """Deserialise with rclpy, into the same dictionary."""
    serialization = pytest.importorskip('rclpy.serialization')
    types = pytest.importorskip('sensor_msgs.msg')
    found = serialization.deserialize_message(message, getattr(types, kind))
    header = {'sec': found.header.stamp.sec, 'nanosec': found.header.stamp.nanosec,
              'frame_id': found.header.frame_id}
    return header | {name: getattr(found, name) for name in MESSAGES[kind][1]
                     if name not in header} | {'data': bytes(found.data)}


@kinds
@orders
@unhurried
@given(draw=st.data())
@pytest.mark.slow
def test_every_field_is_read_in_both_byte_orders(kind, order, draw):
    values = draw.draw(values_of(kind))
    message = encode(kind, values, order)
    assert read(kind, message) == values
    assert read(kind, message + b'\xaa' * 3) == values, 'DDS pads messages'
    data = MESSAGES[kind][0](message).data
    assert not data.flags.writeable
    assert data.size == 0 or np.shares_memory(data, np.frombuffer(message, np.uint8))


@kinds
@unhurried
@given(draw=st.data())
def test_serialised_image_is_read_as_rclpy_reads_it(kind, draw):
    serialization = pytest.importorskip('rclpy.serialization')
    types = pytest.importorskip('sensor_msgs.msg')
    values = draw.draw(values_of(kind))
    message = getattr(types, kind)()
    for name, value in values.items():
        owner = message.header.stamp if name in ('sec', 'nanosec') else \
            message.header if name == 'frame_id' else message
        setattr(owner, name, value)
    written = serialization.serialize_message(message)
    assert read(kind, written) == from_ros(kind, written) == values
    assert from_ros(kind, encode(kind, values)) == values, 'the encoder of these tests is right'


@unhurried
@given(frame_id=st.binary(max_size=12), encoding=st.binary(max_size=12))
def test_invalid_utf8_is_read_as_rclpy_reads_it(frame_id, encoding):
    values = {**EXAMPLES['Image'], 'frame_id': frame_id + b'\0', 'encoding': encoding + b'\0'}
    message = encode('Image', values)
    assert read('Image', message) == from_ros('Image', message)


@pytest.mark.parametrize('written,text', [
    (b'', ''), (b'\0', ''), (b'a\0b\0', 'a'), (b'\0\0', ''),
    (b'fr\xc3\xb6nt\0', 'fr\u00f6nt'), (b'fr\xffnt\0', 'fr\ufffdnt'), (b'\xe2\x82\0', '\ufffd'),
    (b'\xed\xa0\x80\0', 3 * '\ufffd')])
def test_strings_end_at_their_nul(written, text):
    message = encode('Image', {**EXAMPLES['Image'], 'frame_id': written})
    assert read('Image', message) == {**EXAMPLES['Image'], 'frame_id': text}


@kinds
@orders
@unhurried
@given(draw=st.data())
@pytest.mark.slow
def test_truncated_serialised_image_is_refused(kind, order, draw):
    message = encode(kind, draw.draw(values_of(kind)), order)
    for length in range(len(message)):
        with pytest.raises(FrameError, match=f'^serialised {kind}') as caught:
            MESSAGES[kind][0](message[:length])
        assert '\n' not in str(caught.value)


def hostile(name, code, value):
    """Write a wrong length for a field."""
    message = encode('Image', EXAMPLES['Image'])
    place = {'frame_id': 12, 'encoding': 32, 'data': 48}[name]
    assert struct.unpack_from('<I', message, place)[0] in (6, 7)
    return message[:place] + struct.pack(code, value) + message[place + 4:]


@pytest.mark.parametrize('message,reason', [
    (b'', '4 bytes for plain CDR, 00 00 or 00 01 and two more, found nothing'),
    (b'\0', 'found 00'), (b'\0\1\0', 'found 00 01 00'), (b'\0\1\0\0', '8 bytes of stamp'),
    (b'\0\2\0\0', 'found 00 02 00 00'), (b'\0\3\0\0' + bytes(60), 'found 00 03'),
    (b'\0\7\0\0' + bytes(60), 'found 00 07'), (b'\1\1\0\0' + bytes(60), 'found 01 01'),
    (hostile('frame_id', '<I', 2**32 - 1), 'expected 4294967295 bytes of frame_id at byte 16'),
    (hostile('frame_id', '>I', 7), 'bytes of frame_id at byte 16, found 42'),
    (hostile('encoding', '<I', 2**31), 'expected 2147483648 bytes of encoding at byte 36'),
    (hostile('encoding', '<I', 5), 'expected a NUL at the end of encoding (5 bytes), found 38'),
    (hostile('data', '<I', 7), 'expected 7 bytes of data at byte 52, found 6'),
    (hostile('data', '<I', 2**32 - 1), 'expected 4294967295 bytes of data at byte 52, found 6'),
], ids=str)
def test_hostile_messages_are_refused(message, reason):
    with pytest.raises(FrameError) as caught:
        read_image(message)
    assert reason in str(caught.value)


@kinds
@unhurried
@given(draw=st.data())
@pytest.mark.slow
def test_damaged_serialised_image_raises_only_frame_error(kind, draw):
    junk = draw.draw(st.binary(max_size=80))
    flipped = bytearray(encode(kind, draw.draw(values_of(kind))))
    for place, mask in draw.draw(st.lists(st.tuples(
            st.integers(0, len(flipped) - 1), st.integers(1, 255)), max_size=4)):
        flipped[place] ^= mask
    for message in (junk, b'\0\1\0\0' + junk, b'\0\0\0\0' + junk, bytes(flipped)):
        try:
            found = MESSAGES[kind][0](message)
        except FrameError:
            continue
        assert found.data.tobytes() in message
