# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Check arrays that a program passes in, before their bytes are read as pixels.

Another type has other bytes, so a float picture would be classified without an error and wrongly.
"""

from __future__ import annotations

from typing import Any

from edgenext_ros.core.layout import Bytes, ENCODINGS, FrameError
import numpy as np
import numpy.typing as npt

_MISSING = ': cv2.imread returns None when the file does not exist or OpenCV cannot read it'
_DEPTHS = {np.dtype(np.bool_): 'image.astype(np.uint8) * 255',
           np.dtype(np.uint16): '(image >> 8).astype(np.uint8), if its values use all 16 bits'}
_CONVERSIONS = {
    ('bgr8', 1): ('cv2.COLOR_GRAY2BGR', 'grey'), ('bgr8', 4): ('cv2.COLOR_BGRA2BGR', 'BGRA'),
    ('rgb8', 1): ('cv2.COLOR_GRAY2RGB', 'grey'), ('rgb8', 4): ('cv2.COLOR_RGBA2RGB', 'RGBA'),
    ('mono8', 3): ('cv2.COLOR_BGR2GRAY', 'BGR'), ('mono8', 4): ('cv2.COLOR_BGRA2GRAY', 'BGRA')}
"""OpenCV's conversions, by the expected encoding and the number of channels found."""


def check_image(image: object, *, encoding: str = 'bgr8') -> Bytes:
    """
    Return ``image`` if its type and shape are those of a picture.

    :param image: expected to be uint8 (height, width, bytes of a pixel), or (height, width) for
        one byte a pixel.
    :param encoding: a key of ``ENCODINGS``.
    :raises FrameError: it is something else; the text says how to convert it, where that is known.
    """
    pixel_bytes = ENCODINGS[encoding].pixel_bytes
    if isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.size \
            and (image.shape[2:] == (pixel_bytes,) or (pixel_bytes == 1 and image.ndim == 2)):
        return image
    channels = '' if pixel_bytes == 1 else f', {pixel_bytes}'
    order = encoding[:-1].upper() if encoding[:3] in ('bgr', 'rgb') else encoding
    raise FrameError(f'expected uint8 of shape (height, width{channels}), {order}, got '
                     f'{_describe(image)}{_cure(image, encoding, pixel_bytes)}')


def check_bytes(data: object, *, name: object) -> None:
    """
    Check the type of the bytes of a picture.

    :param data: expected to be an array of uint8; its shape is not checked.
    :param name: what the error begins with. It is formatted for an error only, because every
        frame is checked.
    :raises FrameError: the data is something else.
    """
    if isinstance(data, np.ndarray) and data.dtype == np.uint8:
        return
    cure = ''
    if isinstance(data, (bytes, bytearray, memoryview)):
        cure = ': np.frombuffer(data, np.uint8) makes it'
    elif isinstance(data, np.ndarray):
        cure = ': data.view(np.uint8) has its bytes, if they are those of the encoding'
    raise FrameError(f'{name}: expected data as an array of uint8, got {_describe(data)}{cure}')


def _describe(value: object) -> str:
    if isinstance(value, np.ndarray):
        return f'{value.dtype} {value.shape}'
    return 'None' if value is None else type(value).__qualname__


def _cure(image: object, encoding: str, pixel_bytes: int) -> str:
    """Return what makes the picture from ``image``, as the end of a sentence; empty if unknown."""
    if image is None:
        return _MISSING
    if not isinstance(image, np.ndarray):
        if type(image).__module__.startswith('PIL.'):
            return ": np.asarray(image.convert('RGB')) is a picture with encoding='rgb8'"
        return ': expected a NumPy array'
    if not image.size:
        return ': it has no pixels, as a part that lies outside a picture'
    if image.dtype != np.uint8:
        return f': {_to_uint8(image, encoding)}'
    return _to_shape(image.shape, encoding, pixel_bytes)


def _to_uint8(image: npt.NDArray[Any], encoding: str) -> str:
    if encoding == 'mono16' and image.dtype == np.uint16:
        return "image.astype('<u2').view(np.uint8).reshape(*image.shape, 2) has its bytes"
    if image.dtype in _DEPTHS:
        return f'convert it with {_DEPTHS[image.dtype]}'
    if image.dtype.kind == 'f' and (image <= 1).all():
        return 'convert it with (image * 255).astype(np.uint8)'
    return 'convert it with image.astype(np.uint8), if its values are 0 to 255'


def _to_shape(shape: tuple[int, ...], encoding: str, pixel_bytes: int) -> str:
    if len(shape) == 4 and shape[3] == pixel_bytes:
        return ': this is a batch of pictures; pass each image[index]'
    if len(shape) == 3 and shape[0] == pixel_bytes > 1:
        return ': convert it with image.transpose(1, 2, 0)'
    channels = {2: 1, 3: shape[-1]}.get(len(shape))
    found = _CONVERSIONS.get((encoding, channels or 0))
    return f': convert it with cv2.cvtColor(image, {found[0]}), if it is {found[1]}' \
        if found else ''
