# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Nonstandard images of real drivers: read with one note in the log, or refused."""

from array import array
import sys
from types import SimpleNamespace

import cv2
from edgenext_ros.core.encode import encode, to_bgr
from edgenext_ros.core.frame import FrameError
from edgenext_ros.ros import messages
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image


def answer(found):
    return [(result.hypothesis.class_id if hasattr(result, 'hypothesis') else result.class_id,
             round(result.score, 4)) for result in found.results]


def compressed(suffix, picture, picture_format):
    return CompressedImage(format=picture_format,
                           data=array('B', cv2.imencode(suffix, picture)[1].tobytes()))


def test_nonstandard_raw_images_are_read_with_one_note(ros, classifier, make_image, photograph):
    process, results, camera = classifier()
    jpeg = cv2.imencode('.jpg', photograph, [cv2.IMWRITE_JPEG_QUALITY, 100])[1]
    expected = {source: answer(ros.ask(camera, make_image(source), results))
                for source in ('bgr8', 'nv12', 'nv21', 'nv24', 'mono8', 'bgra8')}
    for source, changes, note in (
            ('nv12', {'step': 480}, 'step 480 is size / height, a row has 320 bytes'),
            ('nv21', {'step': 0}, 'step 0 is ignored, a row has 320 bytes'),
            ('nv24', {'height': 720}, 'height 720 counts the rows of chroma, the picture has 240'),
            ('bgr8', {'encoding': '8UC3'}, "encoding '8UC3' is taken as bgr8"),
            ('mono8', {'encoding': '8UC1'}, "encoding '8UC1' is taken as mono8"),
            ('bgra8', {'encoding': '8UC4'}, "encoding '8UC4' is taken as bgra8"),
            ('bgr8', {'step': 320}, 'step 320 is ignored, a row has 960 bytes')):
        for _ in range(2):
            assert answer(ros.ask(camera, make_image(source, **changes), results)) \
                == expected[source]
        assert process.output.count(f'images of /image: {note}') == 1
    of_jpeg = answer(ros.ask(camera, make_image(
        encoding='mjpeg', step=0, data=array('B', jpeg.tobytes())), results))
    assert of_jpeg[0][0] == expected['bgr8'][0][0]
    note = "encoding 'mjpeg' is a picture file, which is decoded"
    ros.wait(lambda: note in process.output, what='the note')


def test_low_mono16_values_give_one_warning(ros, classifier, make_image):
    process, results, camera = classifier()
    grey = make_image('mono16')
    values = (np.frombuffer(grey.data, '<u2') >> 6).astype('<u2')
    for _ in range(40):
        dark = make_image('mono16', data=array('B', values.tobytes()))
        ros.ask(camera, dark, results)
    warning = 'images of /image: 16-bit values stay below 1024 of 65535'
    assert process.output.count(warning) == 1


def test_image_transport_formats_are_read_or_refused(ros, classifier, photograph):
    process, results, camera = classifier(input_type='compressed')
    mosaic = encode(photograph, 'bayer_rggb8')
    stamps = iter(range(1, 99))

    def stamped(message):
        message.header.stamp.sec = next(stamps)
        return message

    shown = answer(ros.ask(camera, stamped(compressed('.png', to_bgr(mosaic), 'png')), results))
    raw = mosaic.data.reshape(mosaic.height, mosaic.width)
    assert answer(ros.ask(camera, stamped(
        compressed('.png', raw, 'bayer_rggb8; png compressed ')), results)) == shown
    depth = np.full((48, 64), 1200, np.uint16)
    for picture_format in ('16UC1; png compressed ', '16UC1; compressedDepth'):
        camera.publish(stamped(compressed('.png', depth, picture_format)))
        ros.wait(lambda text=f'format {picture_format!r} is ': text in process.output,
                 what='the refusal of depth')
    assert process.output.count('give the topic of the colour camera') == 2


class CvBridge:
    """Stand-in for cv_bridge's Python part with NumPy 2, which raises on big-endian messages."""

    def encoding_to_dtype_with_channels(self, encoding):
        return 'uint16', 3

    def imgmsg_to_cv2(self, message, desired_encoding):
        if message.is_bigendian:
            raise AttributeError('`newbyteorder` was removed from the ndarray class')
        values = np.frombuffer(message.data, '<u2').reshape(message.height, message.width, 3)
        return (values >> 8).astype(np.uint8)


@pytest.mark.parametrize('order', ['<', '>'])
def test_cv_bridge_gets_little_endian_values(order, photograph, monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', SimpleNamespace(CvBridge=CvBridge))
    data = (photograph.astype(np.uint16) * 257 & 0xFF00 | 7).astype(f'{order}u2').tobytes()
    height, width = photograph.shape[:2]
    frame = messages.frame_from_image(Image(
        encoding='16UC3', height=height, width=width, step=width * 6, is_bigendian=order == '>',
        data=array('B', data)))
    assert (frame.data.reshape(photograph.shape) == photograph).all()


@pytest.mark.parametrize('order', ['<', '>'])
@pytest.mark.parametrize('encoding', ['bgr8', 'rgb8', 'bgra8', 'rgba8', 'bayer_rggb8',
                                      'bayer_gbrg8'])
def test_16_bit_images_are_reduced_to_high_bytes_without_cv_bridge(
        encoding, order, photograph, monkeypatch):
    monkeypatch.setitem(sys.modules, 'cv_bridge', None)
    expected = encode(photograph, encoding)
    wide = expected.data.reshape(expected.height, -1).astype(f'{order}u2') << 8 | 9
    rows = np.pad(wide.astype(f'{order}u2').view(np.uint8), ((0, 0), (0, 12)))
    frame = messages.frame_from_image(Image(
        encoding=f'{encoding[:-1]}16', height=expected.height, width=expected.width,
        step=rows.shape[1], is_bigendian=order == '>', data=array('B', rows.tobytes())))
    assert (frame.encoding, frame.of_16_bits) == (encoding, True)
    assert (frame.data == expected.data).all()


@pytest.mark.parametrize('encoding', ['bgr16', 'BGR16', 'bayer_rggb16', 'mono16'])
def test_16_bit_image_of_wrong_size_is_refused(encoding):
    with pytest.raises(FrameError, match=r'16 8x4: data is truncated: expected \d+ bytes .*, '
                                         'found 16$'):
        messages.frame_from_image(Image(
            encoding=encoding, height=4, width=8, step=64, data=array('B', bytes(16))))


@pytest.mark.parametrize('encoding', ['jpeg', 'JPEG', 'mjpeg', 'jpg', 'png'])
@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_image_with_a_picture_file_is_decoded(encoding, suffix, photograph):
    message = Image(encoding=encoding, height=1080, width=1920, step=0, data=array(
        'B', cv2.imencode(suffix, photograph)[1].tobytes()))
    frame = messages.frame_from_image(message, enough=lambda width, height: width >= 80)
    assert frame.width == (80 if suffix == '.jpg' else photograph.shape[1])
    assert frame.note == f'encoding {encoding!r} is a picture file, which is decoded'


def test_image_with_a_truncated_file_is_refused(photograph):
    data = cv2.imencode('.jpg', photograph)[1].tobytes()[:2000]
    with pytest.raises(FrameError, match='no end marker'):
        messages.frame_from_image(Image(encoding='jpeg', data=array('B', data)))
