# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The names of encodings: other names of those in ``ENCODINGS``, and remedies for unknown ones."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from edgenext_ros.core.did_you_mean import did_you_mean
from edgenext_ros.core.layout import ENCODINGS, OF_16_BITS, UnknownEncodingError

_LONGEST_NAME = 40
"""Characters of an unknown encoding that an error quotes; messages do not limit the name."""
_ALIASES: Mapping[str, str] = MappingProxyType({
    # OpenCV's type names, which cv2_to_imgmsg writes without an encoding.
    '8uc1': 'mono8', '8uc3': 'bgr8', '8uc4': 'bgra8',
    # FFmpeg's and V4L2's names.
    'bgr24': 'bgr8', 'rgb24': 'rgb8', 'bgra': 'bgra8', 'rgba': 'rgba8', 'gray': 'mono8',
    'gray8': 'mono8', 'grey': 'mono8', 'y8': 'mono8', 'mono': 'mono8', 'yuyv422': 'yuyv',
    'yuy2': 'yuyv', 'uyvy422': 'uyvy', 'gray16': 'mono16', 'y16': 'mono16', 'bgr48': 'bgr16',
    'rgb48': 'rgb16', 'bgra64': 'bgra16', 'rgba64': 'rgba16',
})
_OTHER_LAYOUTS = frozenset((
    'yvyu', 'vyuy', 'yvyu422', 'vyuy422', 'yuv422_yvyu', 'yuv422_vyuy', 'nv16', 'nv61', 'nv42',
    'yv12', 'yu12', 'i420', 'iyuv', 'yuv420', 'yuv420p', 'yuv422p', 'yuv444', 'yuv444p',
    'argb', 'abgr', 'argb8', 'abgr8', 'xrgb', 'xbgr', 'xrgb8', 'xbgr8', 'rgbx', 'bgrx', 'rgbx8',
    'bgrx8', 'rgb565', 'bgr565', 'rgb555', 'bgr555'))
"""Layouts that are not supported; the colours would be wrong under a similar name."""
_OTHERS: Mapping[str, str] = MappingProxyType({
    **dict.fromkeys(('16uc1', '16sc1', '32fc1'),
                    '; cameras send depth in it: give the topic of the colour picture'),
    '8uc2': "; if it is YUV, let the driver say 'yuyv' or 'uyvy'",
    'yuv422_yuyv': "; if it is YUYV, let the driver say 'yuyv'",
    **dict.fromkeys(('mono10', 'mono12', 'mono14'), '; let the driver send mono16 or mono8'),
    **dict.fromkeys(_OTHER_LAYOUTS, '; it is another layout: let the driver send one of these'),
})
"""Remedies for encodings that are not supported, by lower-case name."""


def known_encoding(name: str) -> tuple[str, str]:
    """
    Translate the name of an encoding.

    :return: a key of ``ENCODINGS`` or ``OF_16_BITS``, and a note when ``name`` is an alias.
    :raises UnknownEncodingError: neither table has the encoding, under any known name.
    """
    if name in ENCODINGS or name in OF_16_BITS:
        return name, ''
    plain = name[:_LONGEST_NAME].strip().lower()
    known = _ALIASES.get(plain, plain)
    if len(name) > _LONGEST_NAME or not (known in ENCODINGS or known in OF_16_BITS):
        remedy = _OTHERS.get(plain) or similar_encoding(plain)
        raise UnknownEncodingError(f'encoding {name[:_LONGEST_NAME]!r} is not supported; use one '
                                   f'of {", ".join(ENCODINGS)}{remedy}')
    return known, f'encoding {name!r} is taken as {known}'


@lru_cache(maxsize=32)  # a camera may send frames with an unknown encoding
def similar_encoding(name: str) -> str:
    """
    Return the end of an error, such as ``; did you mean 'bgr8'?``; empty if none is similar.

    The digits must agree if there are some: nv16 and rgb565 are no misspelt nv12 and rgb8.
    """
    plain = name.strip().lower()
    if plain in _OTHERS:
        return ''
    digits = _digits(plain)
    return did_you_mean(plain, [known for known in ENCODINGS
                                if not digits or _digits(known) == digits])


def _digits(name: str) -> str:
    return ''.join(filter(str.isdecimal, name))
