# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Resize pictures to the model's size as the node does, or in other ways."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import cv2
from edgenext_ros.choices import DEFAULT_FIT, NODE
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.nv12 import fit_rectangles

_CODES = MappingProxyType({
    'nearest': cv2.INTER_NEAREST, 'bilinear': cv2.INTER_LINEAR, 'area': cv2.INTER_AREA,
    'bicubic': cv2.INTER_CUBIC, 'lanczos': cv2.INTER_LANCZOS4})


@dataclass(frozen=True)
class View:
    """A way to resize pictures."""

    fit: str = DEFAULT_FIT
    """One of ``choices.FITS``."""
    interpolation: str = NODE
    """One of ``choices.INTERPOLATIONS``."""

    def __str__(self) -> str:
        return self.fit if self.interpolation == NODE else f'{self.fit}, {self.interpolation}'

    def resized(self, frame: Frame, *, size: tuple[int, int]) -> Frame:
        """
        Resize a bgr8 frame so that the converter with the same fit does not resize it again.

        :param frame: the frame.
        :param size: width and height of the model's input, in pixels.
        :return: for the interpolation ``NODE``, the frame itself: the converter resizes it.
        """
        if self.interpolation == NODE:
            return frame
        source, target = fit_rectangles(
            source=(frame.width, frame.height), target=size, fit=self.fit)
        pixels = frame.plane(3, width=frame.width, height=frame.height)
        return Frame.from_image(cv2.resize(source.of(pixels), (target.width, target.height),
                                           interpolation=_CODES[self.interpolation]))
