# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Conversion to NV12: colours, fits, padding, and the buffer."""

import cv2
from edgenext_ros.core.encode import encode, to_bgr
from edgenext_ros.core.frame import ENCODINGS, Frame
from edgenext_ros.core.nv12 import (
    EXPAND_C,
    EXPAND_Y,
    fit_rectangles,
    FITS,
    Nv12Converter,
)
from edgenext_ros.core.to_yuv import CONVERSIONS, Rectangle
import numpy as np
import pytest

COLOUR = [e for e in ENCODINGS if not e.startswith('mono')]
SIZE = 224


def convert(frame, **options):
    return Nv12Converter(width=SIZE, height=SIZE, **options).convert(frame)


def decode(nv12, size=SIZE):
    """Decode full-range NV12 to RGB by the JFIF formulas, float (size, size, 3)."""
    y = nv12[:size * size].reshape(size, size).astype(float)
    uv = nv12[size * size:].reshape(size // 2, size // 2, 2).repeat(2, 0).repeat(2, 1) - 128.0
    u, v = uv[..., 0], uv[..., 1]
    return np.stack([y + 1.402 * v, y - 0.344136 * u - 0.714136 * v, y + 1.772 * u], axis=2)


@pytest.mark.parametrize('fit', ['letterbox', 'crop'])
def test_frame_without_memory_does_not_change_later_ones(fit, photograph, monkeypatch):
    def fail(*_):
        raise MemoryError

    converter = Nv12Converter(width=SIZE, height=SIZE, fit=fit)
    frame = encode(photograph, 'bgr8')
    before = converter.convert(frame).copy()
    with monkeypatch.context() as short:
        short.setitem(CONVERSIONS, 'yuyv', fail)
        with pytest.raises(MemoryError):
            converter.convert(encode(photograph[::2], 'yuyv'))
    np.testing.assert_array_equal(converter.convert(frame), before)


@pytest.mark.parametrize('encoding', COLOUR)
@pytest.mark.parametrize('bgr', [(20, 30, 220), (220, 30, 20), (30, 200, 40), (0, 0, 0),
                                 (255, 255, 255), (127, 127, 127)], ids=str)
def test_plain_colours_come_through_every_encoding(encoding, bgr):
    image = np.full((64, 96, 3), bgr, np.uint8)
    rgb = decode(convert(encode(image, encoding)))
    assert np.abs(rgb - np.array(bgr)[::-1]).max() <= 4


@pytest.mark.parametrize('encoding', ['mono8', 'mono16'])
def test_grey_pictures_have_no_colour(encoding, photograph):
    nv12 = convert(encode(photograph, encoding))
    assert (nv12[SIZE * SIZE:] == 128).all()
    grey = cv2.cvtColor(photograph, cv2.COLOR_BGR2GRAY)
    expected = convert(Frame.from_image(cv2.merge([grey] * 3)))
    assert np.abs(nv12.astype(int) - expected).max() <= 1


def test_mono16_honours_byte_order():
    values = (np.arange(64 * 64, dtype=np.uint16) * 16).reshape(64, 64)
    little, big = (Frame('mono16', 64, 64, 128, values.astype(t).view(np.uint8).reshape(-1), b)
                   for t, b in (('<u2', False), ('>u2', True)))
    assert (convert(little) == convert(big)).all()


@pytest.mark.parametrize('encoding', COLOUR)
def test_encodings_of_one_photograph_agree(encoding, photograph):
    expected = decode(convert(Frame.from_image(photograph)))
    found = decode(convert(encode(photograph, encoding)))
    # Chroma at half size and demosaicing blur edges; a swapped channel differs ten times more.
    assert np.abs(found - expected).mean() < (6 if 'bayer' in encoding else 2.5)


@pytest.mark.parametrize('encoding', ENCODINGS)
@pytest.mark.parametrize('padding', [1, 7, 64])
@pytest.mark.parametrize('fit', FITS)
def test_padded_rows_give_the_same_bytes(encoding, padding, fit, photograph):
    frame = encode(photograph, encoding)
    step = frame.step + padding
    if encoding == 'nv24':  # a row of chroma takes two steps, with its padding at the end
        luma, chroma = np.split(frame.data, [frame.step * frame.height])
        padded = np.concatenate([pad(luma, frame.step, padding),
                                 pad(chroma, 2 * frame.step, 2 * padding)])
    else:
        padded = pad(frame.data, frame.step, padding)
    again = Frame(encoding, frame.width, frame.height, step, padded)
    assert (convert(again, fit=fit) == convert(frame, fit=fit)).all()


def pad(data, step, padding):
    """Add random bytes to the end of every row."""
    rows = data.reshape(-1, step)
    noise = np.random.default_rng(0).integers(0, 256, (len(rows), padding), np.uint8)
    return np.concatenate([rows, noise], axis=1).reshape(-1)


def test_full_range_yuv_is_not_changed():
    data = np.random.default_rng(1).integers(0, 256, SIZE * SIZE * 3 // 2, np.uint8)
    frame = Frame('nv12', SIZE, SIZE, SIZE, data)
    assert (convert(frame, yuv_range='full') == data).all()


def test_every_byte_of_limited_range_becomes_its_nearest_full_one():
    levels = np.arange(256, dtype=np.uint8)
    data = np.resize(levels, SIZE * SIZE * 3 // 2)
    found = convert(Frame('nv12', SIZE, SIZE, SIZE, data)).astype(int)
    y, uv = np.split(data, [SIZE * SIZE])
    assert (found[:SIZE * SIZE] == EXPAND_Y[y]).all()
    # The value for 16 is halfway between two integers.
    assert np.abs(found[SIZE * SIZE:] - EXPAND_C[uv])[uv != 16].max() == 0
    assert np.abs(found[SIZE * SIZE:] - EXPAND_C[uv]).max() <= 1


def test_limited_range_is_stretched_to_the_full_one():
    data = np.full(SIZE * SIZE * 3 // 2, 128, np.uint8)
    for y, expected in ((16, 0), (235, 255), (0, 0), (255, 255)):
        data[:SIZE * SIZE] = y
        frame = Frame('nv12', SIZE, SIZE, SIZE, data)
        assert convert(frame)[0] == expected


@pytest.mark.parametrize('source,fit,part,target', [
    ((640, 480), 'stretch', (0, 0, 640, 480), (0, 0, 224, 224)),
    ((640, 480), 'letterbox', (0, 0, 640, 480), (0, 28, 224, 168)),
    ((480, 640), 'letterbox', (0, 0, 480, 640), (28, 0, 168, 224)),
    ((640, 480), 'crop', (80, 0, 480, 480), (0, 0, 224, 224)),
    ((641, 479), 'crop', (80, 0, 478, 478), (0, 0, 224, 224)),
    ((1, 1), 'crop', (0, 0, 1, 1), (0, 0, 224, 224)),
    ((1, 1), 'letterbox', (0, 0, 1, 1), (0, 0, 224, 224)),
    ((10000, 1), 'letterbox', (0, 0, 10000, 1), (0, 110, 224, 2)),
    ((3, 10000), 'crop', (0, 4998, 2, 2), (0, 0, 224, 224)),
])
def test_fit_rectangles(source, fit, part, target):
    found = fit_rectangles(source=source, target=(224, 224), fit=fit)
    assert found == (Rectangle(*part), Rectangle(*target))


@pytest.mark.parametrize('encoding', ENCODINGS)
@pytest.mark.parametrize('size', [(2, 2), (2, 1000), (1000, 2), (642, 478), (224, 224),
                                  (448, 448), (450, 1000)], ids=str)
@pytest.mark.parametrize('fit', FITS)
def test_any_size_converts_and_letterbox_border_is_grey(encoding, size, fit):
    size = tuple(max(side, ENCODINGS[encoding].smallest) for side in size)
    image = np.full((size[1], size[0], 3), (60, 60, 60), np.uint8)
    frame = encode(image, encoding)
    out = np.full(SIZE * SIZE * 3 // 2, 99, np.uint8)
    assert convert_into(frame, out, fit) is out
    y, uv = out[:SIZE * SIZE].reshape(SIZE, SIZE), out[SIZE * SIZE:]
    _, inner = fit_rectangles(source=size, target=(SIZE, SIZE), fit=fit)
    assert np.abs(inner.of(y).astype(int) - 60).max() <= 2
    assert np.abs(uv.astype(int) - 128).max() <= 2
    border = np.ones((SIZE, SIZE), bool)
    inner.of(border)[:] = False
    assert (y[border] == 127).all()


def convert_into(frame, out, fit):
    return Nv12Converter(width=SIZE, height=SIZE, fit=fit).convert(frame, out=out)


@pytest.mark.parametrize('size', [(1, 1), (641, 479), (1, 7), (7, 1), (4000, 3)], ids=str)
@pytest.mark.parametrize('encoding', ['bgr8', 'rgba8', 'mono8', 'mono16', 'nv24'])
def test_odd_sizes_convert_where_the_encoding_allows_them(encoding, size):
    frame = encode(np.full((size[1], size[0], 3), 200, np.uint8), encoding)
    assert np.abs(convert(frame)[:SIZE * SIZE].astype(int) - 200).max() <= 1


@pytest.mark.parametrize('size', [(2, 2), (4, 4), (90, 60)], ids=str)
@pytest.mark.parametrize('encoding', ENCODINGS)
def test_two_by_two_target_has_one_chroma_pixel(encoding, size):
    # OpenCV 4.5 refuses a picture of a single pixel with several channels.
    size = tuple(max(side, ENCODINGS[encoding].smallest) for side in size)
    frame = encode(np.full((*size[::-1], 3), (40, 90, 200), np.uint8), encoding)
    found = Nv12Converter(width=2, height=2).convert(frame)
    expected = Nv12Converter(width=16, height=16).convert(frame)
    assert np.abs(found[[0, 3, 4, 5]].astype(int) - expected[[0, 255, 256, 257]]).max() <= 2


@pytest.mark.parametrize('encoding', [e for e in ENCODINGS if ENCODINGS[e].half_rows != 3
                                      and not ENCODINGS[e].even_width])
def test_single_pixel_frame_is_converted(encoding):
    pixel = np.array([[[40, 90, 200]]], np.uint8)
    shown = to_bgr(encode(pixel, encoding))
    grey = cv2.cvtColor(pixel.repeat(2, axis=1), cv2.COLOR_BGR2GRAY)[:, :1, None]
    expected = grey if encoding.startswith('mono') else pixel
    assert np.abs(shown.astype(int) - expected).max() <= 3


def test_reused_buffer_keeps_no_old_pixels(photograph):
    converter = Nv12Converter(width=SIZE, height=SIZE, fit='letterbox')
    wide, tall = Frame.from_image(photograph), Frame.from_image(photograph.swapaxes(0, 1))
    first = converter.convert(wide).copy()
    buffer = converter.convert(tall)
    assert converter.convert(wide) is buffer
    assert (buffer == first).all()


@pytest.mark.parametrize('encoding,upright', [
    ('mono8', True), ('mono8', False), ('nv12', True), ('nv12', False), ('yuyv', True),
    ('yuyv', False), ('mono16', True), ('bgr8', False), ('bgra8', False), ('bayer_rggb8', False)])
def test_converted_large_frame_does_not_alias(encoding, upright):
    # Each sample of a linear resize would fall between two white rows, or columns.
    stripes = np.zeros((896, 896, 3), np.uint8)
    stripes[1::4] = stripes[2::4] = 255
    if upright:  # Pixels of several channels are not averaged along a row.
        stripes = np.ascontiguousarray(stripes.swapaxes(0, 1))
    y = convert(encode(stripes, encoding))[:SIZE * SIZE].reshape(SIZE, SIZE)[2:-2, 2:-2]
    assert np.abs(y.astype(int) - 127).max() < 40


@pytest.mark.parametrize('encoding', ['mono8', 'nv12', 'yuyv'])
@pytest.mark.parametrize('side', [480, 640, 720, 1080, 1920])
def test_converter_averages_noise(encoding, side):
    noise = np.random.default_rng(0).normal(128, 20, (side, side)).clip(0, 255).astype(np.uint8)
    y = convert(encode(cv2.merge([noise] * 3), encoding))[:SIZE * SIZE].reshape(SIZE, SIZE)
    sampled = cv2.resize(noise, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    assert y.std() < 0.8 * sampled.std()


@pytest.mark.parametrize('encoding', ENCODINGS)
@pytest.mark.parametrize('fit', FITS)
def test_conversion_does_not_depend_on_earlier_frames(encoding, fit, photograph):
    converter = Nv12Converter(width=SIZE, height=SIZE, fit=fit)
    frames = [encode(image, encoding) for image in (photograph, photograph[:200, :120])]
    alone = [convert(frame, fit=fit).copy() for frame in frames]
    for _ in range(2):
        for frame, expected in zip(frames, alone, strict=True):
            assert (converter.convert(frame) == expected).all()
    assert (converter.convert(frames[0], out=np.zeros_like(alone[0])) == alone[0]).all()


@pytest.mark.parametrize('fit,size,covered', [
    ('stretch', (224, 224), True), ('stretch', (223, 224), False), ('stretch', (960, 223), False),
    ('crop', (224, 224), True), ('crop', (240, 135), False), ('crop', (480, 270), True),
    ('crop', (270, 480), True), ('letterbox', (240, 135), True), ('letterbox', (135, 240), True),
    ('letterbox', (223, 135), False), ('letterbox', (120, 67), False)], ids=str)
def test_covers_needs_a_pixel_for_each_pixel_of_the_model(fit, size, covered):
    assert Nv12Converter(width=SIZE, height=SIZE, fit=fit).covers(*size) is covered


@pytest.mark.parametrize('arguments', [
    {'width': 223, 'height': 224}, {'width': 0, 'height': 224}, {'fit': 'squeeze'},
    {'yuv_range': 'video'}], ids=str)
def test_wrong_converter_options_are_refused(arguments):
    with pytest.raises(ValueError, match=r'even|one of'):
        Nv12Converter(**{'width': 224, 'height': 224, **arguments})
