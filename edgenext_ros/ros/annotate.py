# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A picture with its classification written on it."""

from __future__ import annotations

import cv2
from edgenext_ros.core.encode import to_bgr
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.prediction import Prediction

_FONT = cv2.FONT_HERSHEY_SIMPLEX


def annotate(frame: Frame, prediction: Prediction, labels: LabelSet, *,
             yuv_range: str = 'limited', lines: int = 3) -> Frame:
    """Draw the best classes and a bar for each score at the foot of the picture, as bgr8."""
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
        score = prediction.scores[index]
        y = top + row * (index + 1) - row // 4
        text = f'{score:4.0%} {labels[prediction.class_ids[index]]}'
        cv2.rectangle(image, (0, y + row // 8), (round(width * score), y + row // 8 + thick),
                      (80, 200, 80), cv2.FILLED)
        cv2.putText(image, text, (row // 4, y), _FONT, scale, (255, 255, 255), thick, cv2.LINE_AA)
    if not count:
        cv2.putText(image, 'below the threshold', (row // 4, max(row, height - row // 4)), _FONT,
                    scale, (200, 200, 255), thick, cv2.LINE_AA)
    return Frame.from_image(image)
