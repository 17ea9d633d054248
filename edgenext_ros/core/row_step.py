# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Bytes from row to row of a picture whose message gives no reliable step."""

from __future__ import annotations

from functools import lru_cache

from edgenext_ros.core.encoding_names import known_encoding
from edgenext_ros.core.layout import (
    ENCODINGS,
    Layout,
    OF_16_BITS,
    ROW_ALIGNMENTS,
    UnknownEncodingError,
)


def step_of(encoding: str, *, width: int, height: int, size: int) -> int:
    """
    Return the bytes from row to row that fit a picture's number of bytes.

    >>> step_of('bgr8', width=100, height=10, size=3000)  # no padding
    300
    >>> step_of('nv12', width=100, height=10, size=1920)  # rows of a multiple of 128 bytes
    128

    :param encoding: name of the encoding; an unknown one gives ``size`` / ``height``.
    :param width: width in pixels.
    :param height: rows of pixels.
    :param size: bytes of all rows, chroma included.
    :return: the step; the bytes of a row without padding when ``size`` fits no usual padding.
    """
    layout = _layout(encoding)
    if layout is None:
        return size // max(1, height)
    row = width * layout.pixel_bytes
    step, rest = divmod(2 * size, max(1, height * layout.half_rows))
    usual = {-(-row // to) * to for to in ROW_ALIGNMENTS}
    return step if not rest and step in usual else row


@lru_cache(maxsize=32)
def _layout(encoding: str) -> Layout | None:
    try:
        name, _ = known_encoding(encoding)
    except UnknownEncodingError:
        return None
    return ENCODINGS.get(name) or OF_16_BITS[name]
