# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Convert BGR pictures to any camera encoding, and frames to BGR for display."""

from __future__ import annotations

import cv2
from edgenext_ros.core.encoding_names import similar_encoding
from edgenext_ros.core.frame import (
    Bytes,
    check_frame,
    ENCODINGS,
    Frame,
    FrameError,
    UnknownEncodingError,
)
from edgenext_ros.core.image_array import check_image
from edgenext_ros.core.layout import BAYER_TO_BGR
from edgenext_ros.core.nv12 import EXPAND_C, EXPAND_Y
from edgenext_ros.core.to_yuv import YUV422_ORDER
import numpy as np

_TO = {
    'rgb8': cv2.COLOR_BGR2RGB, 'bgra8': cv2.COLOR_BGR2BGRA, 'rgba8': cv2.COLOR_BGR2RGBA,
    'mono8': cv2.COLOR_BGR2GRAY, 'mono16': cv2.COLOR_BGR2GRAY,
}
_FROM = {
    'rgb8': cv2.COLOR_RGB2BGR, 'bgra8': cv2.COLOR_BGRA2BGR, 'rgba8': cv2.COLOR_RGBA2BGR,
    'mono8': cv2.COLOR_GRAY2BGR, 'mono16': cv2.COLOR_GRAY2BGR,
    **BAYER_TO_BGR,
}
_BAYER = {'r': 2, 'g': 1, 'b': 0}


def encode(image: Bytes, encoding: str) -> Frame:
    """
    Encode a picture as a camera does; YUV is written in limited range, as OpenCV writes it.

    :param image: BGR, uint8 (height, width, 3). An odd last row or column is dropped where the
        encoding needs even sides.
    :raises UnknownEncodingError: the encoding is not in ``ENCODINGS``.
    :raises FrameError: the picture has another type or shape, or is smaller than the encoding
        allows.
    """
    if encoding not in ENCODINGS:
        raise UnknownEncodingError(f'cannot encode {encoding!r}: use one of '
                                   f'{", ".join(ENCODINGS)}{similar_encoding(encoding)}')
    layout = ENCODINGS[encoding]
    height, width = check_image(image).shape[:2]
    image = image[:height - height % 2 if layout.even_height else height,
                  :width - width % 2 if layout.even_width else width]
    height, width = image.shape[:2]
    if min(height, width) < layout.smallest:
        raise FrameError(f'{encoding} {width}x{height}: width and height must be at least '
                         f'{layout.smallest}')
    if encoding == 'bgr8':
        return Frame.from_image(image)
    if encoding in _TO:
        converted = _convert(image, _TO[encoding])
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
    y, v, u = _convert(image, cv2.COLOR_BGR2YCrCb).astype(np.float32).transpose(2, 0, 1)
    return tuple(np.rint(plane).astype(np.uint8) for plane in (
        y * (219 / 255) + 16, (u - 128) * (224 / 255) + 128, (v - 128) * (224 / 255) + 128))


def to_bgr(frame: Frame, *, yuv_range: str = 'limited') -> Bytes:
    """
    Decode any frame for display.

    :param yuv_range: range of the bytes of a YUV frame, one of ``YUV_RANGES``.
    :return: BGR of the frame's own size, uint8 (height, width, 3).
    :raises FrameError: ``frame`` is not a Frame.
    """
    check_frame(frame)
    height, width, encoding = frame.height, frame.width, frame.encoding
    channels = ENCODINGS[encoding].pixel_bytes
    pixels = frame.plane(channels, width=width, height=height)
    if encoding == 'bgr8':
        return pixels.copy()
    if encoding in _FROM:
        if encoding == 'mono16':
            pixels = pixels[..., 0 if frame.big_endian else 1]
        return _convert(np.ascontiguousarray(pixels), _FROM[encoding])
    if encoding in YUV422_ORDER:
        at_y, at_u, at_v = YUV422_ORDER[encoding]
        y = pixels[..., at_y]
        chroma = frame.plane(4, width=width // 2, height=height)[..., [at_u, at_v]].repeat(2, 1)
    else:
        y, chroma = pixels, frame.chroma()
        if encoding != 'nv24':
            chroma = chroma.repeat(2, 0).repeat(2, 1)
        if encoding == 'nv21':
            chroma = chroma[..., ::-1]
    if yuv_range == 'limited':
        y, chroma = EXPAND_Y[y], EXPAND_C[chroma]
    return _convert(np.dstack([y, chroma[..., 1], chroma[..., 0]]), cv2.COLOR_YCrCb2BGR)


def _convert(image: Bytes, code: int) -> Bytes:
    single = image.shape[:2] == (1, 1)
    if single:
        # OpenCV 4.5 cannot convert a 1x1 picture with several channels.
        image = image.repeat(2, axis=1)
    converted: Bytes = cv2.cvtColor(image, code)
    return converted[:, :1] if single else converted
