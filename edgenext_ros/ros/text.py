# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
One line of text in a picture, in any script for which the machine has a font.

OpenCV's own font has ASCII only. Other text is drawn with Pillow, where it is installed, and a
font of the system: the first that has a glyph for each character.
"""

from __future__ import annotations

from functools import lru_cache
import os
from pathlib import Path
from typing import Any
import unicodedata

import cv2
from edgenext_ros.core.frame import Bytes
from edgenext_ros.models.store import user_path
import numpy as np

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_FOLDERS = ('/usr/share/fonts', '/usr/local/share/fonts', '~/.local/share/fonts', '~/.fonts')
_SUFFIXES = ('.ttf', '.otf', '.ttc')
_PIXELS = 30
"""Height of a font's em for a scale of 1, where it is as tall as OpenCV's."""
_PROBE_PIXELS = 24
_NO_CHARACTER = '\U0010fffd'  # for private use; drawn with the font's glyph for what it lacks
_MOST_FONTS = 200
_MOST_CHARACTERS = 200
_SELECTORS = {0xfe0e: None, 0xfe0f: None}  # whether an emoji has colours; fonts need no glyph
_SHAPED = ((0x0590, 0x0dff), (0x1000, 0x109f), (0x1780, 0x17ff), (0xfb1d, 0xfeff))
"""Scripts from right to left, and those whose letters join or change places."""


def draw(image: Bytes, before: str, text: str, *, instead: str, at: tuple[int, int],
         scale: float, thick: int, colour: tuple[int, int, int]) -> None:
    """
    Draw a line of text as far as the picture is wide; what is longer ends with dots.

    :param image: BGR, uint8 (height, width, 3); drawn into.
    :param before: ASCII in front of ``text``, which is never cut.
    :param instead: ASCII in the place of a ``text`` that no font here has.
    :param at: left end of the base line, x and y.
    :param scale: as for ``cv2.putText``.
    """
    text = unicodedata.normalize('NFC', ' '.join(text.split()))[:_MOST_CHARACTERS]
    text = text.translate(_SELECTORS)
    path = None if text.isascii() and text.isprintable() else font_for(text)
    if path is not None:
        _draw_with_font(image, before + text, path, at=at, pixels=round(_PIXELS * scale),
                        colour=colour)
        return
    line = before + (text if text.isascii() and text.isprintable() else instead)
    width = image.shape[1] - 2 * at[0]

    def fits(line: str) -> bool:
        return bool(cv2.getTextSize(line, _FONT, scale, thick)[0][0] <= width)

    cv2.putText(image, _cut(line, fits, '...'), at, _FONT, scale, colour, thick, cv2.LINE_AA)


def _cut(line: str, fits: Any, dots: str) -> str:
    """Return the line, or as much of it as fits with dots behind it."""
    if fits(line):
        return line
    low, high = 0, len(line)
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(line[:middle].rstrip() + dots) else (low, middle)
    return line[:low].rstrip() + dots


def _draw_with_font(image: Bytes, line: str, path: str, *, at: tuple[int, int], pixels: int,
                    colour: tuple[int, int, int]) -> None:
    from PIL import features, Image, ImageDraw
    font = _load(path, max(8, pixels))
    # Otherwise a name from right to left would have the score behind it.
    order = {'direction': 'ltr'} if features.check('raqm') else {}
    width = image.shape[1] - 2 * at[0]
    dots = '\u2026' if _has_all(path, '\u2026') else '...'
    line = _cut(line, lambda text: font.getlength(text, **order) <= width, dots)
    left, top, right, bottom = font.getbbox(line, anchor='ls', **order)
    # One channel, which is then the share of the colour in each pixel.
    mask = Image.new('L', (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(mask).text((-left, -top), line, font=font, fill=255, anchor='ls', **order)
    alpha = np.asarray(mask)
    x, y = at[0] + left, at[1] + top
    x0, y0 = max(0, x), max(0, y)
    target = image[y0:y + alpha.shape[0], x0:x + alpha.shape[1]]
    alpha = alpha[y0 - y:, x0 - x:][:target.shape[0], :target.shape[1], None].astype(np.uint16)
    target[:] = (target * (255 - alpha) + np.array(colour, np.uint16) * alpha) // 255


@lru_cache(maxsize=4096)
def font_for(text: str) -> str | None:
    """Return the file of a font that has every character of a text; None where none is here."""
    try:
        from PIL import features
    except Exception:  # not installed, or broken: it is an extra
        return None
    # Without it Pillow would draw letters in the wrong order, or in the wrong shape.
    shaped = any(low <= ord(character) <= high for character in text for low, high in _SHAPED)
    if shaped and not features.check('raqm'):
        return None
    return next((path for path in _fonts() if _has_all(path, text)), None)


@lru_cache(maxsize=1)
def _fonts() -> tuple[str, ...]:
    """Return the system's fonts, upright ones of ordinary weight first."""
    found: list[str] = []
    for folder in _FOLDERS:
        for where, _, names in os.walk(user_path(folder)):
            found += [f'{where}/{name}' for name in names if name.lower().endswith(_SUFFIXES)]
    odd = ('bold', 'italic', 'oblique', 'light', 'thin', 'black', 'mono', 'serif', 'condensed',
           'math')

    def rank(path: str) -> tuple[int, int, str]:
        name = Path(path).stem.lower()
        return sum(word in name for word in odd), len(name), path

    return tuple(sorted(found, key=rank)[:_MOST_FONTS])


@lru_cache(maxsize=16)
def _load(path: str, pixels: int) -> Any:
    from PIL import ImageFont
    return ImageFont.truetype(path, pixels)


@lru_cache(maxsize=8192)
def _has_all(path: str, text: str) -> bool:
    try:
        font = _load(path, _PROBE_PIXELS)
        missing = _glyph(font, _NO_CHARACTER)
        # The glyph of a blank may rightly be as empty as some fonts' one for what they lack.
        return all(_glyph(font, character) != missing for character in set(text)
                   if unicodedata.category(character) != 'Zs')
    except Exception:  # a damaged font, or one of bitmaps in sizes of its own
        return False


def _glyph(font: Any, character: str) -> tuple[object, bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)
