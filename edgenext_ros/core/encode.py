# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""OpenCV's BGR to any camera encoding, and back for display."""

from __future__ import annotations

import cv2
from edgenext_ros.core.frame import Bytes, ENCODINGS, Frame, UnknownEncodingError
import numpy as np

_TO = {
    'rgb8': cv2.COLOR_BGR2RGB, 'bgra8': cv2.COLOR_BGR2BGRA, 'rgba8': cv2.COLOR_BGR2RGBA,
    'mono8': cv2.COLOR_BGR2GRAY, 'mono16': cv2.COLOR_BGR2GRAY,
}
_FROM = {
    'rgb8': cv2.COLOR_RGB2BGR, 'bgra8': cv2.COLOR_BGRA2BGR, 'rgba8': cv2.COLOR_RGBA2BGR,
    'mono8': cv2.COLOR_GRAY2BGR, 'mono16': cv2.COLOR_GRAY2BGR,
    'yuv422_yuy2': cv2.COLOR_YUV2BGR_YUY2, 'yuyv': cv2.COLOR_YUV2BGR_YUY2,
    'yuv422': cv2.COLOR_YUV2BGR_UYVY, 'uyvy': cv2.COLOR_YUV2BGR_UYVY,
    'nv12': cv2.COLOR_YUV2BGR_NV12, 'nv21': cv2.COLOR_YUV2BGR_NV21,
    'bayer_rggb8': cv2.COLOR_BayerBG2BGR, 'bayer_bggr8': cv2.COLOR_BayerRG2BGR,
    'bayer_gbrg8': cv2.COLOR_BayerGR2BGR, 'bayer_grbg8': cv2.COLOR_BayerGB2BGR,
}
_BAYER = {'r': 2, 'g': 1, 'b': 0}


def encode(image: Bytes, encoding: str) -> Frame:
    """
    Write a picture as a camera of this encoding would; YUV in limited range, as OpenCV does.

    :param image: BGR, uint8 (height, width, 3); an odd last row or column is left out where
        the encoding has none.
    :raises UnknownEncodingError: the encoding is not in ``ENCODINGS``.
    """
    if encoding not in ENCODINGS:
        raise UnknownEncodingError(f'cannot encode {encoding!r}: use one of '
                                   f'{", ".join(ENCODINGS)}')
    layout = ENCODINGS[encoding]
    height, width = image.shape[:2]
    image = image[:height - height % 2 if layout.even_height else height,
                  :width - width % 2 if layout.even_width else width]
    height, width = image.shape[:2]
    if encoding == 'bgr8':
        return Frame.from_image(image)
    if encoding in _TO:
        converted = cv2.cvtColor(image, _TO[encoding])
        if encoding == 'mono16':
            converted = (converted.astype('<u2') * 257).view(np.uint8)
        return _frame(encoding, width, height, converted)
    if encoding.startswith('bayer'):
        mosaic = np.empty((height, width), np.uint8)
        for index, colour in enumerate(encoding[6:10]):
            row, column = divmod(index, 2)
            mosaic[row::2, column::2] = image[row::2, column::2, _BAYER[colour]]
        return _frame(encoding, width, height, mosaic)
    y, u, v = _limited_yuv(image)
    if encoding == 'nv24':
        chroma = np.stack([u, v], axis=2)
    elif layout.even_height:
        u, v = (cv2.resize(p, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
                for p in (u, v))
        chroma = np.stack([v, u] if encoding == 'nv21' else [u, v], axis=2)
    else:
        u, v = (cv2.resize(p, (width // 2, height), interpolation=cv2.INTER_AREA)
                for p in (u, v))
        chroma = np.stack([u, v], axis=2).reshape(height, width)
        luma_first = encoding in ('yuyv', 'yuv422_yuy2')
        return _frame(encoding, width, height,
                      np.stack([y, chroma] if luma_first else [chroma, y], axis=2))
    return _frame(encoding, width, height, np.concatenate([y.reshape(-1), chroma.reshape(-1)]))


def _frame(encoding: str, width: int, height: int, data: Bytes) -> Frame:
    step = width * ENCODINGS[encoding].pixel_bytes
    return Frame(encoding, width, height, step, np.ascontiguousarray(data).reshape(-1))


def _limited_yuv(image: Bytes) -> tuple[Bytes, Bytes, Bytes]:
    """Split into Y, U, V of BT.601 limited range, each of the picture's size."""
    y, v, u = cv2.split(cv2.cvtColor(image, cv2.COLOR_BGR2YCrCb).astype(np.float32))
    return tuple(np.rint(plane).astype(np.uint8) for plane in (
        y * (219 / 255) + 16, (u - 128) * (224 / 255) + 128, (v - 128) * (224 / 255) + 128))


def to_bgr(frame: Frame) -> Bytes:
    """Decode any frame to BGR of its own size, uint8 (height, width, 3), for display."""
    height, width, encoding = frame.height, frame.width, frame.encoding
    if encoding == 'bgr8':
        return frame.plane(3, width=width, height=height).copy()
    if encoding == 'nv24':
        # OpenCV has no code for it; every second chroma sample in both directions is nv12.
        rows = frame.data.reshape(-1, frame.step)
        chroma = rows[height:].reshape(height, -1)[:, :2 * width].reshape(height, width, 2)
        half = chroma[::2, ::2][:height // 2, :width // 2].reshape(height // 2, -1)
        even = rows[:height // 2 * 2, :width // 2 * 2]
        image: Bytes = cv2.cvtColor(np.concatenate([even, half]), cv2.COLOR_YUV2BGR_NV12)
        return image
    if encoding in ('nv12', 'nv21'):
        pixels = frame.plane(1, width=width, height=height * 3 // 2)
    else:
        channels = ENCODINGS[encoding].pixel_bytes
        pixels = frame.plane(channels, width=width, height=height)
    if encoding == 'mono16':
        pixels = pixels[..., 0 if frame.big_endian else 1]
    image = cv2.cvtColor(np.ascontiguousarray(pixels), _FROM[encoding])
    return image
