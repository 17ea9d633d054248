# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
See 10- and 12-bit data in the low bits of 16-bit pictures, which then look black.

The high byte of a 16-bit value is what is classified. No field of a message says how many bits a
camera fills, so the values have to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgenext_ros.core.frame import Frame

LOWEST_USUAL = 1 << 14
"""Pictures that fill 16 bits have a value from here on, unless they are very dark."""
_FRAMES = 30
"""Pictures that are looked at before something is said."""
_EVERY = 8
"""Rows, and columns, from one value that is looked at to the next: 10 us of a 640x480 picture."""


def low_values(highest: int) -> str:
    """Say what it means that no 16-bit value is above ``highest``, and what to do."""
    bits = next(bits for bits in (8, 10, 12, 14) if highest < 1 << bits)
    return (f'16-bit values stay below {1 << bits} of 65535, as those of a {bits}-bit camera do: '
            f'the picture is nearly black; let the driver send mono8, or scale to 16 bits')


class BitDepth:
    """Look at the first pictures of a stream of 16-bit values, sparsely."""

    def __init__(self) -> None:
        self._stream: tuple[object, ...] = ()
        self._seen, self._highest = 0, 0

    def judge(self, frame: Frame) -> str:
        """Return a sentence once, when the values of 30 pictures stay low."""
        if frame.encoding != 'mono16' and not frame.of_16_bits:
            return ''
        stream = (frame.encoding, frame.width, frame.height, frame.big_endian)
        if stream != self._stream:
            self._stream, self._seen, self._highest = stream, 0, 0
        if self._seen == _FRAMES:
            return ''
        self._seen += 1
        self._highest = max(self._highest, _highest(frame))
        if self._highest >= LOWEST_USUAL:
            self._seen = _FRAMES
        elif self._seen == _FRAMES:
            return low_values(self._highest)
        return ''


def _highest(frame: Frame) -> int:
    """Return the highest of some values, or of what they may be."""
    if frame.of_16_bits:
        # Neither alpha, nor one colour of a mosaic only.
        data = frame.data.reshape(-1, 4)[:, :3] if frame.encoding in ('bgra8', 'rgba8') else \
            frame.data
        return int(data[::_EVERY * _EVERY - 1].max()) << 8 | 0xFF
    pixels = frame.plane(2, width=frame.width, height=frame.height)[::_EVERY, ::_EVERY]
    high, low = pixels[..., int(not frame.big_endian)], pixels[..., int(frame.big_endian)]
    top = high.max()
    return (int(top) << 8) + int(low[high == top].max())
