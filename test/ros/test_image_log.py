# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The log of images without a result."""

from unittest.mock import Mock

from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.ros import image_log, log_limits
from edgenext_ros.ros.image_log import ImageLog
from edgenext_ros.ros.outcome import Outcome
import numpy as np


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
