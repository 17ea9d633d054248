# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Convert serialised messages to NV12 like the node, and messages to damage; needs ROS."""

import struct

from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import ENCODINGS, FrameError
from edgenext_ros.ros import messages
from helpers.fuzz_pictures import CONVERTER, JPEGS, OTHERS
from helpers.hbm_images import hbm_image, of_frame
import numpy as np


def serialised(*fields, order='<'):
    """Write numbers (format, value) and byte strings as CDR."""
    out = bytearray()
    for field in fields:
        code, value = ('I', len(field)) if isinstance(field, bytes) else field
        out += bytes(-len(out) % struct.calcsize(code)) + struct.pack(order + code, value)
        out += field if isinstance(field, bytes) else b''
    return (b'\0\1\0\0' if order == '<' else b'\0\0\0\0') + bytes(out)


def header(frame_id=b'camera\0'):
    """Return the fields of a header."""
    return ('i', 5), ('I', 6), frame_id


def picture(encoding):
    """Return a small frame."""
    return encode(np.full((12, 8, 3), 90, np.uint8), encoding)


def raw(encoding, order):
    """Write an Image."""
    frame = picture(encoding)
    return serialised(
        *header(), ('I', frame.height), ('I', frame.width), encoding.encode() + b'\0', ('B', 0),
        ('I', frame.step), frame.data.tobytes(), order=order)


MESSAGES = {
    'raw': [raw(encoding, order) for encoding in ENCODINGS for order in '<>'],
    'compressed': [serialised(*header(), b'jpeg\0', file) for file in JPEGS + OTHERS],
    'hbmem': [*(of_frame(picture(encoding), order=order)
                for encoding in ENCODINGS for order in '<>'),
              *(hbm_image(file, 'jpeg', 8, 12, room=4096) for file in JPEGS + OTHERS)]}


def work(input_type, message):
    """Read and convert a message like the node; return whether it held a picture."""
    source = messages.INPUT_TYPES[input_type]
    try:
        picture = source.read(message)
        frame = source.frame(picture, enough=CONVERTER.covers)
    except FrameError as error:
        assert str(error)
        return False
    assert CONVERTER.convert(frame).size == 16 * 16 * 3 // 2
    assert messages.header_message(picture).frame_id == picture.frame_id
    return True
