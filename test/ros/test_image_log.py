# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The log of images without a result."""

import sys
from types import SimpleNamespace
from unittest.mock import Mock

import cv2
from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.ros import image_log, log_limits
from edgenext_ros.ros.image_log import ImageLog
from edgenext_ros.ros.messages import frame_from_image
from edgenext_ros.ros.outcome import Outcome
from edgenext_ros.ros.serialised_images import CompressedImageData, ImageData
import numpy as np
import pytest


LONG = 'jpeg' + 1000 * ' '


@pytest.mark.parametrize('picture', [
    ImageData(1, 0, '', b'', 48, 64, LONG, 0, 0), CompressedImageData(1, 0, '', b'', LONG)],
    ids=['encoding', 'format'])
def test_log_of_a_layout_has_a_limited_length(picture):
    frame, log = Frame.from_image(np.zeros((2, 2, 3), np.uint8)), ImageLog(Mock(), topic='/image')
    log.on_outcome(Outcome(None, None, 0.0, picture=picture, frame=frame))
    assert len(log.layout) < 120 and 'jpeg' in log.layout and '...' in log.layout


def test_note_on_a_picture_file_has_a_limited_length(photograph):
    data = np.frombuffer(cv2.imencode('.jpg', photograph)[1], np.uint8)
    frame = frame_from_image(ImageData(1, 0, '', data, 240, 320, LONG, 0, 0))
    assert frame.note.startswith("encoding 'jpeg ") and len(frame.note) < 200


def test_reason_of_cv_bridge_has_a_limited_length(monkeypatch):
    def fail():
        raise ValueError(f'Unrecognized image encoding [{1000 * "x"}]')

    monkeypatch.setitem(sys.modules, 'cv_bridge', SimpleNamespace(CvBridge=fail))
    with pytest.raises(FrameError) as caught:
        frame_from_image(ImageData(1, 0, '', np.zeros(9, np.uint8), 1, 3, 1000 * 'x', 0, 9))
    assert 'Unrecognized image encoding' in str(caught.value)
    assert 80 * 'x' not in str(caught.value)


def test_at_most_three_similar_problems_are_logged():
    logger = Mock()
    log = ImageLog(logger, topic='/image')
    for text in (*(f'compressed picture of {size} bytes is truncated'
                   for size in range(5000, 5100)), 'encoding is not supported'):
        log.on_outcome(Outcome(None, None, 0.0, error=FrameError(text)))
    lines = [call.args[0] for call in logger.warning.call_args_list]
    assert [line.partition(': ')[2] for line in lines] == [
        *(f'compressed picture of {size} bytes is truncated' for size in (5000, 5001, 5002)),
        'encoding is not supported']


def test_pictures_of_many_sizes_do_not_flood_the_log(monkeypatch):
    """One picture a second, each of another size; a minute later a change is news again."""
    now = [0.0]
    for module in (image_log, log_limits):
        monkeypatch.setattr(module, 'monotonic', lambda: now[0])
    logger = Mock()
    log = ImageLog(logger, topic='/image')

    def give(width):
        frame = Frame.from_image(np.zeros((8, width, 3), np.uint8))
        picture = Mock(layout=f'{width}x8 bgr8')
        log.on_outcome(Outcome(None, None, 0.0, picture=picture, frame=frame))

    for width in range(10, 200):
        now[0] += 1.0
        give(width)
    now[0] += 61.0
    give(300)
    lines = [call.args[0] for call in logger.info.call_args_list]
    assert lines[:2] == ['images of /image: 10x8 bgr8', 'images of /image: 11x8 bgr8, before 10x8 '
                         'bgr8']
    assert [line.endswith('further changes are not logged') for line in lines] == [
        *[False] * 11, True, False]
    assert lines[-1] == 'images of /image: 300x8 bgr8, before 199x8 bgr8'
