# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Class names in pictures: any script with a font on this machine, else the class index."""

import sys

from edgenext_ros.core.frame import Frame
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.ros import text
from edgenext_ros.ros.annotate import annotate, AnnotatedPicture
import numpy as np
import pytest
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import Image
from std_msgs.msg import Header

PRIVATE = '\ue123\ue124'
"""Private use characters, which ordinary fonts lack."""


def drawn(name, *, width=640, class_id=0):
    """Return a dark picture with one name on it: BGR, uint8 (240, width, 3)."""
    labels = LabelSet(tuple(name if index == class_id else 'other' for index in range(8)))
    frame = Frame.from_image(np.zeros((240, width, 3), np.uint8))
    result = annotate(frame, Prediction((class_id,), (0.0,)), labels)
    return np.frombuffer(result.data, np.uint8).reshape(240, width, 3)


@pytest.fixture(autouse=True)
def _fresh():
    text.font_for.cache_clear()
    yield
    text.font_for.cache_clear()


def needs_font(name):
    if text.font_for(name) is None:
        pytest.skip('no Pillow, or no font with this script: apt has python3-pil and fonts-dejavu')


@pytest.mark.parametrize('name', [PRIVATE, 'cat \U0010fffd', 'a\x01b', '\u0378'])
def test_name_without_font_is_drawn_as_class_index(name):
    assert (drawn(name, class_id=5) == drawn('class 5', class_id=5)).all()


@pytest.mark.parametrize('name', ['лицо', 'Größe', '顔', '🙂'])
def test_name_without_pillow_is_drawn_as_class_index(monkeypatch, name):
    monkeypatch.setitem(sys.modules, 'PIL', None)
    assert (drawn(name, class_id=5) == drawn('class 5', class_id=5)).all()


@pytest.mark.parametrize('name', ['лицо человека', 'Größe', 'Ελλάδα'])
def test_name_in_another_script_is_drawn_with_a_matching_font(name):
    needs_font(name)
    picture = drawn(name, class_id=5)
    assert picture.any()
    assert not (picture == drawn('class 5', class_id=5)).all()
    # Each letter has its own glyph, not the one for missing characters.
    assert not (picture == drawn(name[::-1], class_id=5)).all()
    assert not (picture == drawn('?' * len(name), class_id=5)).all()


def test_composed_and_decomposed_letters_look_alike():
    needs_font('ö')
    assert (drawn('o\u0308') == drawn('\u00f6')).all()


def test_right_to_left_name_is_drawn_after_its_score():
    needs_font('وجه')
    left = drawn('وجه')[:, :28]
    assert (left == drawn('وجه إنسان')[:, :28]).all() and left.any(), 'the score comes first'


def test_shaped_script_without_raqm_is_drawn_as_class_index(monkeypatch):
    features = pytest.importorskip('PIL.features')
    monkeypatch.setattr(features, 'check', lambda name: False)
    assert (drawn('وجه', class_id=5) == drawn('class 5', class_id=5)).all()


@pytest.mark.parametrize('name', ['a long name ' * 8, 'длинное имя ' * 8, PRIVATE * 50],
                         ids=['ASCII', 'Cyrillic', 'no font'])
@pytest.mark.parametrize('width', [640, 160, 48, 8])
def test_long_name_ends_inside_the_picture(name, width):
    picture = drawn(name, width=width)
    if width >= 160:
        assert not picture[:, -4:].any(), 'the edge would cut it'
    if width == 640 and (name.isascii() or text.font_for(name)):
        assert picture[:, -100:].any(), 'it uses the available width'


@pytest.mark.parametrize('size,widest,expected', [
    ((640, 480), 1280, (640, 480)), ((1280, 960), 1280, (1280, 960)),
    ((1920, 1080), 1280, (1280, 720)), ((1281, 1), 1280, (1280, 1)),
    ((1920, 1080), 0, (1920, 1080))])
def test_wide_picture_is_reduced(size, widest, expected):
    width, height = size
    frame = Frame.from_image(np.full((height, width, 3), 200, np.uint8))
    labels = LabelSet(('cat', 'dog'))
    picture = annotate(frame, Prediction((0,), (0.5,)), labels, widest=widest)
    assert (picture.encoding, picture.width, picture.height) == ('bgr8', *expected)
    assert (frame.data == 200).all(), 'nothing is drawn into the image itself'


@pytest.mark.parametrize('width,height,expected', [
    (1920, 1080, (1280, 720)), (640, 480, (640, 480))])
def test_annotated_picture_makes_a_serialised_image(width, height, expected):
    header = Header(frame_id='camera')
    header.stamp.sec = 7
    frame = Frame.from_image(np.zeros((height, width, 3), np.uint8))
    picture = AnnotatedPicture(
        lambda: frame, Prediction((0,), (0.5,)), LabelSet(('cat',)), header)
    image = deserialize_message(picture.message(), Image)
    assert image.header == header
    assert (image.width, image.height, image.step) == (*expected, 3 * expected[0])
    assert image.encoding == 'bgr8' and any(image.data)


def test_short_ascii_name_is_drawn_whole():
    assert (drawn('cup') != drawn('cu')).any()


def test_damaged_font_is_ignored(tmp_path):
    (tmp_path / 'a.ttf').write_bytes(b'no font')
    assert text.font_for('лицо', (str(tmp_path),)) is None
