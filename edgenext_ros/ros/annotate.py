# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture with its classification written on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
from edgenext_ros.core.encode import to_bgr
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.ros.serialised_images import write_image
from edgenext_ros.ros.text import draw
from std_msgs.msg import Header

_WHITE, _RED, _GREEN = (255, 255, 255), (200, 200, 255), (80, 200, 80)

ANNOTATED_WIDTH = 1280
"""A wider picture is reduced to so many pixels."""


@dataclass(frozen=True)
class AnnotatedPicture:
    """What an annotated picture is drawn from; nothing of the camera's message is copied."""

    read: Callable[[], Frame]
    """Views or decodes the picture of the camera's message."""
    prediction: Prediction
    labels: LabelSet
    header: Header
    yuv_range: str = 'limited'

    def message(self) -> bytes:
        """Draw it, at most ``ANNOTATED_WIDTH`` pixels wide, as a serialised sensor_msgs/Image."""
        return write_image(
            annotate(self.read(), self.prediction, self.labels, yuv_range=self.yuv_range,
                     widest=ANNOTATED_WIDTH),
            sec=self.header.stamp.sec, nanosec=self.header.stamp.nanosec,
            frame_id=self.header.frame_id)


def wide_enough(width: int, height: int) -> bool:
    """Say whether a picture of this size has all that is shown of it."""
    return width >= ANNOTATED_WIDTH


def annotate(frame: Frame, prediction: Prediction, labels: LabelSet, *,
             yuv_range: str = 'limited', lines: int = 3, widest: int = 0) -> Frame:
    """
    Draw the best classes and a bar for each score at the foot of the picture, as bgr8.

    A name for which this machine has no font is drawn as the class index, a long one is cut.

    :param yuv_range: what the bytes of a YUV frame mean, one of ``YUV_RANGES``.
    :param lines: at most so many classes.
    :param widest: a wider picture is reduced to so many pixels; 0 keeps its size.
    """
    image = to_bgr(frame, yuv_range=yuv_range)
    height, width = image.shape[:2]
    if 0 < widest < width:
        width, height = widest, max(1, round(height * widest / width))
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    scale = max(0.35, min(height, width) / 600)
    thick = max(1, round(scale * 1.6))
    row = max(12, round(34 * scale))
    count = min(lines, len(prediction))
    top = max(0, height - row * count - row // 3)
    foot = image[top:]
    foot[:] = foot // 4
    for index in range(count):
        score, class_id = prediction.scores[index], prediction.class_ids[index]
        y = top + row * (index + 1) - row // 4
        cv2.rectangle(image, (0, y + row // 8), (round(width * score), y + row // 8 + thick),
                      _GREEN, cv2.FILLED)
        draw(image, f'{score:4.0%} ', labels[class_id], instead=f'class {class_id}',
             at=(row // 4, y), scale=scale, thick=thick, colour=_WHITE)
    if not count:
        draw(image, '', 'below the threshold', instead='', scale=scale, thick=thick,
             at=(row // 4, max(row, height - row // 4)), colour=_RED)
    return Frame.from_image(image)
