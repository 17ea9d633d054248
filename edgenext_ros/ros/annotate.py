# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture with its classification written on it."""

from __future__ import annotations

import cv2
from edgenext_ros.core.encode import to_bgr
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.ros.text import draw

_WHITE, _RED, _GREEN = (255, 255, 255), (200, 200, 255), (80, 200, 80)


def annotate(frame: Frame, prediction: Prediction, labels: LabelSet, *,
             yuv_range: str = 'limited', lines: int = 3) -> Frame:
    """
    Draw the best classes and a bar for each score at the foot of the picture, as bgr8.

    A name for which this machine has no font is drawn as the class index, a long one is cut.
    """
    image = to_bgr(frame, yuv_range=yuv_range)
    height, width = image.shape[:2]
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
