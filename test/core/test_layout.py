# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reading of height, step and size, for every memory layout that a driver may use."""

from itertools import product

from edgenext_ros.core.frame import ENCODINGS, Frame, FrameError, UnknownEncodingError
from edgenext_ros.core.layout import OF_16_BITS, read_rows
from edgenext_ros.core.nv12 import Nv12Converter
import numpy as np
import pytest

SMALL = [(2, 2), (6, 4), (10, 12), (30, 20), (64, 48), (66, 36), (100, 50), (128, 90)]
SIZES = [*SMALL, (642, 360), (1920, 1080)]
TALL = [(4, 128), (66, 180), (100, 200)]
PLANAR = ['nv12', 'nv21', 'nv24']
WITHOUT_CHROMA_PLANE = {name: layout for name, layout in {**ENCODINGS, **OF_16_BITS}.items()
                        if layout.half_rows == 2}


def ceil(value, to):
    return -(-value // to) * to


def picture(encoding, width, height, *, step, luma_rows):
    """Return luma, chroma, and data with padded rows and a padded luma plane."""
    random = np.random.default_rng(width * height + step)
    each = 1 if encoding == 'nv24' else 2
    luma = random.integers(0, 256, (height, width), np.uint8)
    chroma = random.integers(0, 256, (height // each, width // each, 2), np.uint8)
    total = luma_rows * (3 if encoding == 'nv24' else 1.5)
    data = np.full((int(total), step), 7, np.uint8)
    data[:height, :width] = luma
    second = data[luma_rows:].reshape(-1, step * 2 // each)
    second[:height // each, :width * 2 // each] = chroma.reshape(height // each, -1)
    return luma, chroma, data.reshape(-1)


def is_scrambled(frame, luma, chroma):
    return (frame.height, frame.width) != luma.shape \
        or (frame.plane(1, width=frame.width, height=frame.height) != luma).any() \
        or (frame.chroma() != chroma).any()


@pytest.mark.parametrize('size', SMALL + TALL, ids=str)
@pytest.mark.parametrize('encoding', PLANAR)
def test_a_picture_is_read_as_it_was_written_or_refused(encoding, size):
    width, height = size
    read = 0
    # Rows with any padding; for the usual paddings, also with other meanings of step.
    usual = {ceil(width, 1 << bits) for bits in range(9)}
    times = 3 if encoding == 'nv24' else 1.5
    for step in usual | {step for step in (width + 2, width + 6) if step / times not in usual}:
        # Padded planes of small pictures have a test below.
        aligned = (ceil(height, 1 << bits) for bits in range(3, 7))
        for luma_rows in {height, *(rows for rows in aligned if height >= 128)}:
            luma, chroma, data = picture(encoding, width, height, step=step, luma_rows=luma_rows)
            for said in {height, data.size // step}:
                steps = {step, data.size // said}
                if step in usual:
                    steps |= {0, 1, width // 2, height, said,
                              *(width * units for units in (1, 2, 3, 4, 8, 12))}
                for said_step in steps:
                    try:
                        frame = Frame(encoding, width, said, said_step, data)
                    except FrameError as error:
                        assert '\n' not in str(error)
                        continue
                    # Padding rows of a plane cannot be detected when height includes them.
                    if luma_rows == height or said != data.size // step:
                        assert not is_scrambled(frame, luma, chroma), (
                            step, luma_rows, said, said_step, frame)
                    read += 1
    assert read > 20


@pytest.mark.parametrize('padding', [1, 16, 64])
@pytest.mark.parametrize('said', [
    (1, 'step'), ('rows', 'step'), (1, 'size / height'), ('rows', 'size / height')], ids=str)
@pytest.mark.parametrize('size', SIZES, ids=str)
@pytest.mark.parametrize('encoding', PLANAR)
def test_drivers_layouts_are_read(encoding, size, said, padding):
    width, height = size
    step = ceil(width, padding)
    luma, chroma, data = picture(encoding, width, height, step=step, luma_rows=height)
    said_height = data.size // step if said[0] == 'rows' else height
    said_step = step if said[1] == 'step' else data.size // said_height
    frame = Frame(encoding, width, said_height, said_step, data)
    assert not is_scrambled(frame, luma, chroma)
    assert bool(frame.note) == ((said_height, said_step) != (height, step))


@pytest.mark.parametrize('step', [0, 320, 1280, 1920, 960 * 8])
@pytest.mark.parametrize('counted', [False, True])
@pytest.mark.parametrize('encoding', PLANAR)
def test_meaningless_step_is_ignored_with_a_note(encoding, counted, step):
    luma, chroma, data = picture(encoding, 640, 48, step=640, luma_rows=48)
    frame = Frame(encoding, 640, data.size // 640 if counted else 48, step, data)
    assert not is_scrambled(frame, luma, chroma)
    assert 'step' in frame.note


@pytest.mark.parametrize('encoding', PLANAR)
def test_padded_luma_plane_is_found_and_converted(encoding):
    luma, chroma, data = picture(encoding, 64, 136, step=64, luma_rows=144)
    frame = Frame(encoding, 64, 136, 64, data)
    assert not is_scrambled(frame, luma, chroma)
    assert frame.note == 'the luma plane has 144 rows, 8 of them padding'
    plain = Frame(encoding, 64, 136, 64,
                  picture(encoding, 64, 136, step=64, luma_rows=136)[2])
    converter = Nv12Converter(width=32, height=32)
    expected = converter.convert(plain).copy()
    assert (converter.convert(frame) == expected).all()
    assert (converter.convert(plain) == expected).all(), 'the plan of another layout is not used'


@pytest.mark.parametrize('size,plane', [((640, 120), 128), ((384, 90), 96), ((66, 36), 64)],
                         ids=str)
@pytest.mark.parametrize('encoding', PLANAR)
def test_padding_of_a_low_luma_plane_is_found_when_the_step_is_useless(encoding, size, plane):
    width, height = size
    luma, chroma, data = picture(encoding, width, height, step=width, luma_rows=plane)
    frame = Frame(encoding, width, height, 0, data)
    assert not is_scrambled(frame, luma, chroma)
    assert frame.note.endswith(
        f'the luma plane has {plane} rows, {plane - height} of them padding')


def test_ambiguous_layout_is_refused():
    # 90 rows of luma padded to 96, or 60 rows of 512 bytes
    with pytest.raises(FrameError, match=r'46080 bytes at step 0 may be .* or '):
        Frame('nv12', 320, 90, 0, np.zeros(46080, np.uint8))
    with pytest.raises(FrameError, match=r'38400 bytes at step 192 may be .*200 rows of 128 bytes'
                                         r'.* and their chroma: let the driver set step'):
        Frame('nv12', 100, 200, 192, np.zeros(38400, np.uint8))


PACKED = [e for e in ENCODINGS if e not in PLANAR and not e.startswith('bayer')]


@pytest.mark.parametrize('encoding', [*PACKED, 'bayer_rggb8'])
@pytest.mark.parametrize('unit', ['pixels', 'bits'])
def test_step_of_rows_without_padding_may_count_other_units(encoding, unit):
    row = 8 * ENCODINGS[encoding].pixel_bytes
    said = {'pixels': 8, 'bits': 8 * row}[unit]
    data = np.arange(6 * row, dtype=np.uint8)
    frame = Frame(encoding, 8, 6, said, data)
    assert (frame.step, frame.height) == (row, 6)
    assert bool(frame.note) == (said != row)


@pytest.mark.parametrize('encoding', [e for e in PACKED if ENCODINGS[e].pixel_bytes > 1])
def test_a_step_may_count_pixels_of_padded_rows(encoding):
    pixel = ENCODINGS[encoding].pixel_bytes
    frame = Frame(encoding, 30, 4, 32, np.zeros(4 * 32 * pixel, np.uint8))
    assert (frame.step, frame.note) == (
        32 * pixel, f'step 32 is ignored, a row has {32 * pixel} bytes')


@pytest.mark.parametrize('encoding,width,step,channels', [
    ('rgb8', 640, 2560, 4), ('bgr8', 1920, 7680, 4), ('mono8', 640, 1280, 2),
    ('yuyv', 640, 1920, 3), ('bayer_rggb8', 640, 1280, 2), ('rgb8', 640, 3840, 6),
    ('mono8', 640, 1920, 3), ('mono8', 640, 2560, 4), ('bayer_gbrg8', 640, 1920, 3)])
def test_step_of_more_channels_is_padding_with_a_note(encoding, width, step, channels):
    frame = Frame(encoding, width, 4, step, np.zeros(4 * step, np.uint8))
    assert (frame.step, frame.height) == (step, 4)
    assert frame.note.startswith(f'step {step} is {channels} bytes a pixel, the encoding has ')
    assert 'taken as padding; where the colours are wrong, let the driver name' in frame.note


@pytest.mark.parametrize('width', [320, 640, 848, 1280, 1920])
@pytest.mark.parametrize('encoding', WITHOUT_CHROMA_PLANE)
def test_rows_of_each_larger_encoding_have_a_note(encoding, width):
    ours = WITHOUT_CHROMA_PLANE[encoding].pixel_bytes
    larger = {layout.pixel_bytes for layout in WITHOUT_CHROMA_PLANE.values()
              if layout.pixel_bytes > ours}
    for sent in larger:
        step = sent * width
        rows = read_rows(encoding, width, 4, step, 4 * step)
        assert (rows.step, rows.height) == (step, 4)
        assert rows.note.startswith(
            f'step {step} is {sent} bytes a pixel, the encoding has {ours}: ')


@pytest.mark.parametrize('encoding,width,step', [
    ('rgb8', 64, 256), ('rgb8', 640, 2048), ('rgb8', 640, 2000), ('rgb8', 640, 1920),
    ('rgb8', 640, 8000), ('nv12', 640, 1280)])
def test_other_padding_has_no_note(encoding, width, step):
    data = np.zeros(2 * step * ENCODINGS[encoding].half_rows, np.uint8)
    assert not Frame(encoding, width, 4, step, data).note


@pytest.mark.parametrize('encoding,width,height,step,size,reason', [
    ('bgr8', 4, 4, 0, 48, 'step is 0'), ('bgr8', 4, 4, 10, 48, 'but step is 10'),
    ('bgr8', 4, 4, 16, 48, 'truncated'),
    ('mono8', 4, 4, 0, 20, 'step is 0'), ('nv12', 4, 4, 0, 20, 'step is 0'),
    ('nv12', 4, 5, 4, 32, 'height must be even'),
    ('nv12', 8, 4, 16, 48 + 16, 'expected 48 bytes'), ('nv12', 8, 4, 10, 48, 'truncated'),
    ('nv24', 4, 4, 6, 48, 'truncated')])
def test_size_that_fits_no_layout_is_refused(encoding, width, height, step, size, reason):
    with pytest.raises(FrameError, match=reason):
        Frame(encoding, width, height, step, np.zeros(size, np.uint8))


@pytest.mark.parametrize('encoding', ['nv12', 'nv21'])
@pytest.mark.parametrize('size,step,expected,found', [
    ((204, 204), 612, '62424 bytes (204 rows of luma and 102 of chroma, 204 bytes each)',
     '124848 bytes (204 rows of 612 bytes); these are 3 bytes a pixel, as in bgr8 or rgb8: let '
     'the driver name the encoding that it sends'),
    ((8, 4), 16, '48 bytes (4 rows of luma and 2 of chroma, 8 bytes each)',
     '64 bytes (4 rows of 16 bytes); these are 2 bytes a pixel, as in yuyv or uyvy: let the '
     'driver name the encoding that it sends'),
    ((8, 4), 8, '48 bytes (4 rows of luma and 2 of chroma, 8 bytes each)',
     '32 bytes (4 rows of 8 bytes); the chroma is missing: let the driver send it, or mono8'),
    ((30, 4), 32, '192 bytes (4 rows of luma and 2 of chroma, 32 bytes each)',
     '128 bytes (4 rows of 32 bytes); the chroma is missing: let the driver send it, or mono8'),
], ids=['bgr8', 'yuyv', 'mono8', 'padded'])
def test_data_without_chroma_is_refused_with_both_sizes_and_the_usual_cause(
        encoding, size, step, expected, found):
    width, height = size
    with pytest.raises(FrameError) as caught:
        Frame(encoding, width, height, step, np.zeros(step * height, np.uint8))
    assert str(caught.value) == f'{encoding} {width}x{height}: expected {expected}, found {found}'


@pytest.mark.parametrize('name,encoding', [
    ('8UC1', 'mono8'), ('8UC3', 'bgr8'), ('8UC4', 'bgra8'), ('BGR8', 'bgr8'), (' nv12 ', 'nv12'),
    ('NV12', 'nv12'), ('yuyv422', 'yuyv'), ('YUY2', 'yuyv'), ('UYVY422', 'uyvy'),
    ('rgb24', 'rgb8'), ('bgr24', 'bgr8'), ('rgba', 'rgba8'), ('gray', 'mono8'),
    ('BAYER_RGGB8', 'bayer_rggb8'), ('MONO16', 'mono16'), ('Y16 ', 'mono16')])
def test_other_names_of_an_encoding_are_taken_with_a_note(name, encoding):
    layout = ENCODINGS[encoding]
    data = np.zeros(8 * layout.pixel_bytes * 4 * layout.half_rows, np.uint8)
    frame = Frame(name, 8, 8, 8 * layout.pixel_bytes, data)
    assert frame.encoding == encoding
    assert frame.note == f'encoding {name!r} is taken as {encoding}'


WIDE = [e for e in ENCODINGS if e[:3] in ('bgr', 'rgb', 'bay')]


def of_16_bits(name, width, height, step, data):
    return Frame.from_high_bytes(name, width, height, step, np.asarray(data, np.uint8))


@pytest.mark.parametrize('eight', WIDE)
def test_16_bit_frames_get_the_notes_and_repairs_of_8_bit_ones(eight):
    name, row = f'{eight[:-1]}16', 8 * 2 * ENCODINGS[eight].pixel_bytes
    data = np.arange(6 * row) % 251
    plain = of_16_bits(name, 8, 6, row, data)
    assert (plain.encoding, plain.note) == (eight, '')
    assert (plain.data == data[1::2]).all()
    for said in (8, 8 * row):  # pixels, bits
        assert (frame := of_16_bits(name, 8, 6, said, data)).note == (
            f'step {said} is ignored, a row has {row} bytes')
        assert (frame.data == plain.data).all()
    upper = of_16_bits(name.upper(), 8, 6, row, data)
    assert upper.note == f'encoding {name.upper()!r} is taken as {name}'
    for size, kind in ((6 * row - 2, 'truncated'), (6 * row + 2, 'oversized')):
        with pytest.raises(FrameError) as caught:
            of_16_bits(name, 8, 6, row, np.zeros(size))
        assert str(caught.value) == (
            f'{name} 8x6: data is {kind}: expected {6 * row} bytes (step {row} x 6 rows), '
            f'found {size}')


@pytest.mark.parametrize('name,width,height,reason', [
    ('bgr16', 0, 4, 'at least 1'), ('bgr16', 4, 0, 'at least 1'), ('bgr16', 40_000, 1, 'at most'),
    ('bayer_rggb16', 5, 4, 'width must be even'), ('bayer_rggb16', 4, 5, 'height must be even')])
def test_sides_of_16_bit_frames_are_checked(name, width, height, reason):
    step = 6 * width
    with pytest.raises(FrameError, match=f'^{name} {width}x{height}: .*{reason}'):
        of_16_bits(name, width, height, step, np.zeros(step * height))


@pytest.mark.parametrize('name', ['bgr8', 'mono16', '16UC1', 'junk16', 'x' * 1000])
def test_from_high_bytes_ignores_other_encodings(name):
    assert of_16_bits(name, 4, 4, 24, np.zeros(96)) is None


@pytest.mark.parametrize('name,hint', [
    ('16UC1', 'give the topic of the colour picture'), ('32FC1', 'send depth'),
    ('8UC2', "let the driver say 'yuyv' or 'uyvy'"), ('mono12', 'let the driver send mono16'),
    ('8UC3' + 50 * ' ', 'use one of'), ('yuv', 'use one of')])
def test_unsupported_encoding_names_the_remedy(name, hint):
    with pytest.raises(UnknownEncodingError, match='is not supported; use one of') as caught:
        Frame(name, 4, 4, 8, np.zeros(32, np.uint8))
    assert hint in str(caught.value)


@pytest.mark.parametrize('size', list(product([2, 4], [2, 4])), ids=str)
def test_a_note_is_the_same_for_every_picture_of_a_stream(size):
    width, height = size
    notes = {Frame('nv12', width, height, 0,
                   np.full(width * height * 3 // 2, value, np.uint8)).note for value in (1, 2)}
    assert len(notes) == 1
