# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What makes times repeatable: a quiet interpreter, and a picture that is always the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import gc

import cv2
from edgenext_ros.core.frame import Bytes
import numpy as np


@contextmanager
def quiet() -> Iterator[None]:
    """Disable what makes times vary: garbage collection and OpenCV's threads."""
    threads, collects = cv2.getNumThreads(), gc.isenabled()
    gc.collect()
    gc.disable()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)
        if collects:
            gc.enable()


def picture(width: int, height: int) -> Bytes:
    """Return a BGR picture with the detail of a photograph; always the same one."""
    random = np.random.default_rng(0)
    image = np.full((height, width, 3), 128, np.float32)
    image += np.linspace(48, -48, height, dtype=np.float32)[:, None, None]
    # In photographs amplitudes fall with the frequency, and brightness varies more than colour.
    for cells in (4, 8, 16, 32, 64, 128, 256, 512):
        noise = random.normal(size=(cells, cells, 3)) * 0.4 + random.normal(size=(cells, cells, 1))
        image += cv2.resize(noise.astype(np.float32), (width, height),
                            interpolation=cv2.INTER_CUBIC) * (60 / cells ** 0.6)
    return image.clip(0, 255).astype(np.uint8)
