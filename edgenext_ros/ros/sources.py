# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Where a played camera's pictures come from: a file, a folder, a video, a webcam."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
import itertools
from pathlib import Path

import cv2
from edgenext_ros.core.frame import Bytes
from edgenext_ros.models.store import user_path
from edgenext_ros.ros.parameters import ParameterError

PICTURES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff')


@dataclass(frozen=True)
class Picture:
    """One picture of a source."""

    image: Bytes
    """BGR, uint8 (height, width, 3)."""
    name: str
    """File name, or the position in a video."""


def open_source(source: str, *, repeat: int, loop: bool) -> Iterator[Picture]:
    """
    Begin to play a source.

    :param source: a picture, a folder of pictures, a video file, or a webcam (number or device).
    :param repeat: how many frames each picture of a folder is shown.
    :param loop: start again at the end.
    :return: pictures in order; ends when the source ends, or a webcam goes away.
    :raises ParameterError: there is nothing to play.
    """
    path = user_path(source)
    if source.isdecimal() or source.startswith('/dev/'):
        return _capture(source, loop=False)
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix.lower() in PICTURES)
    elif path.suffix.lower() in PICTURES:
        files = [path]
    elif path.is_file():
        return _capture(str(path), loop=loop)
    else:
        files = []
    # One at a time: a folder of photographs does not fit into memory.
    if not any(_read(file) for file in files):
        raise ParameterError(
            f"parameter 'source': {source!r} is neither a picture that decodes, a folder with "
            'some, a video, nor a webcam')
    return _pictures(files, repeat=repeat, loop=loop)


def _read(file: Path) -> Picture | None:
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    return None if image is None else Picture(image, file.name)


def _pictures(files: list[Path], *, repeat: int, loop: bool) -> Iterator[Picture]:
    more = True
    while more:
        more = False
        for file in files:
            picture = _read(file)
            if picture is not None:
                yield from itertools.repeat(picture, repeat)
                more = loop


def _capture(source: str, *, loop: bool) -> Iterator[Picture]:
    """Open with OpenCV at once, so that a missing camera is reported at the start."""
    capture = cv2.VideoCapture(int(source) if source.isdecimal() else source)
    opened, image = capture.read() if capture.isOpened() else (False, None)
    if not opened:
        raise ParameterError(f"parameter 'source': OpenCV cannot read a picture from {source!r}")
    return _frames(capture, image, source=source, loop=loop)


def _frames(capture: cv2.VideoCapture, first: Bytes, *, source: str,
            loop: bool) -> Iterator[Picture]:
    try:
        index, image, more = 0, first, True
        while more:
            yield Picture(image, f'{Path(source).name} frame {index}')
            more, image = capture.read()
            index += 1
            if not more and loop:
                capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
                index = 0
                more, image = capture.read()
    finally:
        capture.release()
