# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The model zoo's Python path, the baseline of the benchmark.

It makes the same library calls in the same order as the EdgeNeXt sample of D-Robotics' RDK Model
Zoo (rdk_x5, 2026) does around the BPU; it was written from a description of it. Its speed is
comparable, its colours are not: it writes BT.601 limited range, as OpenCV's I420 does, while the
.bin models read full range (see ``edgenext_ros.core.nv12``).
"""

from __future__ import annotations

import cv2
from edgenext_ros.core.frame import Bytes
from edgenext_ros.core.prediction import Values
import numpy as np
from scipy.special import softmax

_GREY = (127, 127, 127)


def from_bgr8(data: Bytes, *, width: int, height: int) -> Bytes:
    """
    View a camera's bgr8 bytes as BGR.

    :param data: uint8 (height * width * 3).
    :param width: picture width in pixels.
    :param height: picture height in pixels.
    :return: uint8 (height, width, 3).
    """
    return data.reshape(height, width, 3)


def from_nv12(data: Bytes, *, width: int, height: int) -> Bytes:
    """
    Decode a camera's NV12 bytes to BGR, the zoo's only input.

    :param data: uint8 (height * width * 3 / 2).
    :param width: picture width in pixels.
    :param height: picture height in pixels.
    :return: uint8 (height, width, 3).
    """
    return cv2.cvtColor(data.reshape(height * 3 // 2, width), cv2.COLOR_YUV2BGR_NV12)


def from_yuyv(data: Bytes, *, width: int, height: int) -> Bytes:
    """
    Decode a camera's YUYV bytes to BGR, as cv_bridge does.

    :param data: uint8 (height * width * 2).
    :param width: picture width in pixels.
    :param height: picture height in pixels.
    :return: uint8 (height, width, 3).
    """
    return cv2.cvtColor(data.reshape(height, width, 2), cv2.COLOR_YUV2BGR_YUYV)


def from_jpeg(data: Bytes) -> Bytes:
    """Decode a JPEG file to BGR."""
    return cv2.imdecode(data, cv2.IMREAD_COLOR)


def preprocess(image: Bytes, *, width: int, height: int) -> Bytes:
    """
    Make the model's input from BGR.

    :param image: uint8 (rows, columns, 3).
    :param width: width of the model's input, in pixels.
    :param height: height of the model's input, in pixels.
    :return: limited-range NV12, uint8 (1, height * 3 / 2, width, 1).
    """
    luma, chroma = _nv12_planes(_letterbox(image, width=width, height=height))
    nv12 = np.concatenate([luma.reshape(-1), chroma.reshape(-1)])
    return nv12.reshape(1, height * 3 // 2, width, 1).astype(np.uint8)


def _letterbox(image: Bytes, *, width: int, height: int) -> Bytes:
    scale = min(width / image.shape[1], height / image.shape[0])
    inner = round(image.shape[1] * scale), round(image.shape[0] * scale)
    small = cv2.resize(image, inner, interpolation=cv2.INTER_LINEAR)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    return cv2.copyMakeBorder(small, top, height - inner[1] - top, left, width - inner[0] - left,
                              cv2.BORDER_CONSTANT, value=_GREY)


def _nv12_planes(image: Bytes) -> tuple[Bytes, Bytes]:
    height, width = image.shape[:2]
    area = height * width
    i420 = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420).reshape(-1)
    u = i420[area:area * 5 // 4].reshape(height // 2, width // 2)
    v = i420[area * 5 // 4:].reshape(height // 2, width // 2)
    return i420[:area].reshape(height, width), np.stack([u, v], axis=-1)


def postprocess(logits: Values, *, top_k: int) -> tuple[list[int], list[float]]:
    """Return the best classes and their probabilities, best first."""
    probabilities = softmax(logits)
    best = np.argsort(probabilities)[::-1][:top_k]
    return best.tolist(), probabilities[best].tolist()
