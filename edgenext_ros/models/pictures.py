# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Find the pictures of a folder, by the same rules for every verb and node.

All subfolders are searched, and links to folders are followed. If several entries of the top
folder lead to one folder, only the first of them is searched.

Files with a suffix of ``SUFFIXES`` are used. Files without a suffix, or with one that phones leave
on converted files, are used if their first bytes are those of a picture. Files that are probably
meant as pictures are left out and counted: other picture and video formats, hidden copies, broken
links, pipes, and files that do not decode. All other files, such as annotations, are ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
import errno
import os
from pathlib import Path
import re

from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.models import regular_file
from edgenext_ros.models.left_out import Account, LeftOut
import numpy as np

SUFFIXES = ('.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.bmp', '.dib', '.webp', '.tif', '.tiff',
            '.ppm', '.pgm', '.pbm', '.pnm')
"""Suffixes of formats that every build of OpenCV from 4.5.4 on reads."""
COMMON_SUFFIXES = '.jpg, .png, .bmp, .webp, .tif, .ppm and the like'
"""The most common of ``SUFFIXES``, for messages."""
MAX_PICTURE_BYTES = 256 << 20
"""Largest picture file that is read."""

_OFTEN_RENAMED = frozenset(('', '.heic', '.heif', '.avif', '.gif'))
"""Suffixes whose content decides, because phones convert to JPEG and keep the name."""
_OTHERS = frozenset((
    *_OFTEN_RENAMED - {''}, '.jxl', '.jp2', '.j2k', '.jpx', '.jxr', '.svg', '.psd', '.xcf',
    '.tga', '.ico', '.exr', '.hdr', '.pfm', '.pam', '.ras', '.dng', '.cr2', '.cr3', '.nef',
    '.arw', '.orf', '.raf', '.rw2', '.mp4', '.mov', '.avi', '.mkv', '.webm', '.m4v', '.mts'))
"""Suffixes of pictures and videos that not every OpenCV reads."""
_HIDDEN = frozenset((
    '__macosx', '@eadir', '#recycle', '@recycle', '#snapshot', '$recycle.bin', 'lost+found',
    'system volume information'))
"""Folders that systems and network drives create, in addition to those with a dot."""
_READABLE = re.compile(
    rb'\xff\xd8\xff|\x89PNG\r\n|BM.{4}\0\0\0\0|RIFF.{4}WEBP|II[*+]\0|MM\0[*+]|'
    rb'P[1-6]\s+(#|\d+\s+\d)', re.DOTALL)
_OF_FRAMES = re.compile(rb'\xff\xd8|\x89PNG|RIFF')
_FOREIGN = tuple((re.compile(magic, re.DOTALL), name) for magic, name in (
    (rb'.{4}ftypavi[fs]', 'AVIF'), (rb'.{4}ftyp(hei|hev|mif1|msf1)', 'HEIC'),
    (rb'GIF8', 'GIF'), (rb'\xff\x0a|\0\0\0\x0cJXL ', 'JPEG XL'), (rb'.{4}ftyp', 'video'),
    (rb'\s*<(!DOCTYPE|html|\?xml|svg)', 'web page'), (rb'%PDF', 'PDF'), (rb'8BPS', 'PSD')))
_HEAD = 32
_DAMAGED, _EMPTY = 'damaged', 'empty'


class PictureError(ValueError):
    """A file cannot be read as a picture; the text says why."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason
        """A few words for the list of files that are left out, such as ``damaged``."""


@dataclass(frozen=True)
class Listing:
    """Names of the pictures in a folder; no picture has been read."""

    folder: Path
    files: tuple[str, ...]
    """Paths relative to ``folder``, sorted."""
    left_out: tuple[LeftOut, ...] = ()
    folders: tuple[str, ...] = ()
    """Names of the subfolders that are not hidden, sorted."""

    def account(self, failed: Iterable[LeftOut] = ()) -> Account:
        """Return the files that are left out, with those that could not be read."""
        return Account((*self.left_out, *failed), len(self.files) + len(self.left_out))

    def evenly(self, limit: int) -> list[str]:
        """Return at most ``limit`` files, spread evenly over all, sorted by folder."""
        files, count = sorted(self.files, key=_parts), min(limit, len(self.files))
        return [files[index * len(files) // count] for index in range(count)]

    def expect_some(self) -> Listing:
        """Return this listing; raise ValueError when it has no pictures."""
        if not self.files:
            account = self.account()
            raise ValueError(f'{self.folder}: expected pictures ({COMMON_SUFFIXES}), found none'
                             + (f'; {account}' if account else ''))
        return self

    def expect_no_split(self, *, wanted: str) -> None:
        """
        Raise ValueError when the class folders are in ``train`` and ``val``, one level down.

        :param wanted: the side of the split that the caller needs: ``train`` or ``val``.
        """
        parts = [file.split('/') for file in self.files if '/' in file]
        tops = sorted({part[0] for part in parts})
        sides = {top: _SIDES[top.lower()] for top in tops if top.lower() in _SIDES}
        deep = [top for top in sides if any(part[0] == top and part[2:] for part in parts)]
        if len(set(sides.values())) < 2 and not (deep and len(sides) == len(tops)):
            return
        best = next((top for top in deep if sides[top] == wanted), None) or (deep or [''])[0]
        raise ValueError(
            f'{self.folder}: expected one folder of pictures per class, found '
            f'{" and ".join(sides)}' + (f' with class folders inside; give {self.folder / best}'
                                        if best else ', which are not classes'))


_SIDES = {'train': 'train', 'training': 'train', 'val': 'val', 'valid': 'val',
          'validation': 'val', 'test': 'val', 'testing': 'val'}
"""Sides of a split by the name of their folder."""


def find(folder: Path) -> Listing:
    """
    List the pictures in a folder and its subfolders.

    :raises ValueError: the path is not a folder.
    :raises OSError: the folder cannot be read.
    """
    if not folder.is_dir():
        raise ValueError(f'{folder}: expected a folder of pictures, found '
                         f'{_kind(folder)}')
    files, left_out = [], []
    entries, seen = _scan(folder), set[tuple[int, int]]()
    for entry in entries:
        if _is_repeated(entry, seen):
            left_out.append(LeftOut(entry.name, 'linked twice'))
            continue
        for file, reason in _search(entry):
            if reason:
                left_out.append(LeftOut(file, reason))
            else:
                files.append(file)
    folders = sorted(entry.name for entry in entries
                     if Path(entry.path).is_dir() and not _hidden(entry.name))
    return Listing(folder, tuple(sorted(files)), tuple(left_out), tuple(folders))


def read(path: Path) -> Frame:
    """
    Read a picture file at its full size; see ``Frame.from_compressed``.

    :raises PictureError: the path is not a regular file, or the file is too large or no picture.
    """
    try:
        data = np.frombuffer(regular_file.read(path, most=MAX_PICTURE_BYTES), np.uint8)
    except regular_file.NotAFileError as error:
        raise PictureError(error.found, f'expected a picture file, found a {error.found}') \
            from error
    except OSError as error:
        raise PictureError(_os_error_text(error).lower(), _os_error_text(error)) from error
    if not data.size:
        raise PictureError(_EMPTY, 'an empty file')
    head = data[:_HEAD].tobytes()
    foreign = None if _READABLE.match(head) else _foreign(head)
    if foreign:
        raise PictureError(foreign, f'expected a picture that every OpenCV reads, found '
                                    f'{foreign}; convert it to JPEG or PNG')
    try:
        return Frame.from_compressed(data)
    except FrameError as error:
        # FrameError describes damage of JPEG, PNG and WebP only.
        other = _READABLE.match(head) and not _OF_FRAMES.match(head)
        raise PictureError(_DAMAGED, 'does not decode: damaged or cut off' if other else
                           str(error)) from error


def _parts(file: str) -> list[str]:
    return file.split('/')


def _kind(path: Path) -> str:
    try:
        return f'a {regular_file.kind(path.stat().st_mode)}'
    except OSError:
        return 'nothing there'


def _os_error_text(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return 'Linked in a circle'
    return error.strerror or str(error)


def _scan(folder: Path | str) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, links last."""
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: (entry.is_symlink(), entry.name))


def _identity(folder: Path | str) -> tuple[int, int]:
    state = Path(folder).stat()
    return state.st_dev, state.st_ino


def _hidden(name: str) -> bool:
    return name.startswith('.') or name.lower() in _HIDDEN


def _is_repeated(entry: os.DirEntry[str], seen: set[tuple[int, int]]) -> bool:
    """Return whether an entry is a folder that is in ``seen``, and add it."""
    # Links come last, so a folder beside its link keeps its own name.
    with suppress(OSError):  # ``_search`` reports it
        if entry.is_dir() and not _hidden(entry.name):
            identity = _identity(entry.path)
            if identity in seen:
                return True
            seen.add(identity)
    return False


def _search(top: os.DirEntry[str]) -> Iterator[tuple[str, str]]:
    """Yield files that are or may be meant as pictures; each has a reason against it, or ''."""
    # Each folder is visited once below ``top``, because links may form cycles.
    seen = {_identity(Path(top.path).parent)}
    waiting = [(top, '', False)]
    while waiting:
        entry, above, hidden = waiting.pop()
        name = above + entry.name
        try:
            if not entry.is_dir():
                reason = _reason(entry)
                if reason is not None:
                    yield name, ('in a hidden folder' if hidden else
                                 'hidden' if _hidden(entry.name) else reason)
                continue
            identity = _identity(entry.path)
            if identity not in seen:
                seen.add(identity)
                hidden = hidden or _hidden(entry.name)
                waiting += [(inner, f'{name}/', hidden) for inner in reversed(_scan(entry.path))]
        except OSError as error:
            yield name, _os_error_text(error).lower()


def _reason(entry: os.DirEntry[str]) -> str | None:
    """Return why a file is left out, '' when it is used, or None when it is ignored."""
    suffix = Path(entry.name).suffix.lower()
    meant = suffix in SUFFIXES or suffix in _OTHERS
    try:
        kind = regular_file.kind(entry.stat().st_mode)
    except FileNotFoundError:
        return 'linked to nothing' if meant else None
    if kind != 'file':
        return kind if meant else None
    if suffix in SUFFIXES:
        return ''
    if suffix in _OTHERS - _OFTEN_RENAMED:
        return suffix
    try:
        with Path(entry.path).open('rb') as file:
            head = file.read(_HEAD)
    except OSError:
        return suffix if meant else None
    if _READABLE.match(head):
        return '' if suffix in _OFTEN_RENAMED else suffix
    foreign = _foreign(head)
    return suffix or foreign if meant or foreign in ('AVIF', 'HEIC', 'GIF', 'JPEG XL') else None


def _foreign(head: bytes) -> str | None:
    return next((name for magic, name in _FOREIGN if magic.match(head)), None)
