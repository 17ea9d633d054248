# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Detect cameras that fill only the low 8 to 14 bits of 16-bit values, so that pictures look black.

Only the high byte of a 16-bit value is classified. No field of a ROS message says how many bits
the camera fills, so the values are examined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgenext_ros.core.frame import Frame

LOWEST_USUAL = 1 << 14
"""A picture that fills 16 bits has a value of at least this, unless it is very dark."""
_FRAMES = 30
"""Number of pictures that are examined before the warning."""
_EVERY = 8
"""Distance between sampled rows and columns of mono16; a 640x480 picture takes 10 us."""


def low_values(highest: int) -> str:
    """Return the warning for pictures without a 16-bit value above ``highest``."""
    bits = next(bits for bits in (8, 10, 12, 14) if highest < 1 << bits)
    return (f'16-bit values stay below {1 << bits} of 65535, as those of a {bits}-bit camera do: '
            f'the picture is nearly black; let the driver send mono8, or scale to 16 bits')


class BitDepth:
    """Examine a sample of the values in the first pictures of each stream."""

    def __init__(self) -> None:
        self._stream: tuple[object, ...] = ()
        self._seen, self._highest = 0, 0

    def judge(self, frame: Frame) -> str:
        """Return the warning once per stream, after 30 pictures with low values; else ''."""
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
    """Return the highest sampled value, or its upper bound where only the high byte is known."""
    if frame.of_16_bits:
        # Alpha is ignored. The odd distance of 63 samples every colour of a mosaic.
        data = frame.data.reshape(-1, 4)[:, :3] if frame.encoding in ('bgra8', 'rgba8') else \
            frame.data
        return int(data[::_EVERY * _EVERY - 1].max()) << 8 | 0xFF
    pixels = frame.plane(2, width=frame.width, height=frame.height)[::_EVERY, ::_EVERY]
    high, low = pixels[..., int(not frame.big_endian)], pixels[..., int(frame.big_endian)]
    top = high.max()
    return (int(top) << 8) + int(low[high == top].max())
