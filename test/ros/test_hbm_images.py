# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Serialised images of hbm_img_msgs are read as rclpy reads them, or refused."""

import struct

import cv2
from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import ENCODINGS, FrameError
from edgenext_ros.ros.loaded_model import LoadedModel
from edgenext_ros.ros.messages import INPUT_TYPES
from edgenext_ros.ros.serialised_images import (
    read_hbm_image,
    read_hbm_stamp,
    read_image,
    write_image,
)
from edgenext_ros.ros.settings import ClassifierSettings
from helpers.hbm_images import hbm_image, NEEDS_HBM, of_frame, ROOM
import numpy as np
import pytest

HBMEM, COMPRESSED = INPUT_TYPES['hbmem'], INPUT_TYPES['compressed']
SMALL = bytes(range(24))
DATA = 44
"""Position of the field data in a serialised message."""


@pytest.mark.parametrize('size', ROOM)
def test_image_is_read_as_rclpy_reads_it(size):
    messages = pytest.importorskip('hbm_img_msgs.msg', reason=NEEDS_HBM)
    from rclpy.serialization import deserialize_message, serialize_message
    kind = getattr(messages, f'HbmMsg{size}')
    assert ROOM[size] == kind.MAX_SIZE
    message = hbm_image(SMALL, 'bgr8', 4, 2, sec=-7, nanosec=8, index=-9, room=ROOM[size])
    theirs = deserialize_message(message, kind)
    assert serialize_message(theirs) == message, 'the writer of these tests is right'
    found = read_hbm_image(message)
    assert (found.sec, found.nanosec) == (theirs.time_stamp.sec, theirs.time_stamp.nanosec)
    assert (found.width, found.height) == (theirs.width, theirs.height) == (4, 2)
    assert (theirs.step, found.step) == (4, 12), 'TROS gives the width'
    assert found.encoding == bytes(theirs.encoding).partition(b'\0')[0].decode() == 'bgr8'
    assert found.data.tobytes() == bytes(theirs.data[:theirs.data_size]) == SMALL
    assert found.frame_id == '' and not found.is_bigendian


@pytest.mark.parametrize('order', '<>')
def test_fields_are_read_in_both_byte_orders_and_data_is_a_view(order):
    message = hbm_image(SMALL, 'rgb8', 4, 2, sec=2 ** 31 - 1, nanosec=5, order=order, room=100)
    found = read_hbm_image(message)
    assert (found.sec, found.nanosec, found.width, found.height) == (2 ** 31 - 1, 5, 4, 2)
    assert read_hbm_stamp(message) == ((2 ** 31 - 1) * 10 ** 9 + 5, '')
    assert found.layout == '4x2 rgb8'
    assert found.data.tobytes() == SMALL and not found.data.flags.writeable
    assert np.shares_memory(found.data, np.frombuffer(message, np.uint8))


@pytest.fixture(scope='module')
def classify():
    """Return a function that classifies a frame with the bundled model."""
    model = LoadedModel.open(ClassifierSettings(runtime='onnx'))
    yield lambda frame: model.classifier.classify(frame, top_k=100, threshold=0.0).prediction
    model.engine.close()


@pytest.mark.parametrize('step', [None, 0, 2 ** 32 - 1], ids=['width', 'zero', 'junk'])
@pytest.mark.parametrize('encoding', ENCODINGS)
def test_scores_are_those_of_an_image_of_the_same_picture(classify, photograph, encoding, step):
    made = encode(photograph, encoding)
    image = read_image(write_image(made, sec=5, nanosec=6, frame_id='camera'))
    shared = read_hbm_image(of_frame(made, room=ROOM['1080P'], step=step))
    frames = [INPUT_TYPES['raw'].frame(image), HBMEM.frame(shared)]
    assert frames[0].note == frames[1].note
    first, second = map(classify, frames)
    assert len(first) == 100
    assert (first.class_ids, first.scores) == (second.class_ids, second.scores)


@pytest.mark.parametrize('encoding', ['jpeg', 'JPEG', 'mjpeg', 'png'])
def test_scores_are_those_of_a_compressed_image_of_the_same_file(classify, photograph, encoding):
    _, file = cv2.imencode('.png' if encoding == 'png' else '.jpg', photograph)
    height, width = photograph.shape[:2]
    shared = read_hbm_image(hbm_image(file.tobytes(), encoding, width, height,
                                      room=ROOM['480P']))
    assert shared.data.size == file.size
    fields = [b'camera\0\0', b'jpeg\0\0\0\0', file.tobytes()]
    message = b'\0\1\0\0' + struct.pack('<iI', 5, 6) + b''.join(
        struct.pack('<I', len(field)) + field for field in fields)
    first, second = (classify(source.frame(source.read(image), enough=lambda *_: False))
                     for source, image in ((COMPRESSED, message), (HBMEM, of_file(file))))
    assert (first.class_ids, first.scores) == (second.class_ids, second.scores)


def of_file(file):
    return hbm_image(file.tobytes(), 'jpeg', 1, 1, room=ROOM['480P'])


@pytest.mark.parametrize('message,reason', [
    (b'', 'serialised HbmMsg: expected a header of 4 bytes for plain CDR'),
    (hbm_image(SMALL, 'bgr8', 4, 2)[:11], 'expected 8 bytes of time_stamp at byte 8, found 3'),
    (hbm_image(SMALL, 'bgr8', 4, 2)[:20], 'width, data_size and step at byte 16, found 4'),
    (hbm_image(SMALL, 'bgr8', 4, 2)[:40], 'expected 12 bytes of encoding at byte 32, found 8'),
    (hbm_image(SMALL, 'bgr8', 4, 2)[:-1], 'expected 24 bytes of data (data_size) at byte 44, '
                                          'found 23'),
    (hbm_image(SMALL, 'bgr8', 4, 2, size=2 ** 32 - 1, room=1000),
     'expected 4294967295 bytes of data (data_size) at byte 44, found 1000'),
    (hbm_image(SMALL, b'bayer_rggb16', 4, 2),
     "expected a NUL in the 12 bytes of encoding, found b'bayer_rggb16'"),
    (hbm_image(SMALL, b'\xff\n' * 6, 4, 2), 'expected a NUL in the 12 bytes of encoding, found'),
    (hbm_image(SMALL, '', 4, 2), "encoding '' is not supported"),
    (hbm_image(SMALL, b'\xff\xff' + bytes(10), 4, 2), 'is not supported'),
    (hbm_image(SMALL, 'bgr8', 4, 0), 'bgr8 4x0: width and height must be at least 1'),
    (hbm_image(SMALL, 'bgr8', 2 ** 32 - 1, 2 ** 32 - 1), 'must be at most 32767'),
    (hbm_image(SMALL, 'bgr8', 32767, 32767), 'data is truncated: expected 3221028867 bytes'),
    (hbm_image(SMALL, 'bgr8', 4, 2, size=0), 'data is truncated: expected 24 bytes'),
    (hbm_image(SMALL, 'bgr8', 4, 2, size=23), 'data is truncated: expected 24 bytes'),
    (hbm_image(SMALL, 'bgr8', 2, 2), 'data is oversized: expected 12 bytes'),
    (hbm_image(SMALL, 'nv12', 3, 2), 'nv12 3x2: width must be even'),
    (hbm_image(b'', 'jpeg', 4, 2), 'compressed picture: no data'),
    (hbm_image(SMALL, 'jpeg', 4, 2), 'compressed picture of 24 bytes'),
    (hbm_image(SMALL, 'h264', 4, 2), "encoding 'h264' is not supported"),
], ids=lambda value: value if isinstance(value, str) else '')
def test_unusable_image_is_refused_in_a_sentence(message, reason):
    with pytest.raises(FrameError) as caught:
        HBMEM.frame(HBMEM.read(message))
    assert reason in str(caught.value)
    assert '\n' not in str(caught.value)


def test_bytes_behind_the_picture_are_not_looked_at(photograph):
    made = encode(photograph, 'nv12')
    message = bytearray(of_frame(made, room=ROOM['480P']))
    before = HBMEM.frame(HBMEM.read(bytes(message)))
    message[DATA + made.data.size:] = b'\xaa' * (len(message) - DATA - made.data.size)
    after = HBMEM.frame(HBMEM.read(bytes(message)))
    assert (before.data == after.data).all() and before.data.size == made.data.size
