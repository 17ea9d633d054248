# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frame: accepted pictures, refused ones, and the reasons."""

import struct
import subprocess
import sys

import cv2
from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import ENCODINGS, Frame, FrameError, UnknownEncodingError
from edgenext_ros.core.jpeg import read_header
import numpy as np
import pytest


def zeros(size):
    return np.zeros(size, np.uint8)


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_every_encoding_makes_a_frame_that_copies_nothing(encoding):
    frame = encode(np.zeros((32, 48, 3), np.uint8), encoding)
    again = Frame(encoding, 48, 32, frame.step, frame.data)
    assert (again.width, again.height) == (48, 32)
    assert np.shares_memory(again.data, frame.data)


def test_text_of_a_frame_is_made_for_errors_only(monkeypatch):
    made = []
    monkeypatch.setattr(Frame, '__str__', lambda self: made.append(self) or 'bgr8 4x4')
    Frame('bgr8', 4, 4, 12, zeros(48))
    assert not made
    with pytest.raises(FrameError, match=r'^bgr8 4x4: expected data as an array of uint8'):
        Frame('bgr8', 4, 4, 12, bytes(48))
    assert len(made) == 1


@pytest.mark.parametrize('encoding,width,height,step,size,reason', [
    ('foo', 4, 4, 12, 48, "encoding 'foo' is not supported"),
    ('', 4, 4, 12, 48, "encoding '' is not supported"),
    ('32FC1', 4, 4, 16, 64, 'is not supported; use one of bgr8'),
    ('bgr8', 0, 4, 12, 48, 'width and height must be at least 1'),
    ('bgr8', 4, 0, 12, 0, 'width and height must be at least 1'),
    ('bgr8', 4, 4, 12, 47, 'truncated: expected 48 bytes (step 12 x 4 rows), found 47'),
    ('bgr8', 4, 4, 12, 0, 'truncated'),
    ('bgr8', 4, 4, 12, 49, 'oversized'),
    ('bgr8', 4, 4, 11, 44, 'a row has 12 bytes, but step is 11'),
    ('bgr8', 4, 4, 0, 0, 'step is 0'),
    ('bgr8', 2**31, 2**31, 3 * 2**31, 48, 'width and height must be at most 32767'),
    ('bgr8', 32767, 32767, 3 * 32767, 48, 'truncated'),
    ('nv12', 5, 4, 6, 36, 'width must be even'),
    ('nv12', 4, 5, 4, 30, 'height must be even'),
    ('nv12', 4, 4, 4, 23, 'truncated: expected 24 bytes'),
    ('nv12', 4, 4, 4, 16, 'expected 24 bytes (4 rows of luma and 2 of chroma, 4 bytes each), fo'),
    ('nv21', 4, 4, 4, 25, 'oversized'),
    ('nv24', 4, 4, 4, 47, 'truncated'),
    ('yuyv', 5, 4, 10, 40, 'width must be even'),
    ('yuv422', 4, 4, 4, 16, 'a row has 8 bytes'),
    ('bayer_rggb8', 4, 5, 4, 20, 'height must be even'),
    ('bayer_rggb8', 2, 4, 2, 8, 'must be at least 4'),
    ('mono16', 4, 4, 7, 28, 'a row has 8 bytes'),
])
def test_wrong_geometry_is_refused_with_the_reason(encoding, width, height, step, size, reason):
    with pytest.raises(FrameError) as caught:
        Frame(encoding, width, height, step, zeros(size))
    assert reason in str(caught.value)
    assert '\n' not in str(caught.value)


def test_unknown_encoding_and_bad_data_raise_different_errors():
    for name in ('foo', 200_000 * 'x'):
        with pytest.raises(UnknownEncodingError) as caught:
            Frame(name, 4, 4, 12, zeros(48))
        assert len(str(caught.value)) < 400
    with pytest.raises(FrameError) as caught:
        Frame('bgr8', 4, 4, 12, zeros(47))
    assert not isinstance(caught.value, UnknownEncodingError)


def test_height_of_nv12_may_include_chroma_rows():
    data = np.arange(24, dtype=np.uint8)
    plain, counted = Frame('nv12', 4, 4, 4, data), Frame('nv12', 4, 6, 4, data)
    assert (counted.width, counted.height) == (plain.width, plain.height) == (4, 4)


@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_compressed_pictures_decode(suffix, photograph):
    _, data = cv2.imencode(suffix, photograph)
    frame = Frame.from_compressed(data)
    assert (frame.encoding, frame.width, frame.height) == (
        'bgr8', photograph.shape[1], photograph.shape[0])
    difference = frame.data.astype(int) - photograph.reshape(-1)
    assert np.abs(difference).mean() < (3 if suffix == '.jpg' else 1e-9)


def test_grey_and_16_bit_pictures_decode_to_grey_bgr(photograph):
    grey = cv2.cvtColor(photograph, cv2.COLOR_BGR2GRAY)
    _, data = cv2.imencode('.png', grey.astype(np.uint16) * 257)
    pixels = Frame.from_compressed(data).data.reshape(*grey.shape, 3)
    assert (pixels == grey[..., None]).all()


@pytest.mark.parametrize('cut,reason', [
    (lambda d: d[:0], 'no data'),
    (lambda d: d[:len(d) // 2], 'truncated: no end marker'),
    (lambda d: d[:3], 'truncated|does not decode'),
    (lambda d: np.frombuffer(b'\xff\xd8garbage\xff\xd9', np.uint8), 'does not decode'),
    (lambda d: np.frombuffer(b'not a picture at all', np.uint8), 'found bytes 6e 6f 74 20'),
])
@pytest.mark.parametrize('suffix', ['.jpg', '.png'])
def test_broken_compressed_pictures_are_refused(suffix, cut, reason, photograph):
    _, data = cv2.imencode(suffix, photograph)
    with pytest.raises(FrameError, match=reason):
        Frame.from_compressed(cut(data))


def test_bytes_after_the_end_of_a_jpeg_are_allowed(photograph):
    _, data = cv2.imencode('.jpg', photograph)
    Frame.from_compressed(np.concatenate([data, zeros(100_000)]))


def test_zeros_are_refused_as_picture():
    with pytest.raises(FrameError, match='does not decode'):
        Frame.from_compressed(zeros(10_000))


def jpeg(width, height, orientation=None, **options):
    """Encode a picture, red at the top, with the orientation in its Exif data."""
    image = np.full((height, width, 3), (200, 120, 40), np.uint8)
    image[:height // 4] = (20, 20, 220)
    parameters = [getattr(cv2, f'IMWRITE_JPEG_{key.upper()}') for key in options]
    _, data = cv2.imencode('.jpg', image, [n for pair in zip(
        parameters, options.values(), strict=True) for n in pair])
    data = data.tobytes()
    if orientation:
        tiff = struct.pack('>2sHIHHHIHHI', b'MM', 42, 8, 1, 0x112, 3, 1, orientation, 0, 0)
        data = data[:2] + struct.pack('>2sH6s', b'\xff\xe1', 8 + len(tiff), b'Exif\0\0') \
            + tiff + data[2:]
    return np.frombuffer(data, np.uint8)


def at_least(*least):
    return lambda width, height: width >= least[0] and height >= least[1]


@pytest.mark.parametrize('size', [(1920, 1080), (1001, 333)], ids=str)
@pytest.mark.parametrize('share', [1, 2, 4, 8])
@pytest.mark.parametrize('progressive', [0, 1])
def test_a_jpeg_is_decoded_no_larger_than_is_enough(size, share, progressive):
    expected = tuple(-(-side // share) for side in size)
    frame = Frame.from_compressed(jpeg(*size, progressive=progressive),
                                  enough=at_least(*expected))
    assert (frame.width, frame.height) == expected
    top, bottom = (frame.data.reshape(-1, frame.step)[row, :3].astype(int) for row in (0, -1))
    assert np.abs(top - (20, 20, 220)).max() < 6 and np.abs(bottom - (200, 120, 40)).max() < 6


@pytest.mark.parametrize('orientation', range(1, 9))
@pytest.mark.parametrize('least,share', [((150, 100), 4), ((100, 150), 4), ((161, 80), 2),
                                         ((80, 161), 2), ((80, 80), 8)], ids=str)
def test_exif_turns_a_picture_and_both_sides_are_enough(orientation, least, share):
    data = jpeg(800, 640, orientation)
    whole = Frame.from_compressed(data)
    assert (whole.width, whole.height) == ((800, 640) if orientation < 5 else (640, 800))
    frame = Frame.from_compressed(data, enough=at_least(*least))
    assert (frame.width, frame.height) == (whole.width // share, whole.height // share)
    corner, small = (f.data.reshape(f.height, f.width, 3)[0, 0] for f in (whole, frame))
    assert np.abs(corner.astype(int) - small).max() < 6


def test_png_is_decoded_at_full_size():
    frame = Frame.from_compressed(cv2.imencode('.png', np.zeros((800, 800, 3), np.uint8))[1],
                                  enough=at_least(1, 1))
    assert (frame.width, frame.height) == (800, 800)


@pytest.mark.parametrize('junk', [
    [0], [0xFF] * 1001, [0xFF, 0] * 40_000, [7] * 4095, [7] * 4096, [7] * 65_536,
    [0xFF, 0xD0]], ids=len)
def test_jpeg_size_is_found_behind_junk_that_decoders_skip(junk):
    frame = Frame.from_compressed(np.insert(jpeg(800, 800), 20, junk), enough=at_least(1, 1))
    assert (frame.width, frame.height) == (100, 100)


@pytest.mark.parametrize('data', [
    np.insert(jpeg(800, 800), 2, [0xFF, 0xE0, 0, 2] * 1000),  # an endless row of segments
    np.frombuffer(b'\xff\xd8\xff\xd9', np.uint8)], ids=['segments', 'empty'])
def test_a_jpeg_without_a_size_is_refused(data):
    with pytest.raises(FrameError, match='without a size'):
        Frame.from_compressed(data)


@pytest.mark.parametrize('cut', range(2, 40))
def test_header_of_damaged_jpeg_is_ignored(cut):
    assert read_header(jpeg(800, 640)[:cut]) is None


def test_a_grey_jpeg_is_reduced_to_bgr(photograph):
    _, data = cv2.imencode('.jpg', cv2.cvtColor(photograph, cv2.COLOR_BGR2GRAY))
    frame = Frame.from_compressed(data, enough=at_least(80, 60))
    assert (frame.encoding, frame.width, frame.height) == ('bgr8', 80, 60)


HUGE = r"""
from edgenext_ros.core.frame import Frame, FrameError
import cv2
import numpy as np
data = cv2.imencode('SUFFIX', np.zeros((16, 16, 3), np.uint8))[1].reshape(-1).copy()
# Encoding so many pixels takes a minute on an emulated processor.
at, size = {'.jpg': (data.tobytes().find(b'\xff\xc0') + 5, np.array([8200, 8200], '>u2')),
            '.bmp': (18, np.array([8200, 8200], '<i4'))}['SUFFIX']
data[at:at + size.nbytes] = size.view(np.uint8)
# libjpeg skips bytes between two segments.
data = np.concatenate([data[:20], np.zeros(JUNK, np.uint8), data[20:]])
try:
    Frame.from_compressed(data)
except FrameError as error:
    print(error)
"""


@pytest.mark.parametrize('suffix,junk,reason', [
    ('.jpg', 1, 'says it has 8200x8200 pixels'), ('.bmp', 0, 'does not decode: pixels <= ')])
def test_huge_picture_is_refused_with_any_header(suffix, junk, reason):
    """In a separate process, which imports the package before OpenCV, like a node."""
    code = HUGE.replace('SUFFIX', suffix).replace('JUNK', str(junk))
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60)
    assert reason in done.stdout, done.stderr
