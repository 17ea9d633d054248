# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frames of any encoding, size, step and data: refused with FrameError, or converted."""

from edgenext_ros.choices import FITS, YUV_RANGES
from edgenext_ros.core.encode import to_bgr
from edgenext_ros.core.frame import ENCODINGS, Frame, FrameError
from edgenext_ros.core.nv12 import Nv12Converter
from helpers.fuzzing import cases
from hypothesis import example, given, strategies as st
import numpy as np
import pytest

pytestmark = pytest.mark.slow

CONVERTERS = [Nv12Converter(width=width, height=height, fit=fit, yuv_range=yuv_range)
              for width, height in ((2, 2), (32, 32), (48, 16), (224, 224))
              for fit in FITS for yuv_range in YUV_RANGES]
UINT32 = st.integers(0, 2**32 - 1)
SIDE = st.one_of(st.integers(0, 9), st.integers(0, 300), st.sampled_from((480, 641, 2048)))
LONG = st.sampled_from((4095, 32766, 32767, 32768, 65536))
LONGEST = 32766
"""Longest even side that is accepted."""
SIZE = st.one_of(st.tuples(SIDE, SIDE), st.tuples(LONG, st.integers(1, 6)),
                 st.tuples(st.integers(1, 6), LONG))
MOST_BYTES = 1 << 19


def fitting_size(encoding, step, height):
    return step * height * ENCODINGS[encoding].half_rows // 2


@st.composite
def frames(draw, *, exact=False):
    """Draw the fields of a frame; unless ``exact``, they may contradict each other."""
    encoding = draw(st.sampled_from(tuple(ENCODINGS)))
    layout = ENCODINGS[encoding]
    width, height = draw(SIZE)
    if exact or draw(st.booleans()):
        width, height = (max(side, layout.smallest) + 1 & ~1 for side in (width, height))
    if exact:
        width, height = min(width, LONGEST), min(height, LONGEST)
    step = width * layout.pixel_bytes + draw(st.sampled_from((0, 0, 1, 2, 7, 64)))
    if not exact and draw(st.integers(0, 5)) == 0:
        step = draw(st.one_of(st.integers(0, 3 * width + 1), UINT32))
    size = fitting_size(encoding, step, height)
    if exact:
        while size > MOST_BYTES:
            height = max(layout.smallest, height // 2 & ~1)
            size = fitting_size(encoding, step, height)
    else:
        size = min(max(0, size + draw(st.sampled_from((0, 0, 0, 0, -1, 1, -step, step)))),
                   MOST_BYTES)
    seed = draw(st.integers(0, 255))
    data = np.random.default_rng(seed).integers(0, 256, size, np.uint8)
    return encoding, width, height, step, data, draw(st.booleans())


@cases
@given(fields=frames(), converter=st.sampled_from(CONVERTERS))
@example(fields=('yuyv', 32766, 1, 65532, np.zeros(65532, np.uint8), False),
         converter=Nv12Converter(width=2, height=2, fit='crop'))
def test_a_frame_is_refused_or_converted(fields, converter):
    before = fields[4].copy()
    try:
        frame = Frame(*fields)
    except FrameError as error:
        assert '\n' not in str(error)
        return
    nv12 = converter.convert(frame)
    assert (nv12.dtype, nv12.size % 6, nv12.flags.c_contiguous) == (np.uint8, 0, True)
    assert to_bgr(frame).shape == (frame.height, frame.width, 3)
    assert (frame.data == before).all(), 'the message is not written to'


@cases
@given(encoding=st.sampled_from(tuple(ENCODINGS)), fields=st.tuples(UINT32, UINT32, UINT32),
       size=st.integers(0, 5000))
def test_any_fields_are_refused_or_converted(encoding, fields, size):
    data = np.zeros(size, np.uint8)
    try:
        Nv12Converter(width=32, height=32).convert(Frame(encoding, *fields, data))
    except FrameError as error:
        assert '\n' not in str(error)


@pytest.mark.parametrize('size', [(4, 32768), (32768, 4)], ids=str)
def test_sides_over_the_limit_of_opencv_are_refused(size):
    # INTER_NEAREST_EXACT multiplies by 2**16 in 32 bits and read memory before the picture.
    with pytest.raises(FrameError, match='at most 32767'):
        Frame('yuyv', *size, 2 * size[0], np.zeros(2 * size[0] * size[1], np.uint8))


@cases
@given(fields=frames(exact=True), converter=st.sampled_from(CONVERTERS))
def test_padding_is_never_read(fields, converter):
    encoding, width, height, step, data, big_endian = fields
    frame = Frame(encoding, width, height, step, data, big_endian)
    expected = converter.convert(frame).copy()
    shown = to_bgr(frame)
    other = data.copy()
    row = width * ENCODINGS[encoding].pixel_bytes
    rows = other.reshape(-1, step)
    if encoding == 'nv24':  # a row of chroma is 2 * width bytes in two rows of step bytes each
        rows[:height, row:] ^= 0xFF
        rows[height:].reshape(height, 2 * step)[:, 2 * width:] ^= 0xFF
    else:
        rows[:, row:] ^= 0xFF
    frame = Frame(encoding, width, height, step, other, big_endian)
    assert (converter.convert(frame) == expected).all()
    assert (to_bgr(frame) == shown).all()


@cases
@given(encoding=st.text(max_size=12), size=st.tuples(SIDE, SIDE))
def test_unknown_encodings_are_refused(encoding, size):
    if encoding in ENCODINGS:
        return
    with pytest.raises(FrameError, match='is not supported'):
        Frame(encoding, *size, size[0], np.zeros(size[0] * size[1], np.uint8))
