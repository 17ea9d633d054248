# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Draw classification results into a picture."""

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
"""Largest width of an annotated picture in pixels."""


@dataclass(frozen=True)
class AnnotatedPicture:
    """Data for one annotated picture; it holds no copy of the camera's pixels."""

    read: Callable[[], Frame]
    """Decode the camera's message, or view its pixels."""
    prediction: Prediction
    labels: LabelSet
    header: Header
    yuv_range: str = 'limited'

    def message(self) -> bytes:
        """Draw the picture, at most ``ANNOTATED_WIDTH`` wide, and serialise it as an Image."""
        return write_image(
            annotate(self.read(), self.prediction, self.labels, yuv_range=self.yuv_range,
                     widest=ANNOTATED_WIDTH),
            sec=self.header.stamp.sec, nanosec=self.header.stamp.nanosec,
            frame_id=self.header.frame_id)


def wide_enough(width: int, height: int) -> bool:
    """
    Return whether a picture of this size is large enough to be annotated.

    A JPEG may be decoded at a reduced size while this is true; see ``Frame.from_compressed``.
    """
    return width >= ANNOTATED_WIDTH


def annotate(frame: Frame, prediction: Prediction, labels: LabelSet, *,
             yuv_range: str = 'limited', lines: int = 3, widest: int = 0) -> Frame:
    """
    Draw the best classes, with a bar for each score, at the bottom of a copy of the picture.

    A name without a font on this machine is drawn as the class index; a long name is cut.

    :param frame: the picture, in any encoding; it is not modified.
    :param prediction: class indices and scores, best first.
    :param labels: the names of the classes.
    :param yuv_range: value range of a YUV frame, one of ``YUV_RANGES``.
    :param lines: largest number of classes.
    :param widest: reduce a wider picture to this width in pixels; 0 keeps its size.
    :return: the annotated picture as bgr8.
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
