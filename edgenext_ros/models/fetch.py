# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Fetch files of the catalog into the cache, with the standard library only.

A file gets its final name when it is complete, has a valid structure, and matches its record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import fcntl
from pathlib import Path
from time import sleep
from urllib.parse import urlsplit

from edgenext_ros.models import checksum, ModelError
from edgenext_ros.models.atomic_file import part_of, sync_folder
from edgenext_ros.models.catalog import File
from edgenext_ros.models.download import (
    attempt,
    Broken,
    ByteProgress,
    FetchError,
    origin_of,
    Refused,
)
from edgenext_ros.models.formats import check as structure

_LONGEST_PAUSE = 30.0
"""Maximum pause between two attempts, in seconds."""


@dataclass(frozen=True)
class Options:
    """Options of a fetch."""

    mirrors: tuple[str, ...] = ()
    """Addresses to try in this order instead of the publisher's; see ``mirror``."""
    retries: int = 4
    """Further attempts per address; an attempt that receives new bytes resets the count."""
    timeout: float = 30.0
    """Maximum wait for further bytes, in seconds."""


@dataclass(frozen=True)
class Fetched:
    """A file in the cache."""

    path: Path
    digest: checksum.Digest
    fresh: bool
    """Whether this call downloaded the file."""


@dataclass(frozen=True)
class Verified:
    """A file that passed all checks."""

    digest: checksum.Digest
    compared: bool
    """Whether the file was compared with a record; else only its structure was checked."""


def mirror(text: str) -> str:
    """
    Check the address of a mirror and return it with a slash at the end.

    :raises ValueError: the text is not the http or https address of a folder.
    """
    parts = urlsplit(text)
    if parts.scheme not in ('http', 'https') or not parts.hostname or '@' in parts.netloc or (
            parts.query or parts.fragment):
        raise ValueError(f'expected a mirror such as http://server/folder/, found {text!r}')
    return text.rstrip('/') + '/'


def fetch(file: File, folder: Path, *, options: Options | None = None,
          progress: ByteProgress = lambda done, total: None,
          notice: Callable[[str], None] = lambda text: None) -> Fetched:
    """
    Download a published file into a folder, unless it is there; a lock admits one process.

    :param file: the file in the catalog.
    :param folder: target folder; it is created if it does not exist.
    :param options: mirrors, number of attempts, timeout; None means the defaults.
    :param progress: called with the number of bytes so far and the total (None: unknown).
    :param notice: called with a sentence before a wait, another attempt, or a replacement.
    :raises FetchError: no address serves the file, or it cannot be written.
    :raises ChangedError: the file in the folder, or the downloaded one, differs from its record.
    """
    target = folder / file.name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _file_lock(target, notice):
            there = _existing(target, notice)
            if there is not None:
                return Fetched(target, there, fresh=False)
            checksum.read_record(target)  # fail on a damaged record before the download
            found = _fetch_from_any(file, target, options or Options(), progress, notice)
            return Fetched(target, found, fresh=True)
    except OSError as error:
        raise FetchError(
            f'{error.filename or target}: cannot be written: {error.strerror or error}; name '
            'another folder in $XDG_CACHE_HOME') from error


def verify(path: Path, *, keep: bool) -> Verified:
    """
    Compare a file with its record and check its structure.

    :param keep: write a record if there is none.
    :raises ChangedError: the file differs from its record.
    :raises ModelError: the file is damaged or cannot be read.
    :raises OSError: the record cannot be written.
    """
    expected = checksum.check(path)
    structure.check(path)
    found = expected or checksum.digest(path)
    if keep and expected is None:
        checksum.write_record(path, found)
    return Verified(found, expected is not None)


@contextmanager
def _file_lock(target: Path, notice: Callable[[str], None]) -> Iterator[None]:
    """Hold a file lock, so that no other process fetches this file."""
    with target.with_name(f'.{target.name}.lock').open('w') as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            notice(f'{target.name}: waiting for another fetch of it')
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _existing(target: Path, notice: Callable[[str], None]) -> checksum.Digest | None:
    """Return the digest of the file if it exists and passes all checks, else None."""
    if not target.is_file():
        return None
    try:
        return verify(target, keep=True).digest
    except checksum.ChangedError:
        raise
    except ModelError as error:
        notice(f'{error}; fetching it again')
        return None


def _fetch_from_any(file: File, target: Path, options: Options, progress: ByteProgress,
                    notice: Callable[[str], None]) -> checksum.Digest:
    """Try the addresses in order."""
    part = part_of(target)
    failures = []
    for base in options.mirrors or (file.base,):
        url = base + file.path
        try:
            _download(url, part, options, progress, notice)
            return _accept(url, part, target)
        except (Refused, ModelError) as error:
            failures.append(error if isinstance(error, ModelError) else f'{url} {error}')
    if len(failures) == 1 and isinstance(failures[0], checksum.ChangedError):
        raise failures[0]
    raise FetchError(
        f'{file.name} was not fetched: {"; ".join(map(str, failures))}; try again, name a '
        f'--mirror, or bring the file from another machine to {target}')


def _download(url: str, part: Path, options: Options, progress: ByteProgress,
              notice: Callable[[str], None]) -> None:
    """Repeat attempts until the file is complete, or raise Refused."""
    failed, most = 0, 0
    while True:
        try:
            attempt(url, part, timeout=options.timeout, progress=progress)
            return
        except Broken as error:
            size = part.stat().st_size if part.exists() else 0
            failed = 1 if size > most and options.retries else failed + 1
            most = max(most, size)
            if failed > options.retries:
                raise Refused(f'{error}, {failed} time{"s" * (failed > 1)} in a row') from error
            pause = min(2.0 ** (failed - 1), _LONGEST_PAUSE)
            notice(f'{url} {error}; trying again in {pause:g} s')
        sleep(pause)


def _accept(url: str, part: Path, target: Path) -> checksum.Digest:
    """Check a downloaded file and give it its name, or remove it and raise ModelError."""
    try:
        structure.check(part, name=target.name)
        found, expected = checksum.digest(part), checksum.read_record(target)
        if expected not in (None, found):
            raise checksum.ChangedError(
                f'{url} is not the file whose SHA-256 was recorded: expected {expected}, found '
                f'{found}; if the publisher has replaced it, delete '
                f'{checksum.record_path(target)} and fetch again')
    except ModelError as error:
        part.unlink()
        origin_of(part).unlink(missing_ok=True)
        if isinstance(error, checksum.ChangedError):
            raise
        raise ModelError(f'{url} sends something else: {error}') from error
    if expected is None:
        # The record is written first, so that the file never exists without it.
        checksum.write_record(target, found)
    part.replace(target)  # not atomic_write, which would remove the part after an error
    sync_folder(target.parent)
    origin_of(part).unlink(missing_ok=True)
    return found
