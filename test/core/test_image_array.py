# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Arrays that are no pictures are refused in one sentence, which says how to convert them."""

from contextlib import nullcontext
from pathlib import Path

import cv2
from edgenext_ros.core.classifier import Classifier
from edgenext_ros.core.encode import encode, to_bgr
from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.engines.base import infer
import numpy as np
import pytest

IMAGE = np.random.default_rng(4).integers(0, 256, (6, 8, 3), np.uint8)
GREY = IMAGE[..., 0]
BGRA = np.dstack([IMAGE, np.full((6, 8), 255, np.uint8)])
TO_FRAME = (Frame.from_image, lambda image: encode(image, 'nv12'))


class Photograph:
    """Looks like Pillow's type."""

    __module__ = 'PIL.Image'


def cure_of(message):
    """Evaluate the code in a message that says "convert it with CODE"."""
    code = message.partition('convert it with ')[2].partition(', if')[0]
    return lambda image: eval(code, {'image': image, 'np': np, 'cv2': cv2})


@pytest.mark.parametrize('make', TO_FRAME, ids=['from_image', 'encode'])
@pytest.mark.parametrize('image,found,exact', [
    ((IMAGE / 255).astype(np.float32), 'float32 (6, 8, 3)', True),
    (IMAGE / 255, 'float64 (6, 8, 3)', True),
    (IMAGE.astype(np.float32), 'float32 (6, 8, 3)', True),
    (IMAGE.astype(np.int64), 'int64 (6, 8, 3)', True),
    (IMAGE.astype(np.uint16) << 8, 'uint16 (6, 8, 3)', True),
    (IMAGE > 127, 'bool (6, 8, 3)', False),
    (IMAGE.transpose(2, 0, 1), 'uint8 (3, 6, 8)', True),
    (BGRA, 'uint8 (6, 8, 4)', True),
    (GREY, 'uint8 (6, 8)', False),
    (GREY[..., None], 'uint8 (6, 8, 1)', False),
], ids=lambda value: value if isinstance(value, str) else '')
def test_picture_of_another_type_or_shape_is_refused_with_a_cure_that_works(
        make, image, found, exact):
    with pytest.raises(FrameError) as caught:
        make(image)
    message = str(caught.value)
    assert message.startswith(
        f'expected uint8 of shape (height, width, 3), BGR, got {found}: convert it with ')
    cured = cure_of(message)(image)
    make(cured)
    if exact:  # 0.3 * 255 may be rounded down
        assert np.abs(cured.astype(int) - IMAGE).max() <= 1


@pytest.mark.parametrize('make', TO_FRAME, ids=['from_image', 'encode'])
@pytest.mark.parametrize('image,says', [
    (None, 'got None: cv2.imread returns None when the file does not'),
    (IMAGE[:0], r'got uint8 \(0, 8, 3\): it has no pixels'),
    (IMAGE[:, 9:], r'got uint8 \(6, 0, 3\): it has no pixels'),
    (IMAGE[None], r'got uint8 \(1, 6, 8, 3\): this is a batch of pictures; pass each image\[inde'),
    (IMAGE[0, 0], r'got uint8 \(3,\)$'), (IMAGE[..., :2], r'got uint8 \(6, 8, 2\)$'),
    ('cat.jpg', 'got str: expected a NumPy array'), (Path('cat.jpg'), 'got PosixPath: '),
    (Photograph(), r"got Photograph: np.asarray\(image.convert\('RGB'\)\) is a picture with enc"),
], ids=lambda value: value[:14] if isinstance(value, str) else '')
def test_what_is_no_picture_is_refused(make, image, says):
    with pytest.raises(FrameError, match=rf'^expected uint8 .*{says}') as caught:
        make(image)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('encoding,image,says', [
    ('mono8', IMAGE, r'^expected uint8 of shape \(height, width\), mono8, got uint8 \(6, 8, 3\): '
                     r'convert it with cv2.cvtColor\(image, cv2.COLOR_BGR2GRAY\), if it is BGR$'),
    ('rgb8', BGRA, r'\(height, width, 3\), RGB, got .*COLOR_RGBA2RGB\), if it is RGBA$'),
    ('BGRA8', IMAGE, r'\(height, width, 4\), BGRA, got uint8 \(6, 8, 3\)$'),
    ('mono16', GREY.astype(np.uint16), r"2\), mono16, got uint16 \(6, 8\): image.astype\('<u2'\)"),
    ('bgr16', IMAGE.astype(np.uint16), r"encoding 'bgr16' has 16 bits"),
    ('nonsense', IMAGE, "encoding 'nonsense' is not supported"),
])
def test_picture_is_compared_with_its_encoding(encoding, image, says):
    with pytest.raises(FrameError, match=says):
        Frame.from_image(image, encoding)


@pytest.mark.parametrize('encoding,image', [
    ('bgr8', IMAGE), ('rgb8', IMAGE[::-1, ::2]), ('bgra8', BGRA), ('8UC4', BGRA), ('mono8', GREY),
    ('mono8', GREY[..., None]), ('mono16', GREY.astype('<u2').view(np.uint8).reshape(6, 8, 2)),
    ('nv12', GREY), ('yuyv', IMAGE[..., :2]), ('bayer_rggb8', GREY)])
def test_picture_of_its_encodings_shape_is_a_frame(encoding, image):
    frame = Frame.from_image(image, encoding)
    assert frame.width == image.shape[1] and (frame.data == image.reshape(-1)).all()


@pytest.mark.parametrize('make', [
    lambda data: Frame('bgr8', 8, 6, 24, data),
    lambda data: Frame.from_high_bytes('bgr16', 4, 6, 24, data),
    Frame.from_compressed], ids=['frame', 'high_bytes', 'compressed'])
@pytest.mark.parametrize('data,says', [
    (IMAGE.reshape(-1).astype(np.float32),
     r'float32 \(144,\): data.view\(np.uint8\) has its bytes'),
    (IMAGE.tobytes(), r'bytes: np.frombuffer\(data, np.uint8\) makes it$'), (None, 'None$'),
    ('cat.jpg', 'str$')], ids=['float', 'bytes', 'none', 'path'])
def test_data_of_another_type_is_refused(make, data, says):
    with pytest.raises(FrameError, match=f': expected data as an array of uint8, got {says}'):
        make(data)


class Slot:
    """A slot of an engine with three classes."""

    picture = np.zeros(96, np.uint8)

    def run(self):
        return np.array([0, 5, 1], np.float32)

    def slot(self):
        return nullcontext(self)


@pytest.mark.parametrize('use', [
    Nv12Converter(width=8, height=8).convert, to_bgr,
    Classifier(slot=Slot().slot, converter=Nv12Converter(width=8, height=8)).classify],
    ids=['convert', 'to_bgr', 'classify'])
@pytest.mark.parametrize('frame,found', [(IMAGE, 'ndarray'), (None, 'NoneType')])
def test_array_in_place_of_a_frame_is_refused(use, frame, found):
    with pytest.raises(FrameError, match=rf'^expected a Frame, got {found}: Frame.from_image\('):
        use(frame)


@pytest.mark.parametrize('out,found', [
    (np.zeros(96, np.float32), 'float32 (96,)'), (np.zeros(95, np.uint8), 'uint8 (95,)'),
    (np.zeros((12, 8), np.uint8), 'uint8 (12, 8)'),
    (np.zeros(192, np.uint8)[::2], 'uint8 (96,), not contiguous'),
    (np.frombuffer(bytes(96), np.uint8), 'uint8 (96,), read-only'),
    (np.frombuffer(bytes(192), np.uint8)[::2], 'uint8 (96,), read-only, not contiguous'),
    (bytearray(96), 'bytearray')],
    ids=['float', 'short', 'rows', 'strided', 'constant', 'constant strided', 'bytearray'])
def test_memory_that_cannot_take_the_picture_is_refused(out, found):
    with pytest.raises(ValueError) as caught:
        Nv12Converter(width=8, height=8).convert(Frame.from_image(IMAGE), out=out)
    assert str(caught.value) == ('out: expected writable, contiguous uint8 of shape (96,), got '
                                 f'{found}: np.empty(96, np.uint8) makes it')


@pytest.mark.parametrize('nv12', [None, Frame.from_image(IMAGE), bytes(96)], ids=['none', 'frame',
                                                                                  'bytes'])
def test_infer_refuses_what_is_no_array(nv12):
    with pytest.raises(ValueError, match=r'^the model reads 96 uint8 values of NV12, got \w+: Nv'):
        infer(Slot(), nv12)


@pytest.mark.parametrize('output,top_k,says', [
    (np.zeros(3, np.float32), 0, 'top_k: expected at least 1, got 0'),
    (np.zeros(3, np.float32), -1, 'top_k: expected at least 1, got -1'),
    (np.zeros((1, 3), np.float32), 2, r'output: expected one value per class, .* got \(1, 3\): '),
    (np.zeros(0, np.float32), 2, r'output: .* got \(0,\)')])
def test_prediction_refuses_no_classes(output, top_k, says):
    with pytest.raises(ValueError, match=f'^{says}'):
        Prediction.from_output(output, top_k=top_k)
