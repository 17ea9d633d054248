# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The sources that a camera node can play: a file, a folder, a video, a webcam."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import itertools
from pathlib import Path
from time import monotonic

import cv2
from edgenext_ros.core.frame import Bytes
from edgenext_ros.models import pictures
from edgenext_ros.models.left_out import LeftOut
from edgenext_ros.models.pictures import Listing, PictureError
from edgenext_ros.models.regular_file import shown
from edgenext_ros.models.store import user_path
from edgenext_ros.ros.camera.webcams import is_webcam, missing_webcam
from edgenext_ros.ros.settings import ParameterError

_CHECKED_S = 2.0
"""Time limit in seconds for the check of a folder's pictures at startup."""


@dataclass(frozen=True)
class SourcePicture:
    """One picture of a source."""

    image: Bytes
    """BGR, uint8 (height, width, 3)."""
    name: str
    """Path relative to the folder, or file name and frame number of a video."""


@dataclass(frozen=True)
class OpenedSource:
    """What a camera node plays."""

    name: str
    """The source and its kind, for the log: ``3 pictures of /folder``, ``webcam 0``."""
    pictures: Iterator[SourcePicture]
    """In order; ends when the source ends or the webcam is unplugged."""


def open_source(source: str, *, repeat: int, loop: bool,
                notice: Callable[[str], None]) -> OpenedSource:
    """
    Open a source.

    :param source: a picture, a folder of pictures, a video file, or a webcam (number or device).
    :param repeat: number of times that each picture of a folder is returned.
    :param loop: start again at the end.
    :param notice: called with a sentence about files that are left out of a folder.
    :return: the source's name and its pictures.
    :raises ParameterError: there is nothing to play.
    """
    path = user_path(source)
    try:
        if is_webcam(source):
            return OpenedSource(f'webcam {source}', _webcam(source))
        if path.is_char_device():
            # A read from a terminal or serial port would block.
            raise ParameterError(f"parameter 'source': {source!r} is a device, but no webcam")
        listing = list_pictures(path)
    except OSError as error:
        raise ParameterError(f"parameter 'source': {source!r} cannot be read: "
                             f'{error.strerror}') from error
    if listing is None:
        return OpenedSource(f'video {shown(path)}', _capture(str(path), loop=loop))
    failed = _failures(listing)
    account = listing.account(failed)
    if len(failed) == len(listing.files):
        why = str(account or '') if path.exists() else 'this path does not exist'
        raise ParameterError(
            f"parameter 'source': {source!r} is neither a picture that decodes, a folder with "
            f'some, a video, nor a webcam'
            f'{why and "; "}{why}')
    if account:
        notice(str(account))
    bad = {entry.file for entry in failed}
    files = [path for path in listing.files if path not in bad]
    count = f'{len(files)} picture{"s" if len(files) > 1 else ""} of ' if path.is_dir() else \
        'picture '
    return OpenedSource(f'{count}{shown(path)}', _pictures(files, listing.folder, repeat=repeat,
                                                           loop=loop, notice=notice))


def list_pictures(path: Path) -> Listing | None:
    """List the pictures of a folder, or a single picture file; return None for another file."""
    if path.is_dir():
        return pictures.find(path)
    if path.is_file() and path.suffix.lower() not in pictures.SUFFIXES:
        try:
            pictures.read(path)
        except PictureError:
            return None
    return Listing(path.parent, (path.name,))


def _failures(listing: Listing) -> list[LeftOut]:
    """
    Return the files that do not decode, among those checked within ``_CHECKED_S``.

    The check goes on until one file decodes, so the result holds all files only if all fail.
    """
    failed: list[LeftOut] = []
    end = monotonic() + _CHECKED_S
    for number, file in enumerate(listing.files):
        if monotonic() > end and number > len(failed):
            break
        try:
            pictures.read(listing.folder / file)
        except PictureError as error:
            failed.append(LeftOut(file, error.reason))
    return failed


def _pictures(files: list[str], folder: Path, *, repeat: int, loop: bool,
              notice: Callable[[str], None]) -> Iterator[SourcePicture]:
    """Read one picture at a time, because a folder of photographs may not fit into memory."""
    files, more = list(files), True
    while more:
        more = False
        for file in files.copy():
            try:
                frame = pictures.read(folder / file)
            except PictureError as error:
                notice(f'{shown(file)} is left out: {error}')
                files.remove(file)
                continue
            image = frame.plane(3, width=frame.width, height=frame.height)
            yield from itertools.repeat(SourcePicture(image, shown(file)), repeat)
            more = loop


def _webcam(source: str) -> Iterator[SourcePicture]:
    missing = missing_webcam(source)
    if missing:
        raise ParameterError(
            f"parameter 'source': {missing}; the source may also be a picture, a folder of "
            'pictures or a video')
    return _capture(source, loop=False)


def _capture(source: str, *, loop: bool) -> Iterator[SourcePicture]:
    """Open with OpenCV immediately, so that a missing camera is reported at startup."""
    capture = cv2.VideoCapture(int(source) if source.isdecimal() else source)
    image = capture.read()[1] if capture.isOpened() else None
    if image is None:
        raise ParameterError(f"parameter 'source': OpenCV cannot read a picture from {source!r}")
    return _frames(capture, image, source=source, loop=loop)


def _frames(capture: cv2.VideoCapture, first: Bytes, *, source: str,
            loop: bool) -> Iterator[SourcePicture]:
    try:
        index, image, more = 0, first, True
        while more:
            yield SourcePicture(image, f'{shown(Path(source).name)} frame {index}')
            more, image = capture.read()
            index += 1
            if not more and loop:
                capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
                index = 0
                more, image = capture.read()
    finally:
        capture.release()
