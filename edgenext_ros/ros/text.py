# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Draw a line of text into a picture, in any script for which the machine has a font.

OpenCV's font has only ASCII characters. Other text needs Pillow and a system font. The first font
that has a glyph for each character is used.
"""

from __future__ import annotations

from collections.abc import Callable
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
FONT_FOLDERS = ('/usr/share/fonts', '/usr/local/share/fonts', '~/.local/share/fonts', '~/.fonts')
"""Folders with the system's and the user's fonts."""
_SUFFIXES = ('.ttf', '.otf', '.ttc')
_PIXELS = 30
"""Em size of a system font that matches OpenCV's font at scale 1."""
_PROBE_PIXELS = 24
_NO_CHARACTER = '\U0010fffd'  # private use: fonts draw the missing-character glyph
_MOST_FONTS = 200
_MOST_CHARACTERS = 200
_SELECTORS = {0xfe0e: None, 0xfe0f: None}  # variation selectors of emoji, which have no glyph
_SHAPED = ((0x0590, 0x0dff), (0x1000, 0x109f), (0x1780, 0x17ff), (0xfb1d, 0xfeff))
"""Code points of scripts that run from right to left, or whose letters join or reorder."""


def draw(image: Bytes, before: str, text: str, *, instead: str, at: tuple[int, int],
         scale: float, thick: int, colour: tuple[int, int, int]) -> None:
    """
    Draw a line of text; a line that is wider than the picture is cut and ends with dots.

    :param image: BGR, uint8 (height, width, 3); modified in place.
    :param before: ASCII text in front of ``text``.
    :param text: text in any script.
    :param instead: ASCII text to draw instead of ``text`` if no font has its characters.
    :param at: left end of the base line in pixels, x and y.
    :param scale: font scale as for ``cv2.putText``.
    :param thick: line thickness of OpenCV's font in pixels.
    :param colour: BGR, 0 to 255.
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


def _cut(line: str, fits: Callable[[str], bool], dots: str) -> str:
    """Return the line if it fits, else its longest prefix that fits together with dots."""
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
    # This direction keeps the score to the left of a right-to-left name.
    direction = 'ltr' if features.check('raqm') else None
    width = image.shape[1] - 2 * at[0]
    dots = '\u2026' if _has_all(path, '\u2026') else '...'
    line = _cut(line, lambda text: font.getlength(text, direction=direction) <= width, dots)
    left, top, right, bottom = font.getbbox(line, anchor='ls', direction=direction)
    # The mask has one channel: the opacity of the text in each pixel.
    mask = Image.new('L', (max(1, right - left), max(1, bottom - top)))
    ImageDraw.Draw(mask).text(
        (-left, -top), line, font=font, fill=255, anchor='ls', direction=direction)
    alpha = np.asarray(mask)
    x, y = at[0] + left, at[1] + top
    x0, y0 = max(0, x), max(0, y)
    target = image[y0:y + alpha.shape[0], x0:x + alpha.shape[1]]
    alpha = alpha[y0 - y:, x0 - x:][:target.shape[0], :target.shape[1], None].astype(np.uint16)
    target[:] = (target * (255 - alpha) + np.array(colour, np.uint16) * alpha) // 255


@lru_cache(maxsize=4096)
def font_for(text: str, folders: tuple[str, ...] = FONT_FOLDERS) -> str | None:
    """Return the path of a font that has every character of a text; None if there is none."""
    try:
        from PIL import features
    except Exception:  # Pillow is optional: not installed, or broken
        return None
    # Pillow needs raqm to draw letters of these scripts in the right order and shape.
    shaped = any(low <= ord(character) <= high for character in text for low, high in _SHAPED)
    if shaped and not features.check('raqm'):
        return None
    return next((path for path in _fonts(folders) if _has_all(path, text)), None)


@lru_cache(maxsize=8)
def _fonts(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Return the font files of these folders, upright ones of ordinary weight first."""
    found: list[str] = []
    for folder in folders:
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
        # Blanks are skipped: their empty glyph may equal the missing-character glyph.
        return all(_glyph(font, character) != missing for character in set(text)
                   if unicodedata.category(character) != 'Zs')
    except Exception:  # a damaged font, or a bitmap font without this size
        return False


def _glyph(font: Any, character: str) -> tuple[object, bytes]:
    mask = font.getmask(character)
    return mask.size, bytes(mask)
