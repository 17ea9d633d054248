# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Download a file in one attempt, which resumes where the last one ended.

``PART.from`` beside the incomplete file ``PART`` has the address and version of its bytes, so that
bytes of two versions never mix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, HTTPResponse, InvalidURL
from io import FileIO
import os
from pathlib import Path
import re
import ssl
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import build_opener, HTTPRedirectHandler, Request

from edgenext_ros import __version__
from edgenext_ros.models.formats.bin_file import MAX_MODEL_BYTES
from edgenext_ros.models.formats.protobuf_wire import printable

ByteProgress = Callable[[int, 'int | None'], None]
"""Callback with the number of bytes so far and the total, which is None while unknown."""

_CHUNK = 1 << 18
_HEALING = (408, 416, 425, 429)
"""HTTP status codes below 500 after which a new attempt may succeed."""
_BROKEN = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError, ssl.SSLError,
           HTTPException)


class _OtherPartError(Exception):
    """The response does not continue the bytes in the file."""


class FetchError(RuntimeError):
    """A file cannot be fetched; the text says which file, from where, why, and what to do."""


class Refused(Exception):  # noqa: N818 - read as "raise Refused"
    """The address does not serve the file; the text completes "ADDRESS ..."."""


class Broken(Exception):  # noqa: N818 - likewise
    """The attempt failed, and the next may succeed; the text completes "ADDRESS ..."."""


@dataclass(frozen=True)
class _Answer:
    """The headers of a response."""

    offset: int
    """Number of bytes in the file that come before the body."""
    total: int | None
    """Size of the complete file in bytes; None when unknown."""
    validator: str
    """ETag or date of this version of the file; empty when the server sends none."""


class _Redirects(HTTPRedirectHandler):
    """Follow redirects only to http and https, and from https only to https."""

    def redirect_request(self, req: Request, fp: IO[bytes], code: int, msg: str,
                         headers: HTTPMessage, newurl: str) -> Request | None:
        secure = urlsplit(req.full_url).scheme == 'https'
        allowed = ('https',) if secure else ('http', 'https')
        if urlsplit(newurl).scheme not in allowed:
            raise Refused(f'redirects to {_one_line(newurl)}, which is not {" or ".join(allowed)}')
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def attempt(url: str, part: Path, *, timeout: float, progress: ByteProgress) -> None:
    """
    Download into a file; resume after its existing bytes if they are of the same version.

    :param url: http or https address.
    :param part: the incomplete file, which is kept when the connection breaks.
    :param timeout: maximum wait for a connection, and for further bytes, in seconds.
    :param progress: called after each block.
    :raises Refused: the address does not serve the file.
    :raises Broken: the attempt failed, and a new one may succeed.
    :raises FetchError: the file cannot be written; it was removed, since the disk may be full.
    """
    origin = origin_of(part)
    offset, validator = _resume(url, part, origin)
    headers = {'User-Agent': f'edgenext_ros/{__version__}'}
    if offset:
        headers |= {'Range': f'bytes={offset}-', 'If-Range': validator}
    try:
        # The opener uses the proxies of the environment.
        with build_opener(_Redirects).open(Request(url, headers=headers),
                                           timeout=timeout) as response:
            try:
                answer = _understand(response, offset, validator)
            except _OtherPartError as error:
                part.unlink(missing_ok=True)
                raise Broken(str(error)) from error
            with _writing(part):
                file = part.open('ab' if answer.offset else 'wb', buffering=0)
                origin.write_text(f'{url}\n{answer.validator}\n', encoding='utf-8')
            with file:
                _copy(response, file, part, answer, progress)
    except HTTPError as error:
        error.close()
        if error.code == 416 and offset:
            if error.headers.get('Content-Range') == f'bytes */{offset}':
                return  # the file was complete already
            part.unlink(missing_ok=True)
        heals = error.code in _HEALING or error.code >= 500
        raise (Broken if heals else Refused)(
            f'answers HTTP {error.code} ({_one_line(error.reason)})') from error
    except (OSError, HTTPException, ValueError) as error:
        raise _failure(error, timeout) from error


def origin_of(part: Path) -> Path:
    """Return the path of the file that has address and version of an incomplete file."""
    return part.with_name(f'{part.name}.from')


def _resume(url: str, part: Path, origin: Path) -> tuple[int, str]:
    """Return the offset at which to resume and the version; 0 when the version is unknown."""
    try:
        source, validator = origin.read_text(encoding='utf-8').splitlines()
        offset = part.stat().st_size
    except (OSError, ValueError):
        return 0, ''
    return (offset, validator) if source == url and validator else (0, '')


def _understand(response: HTTPResponse, offset: int, asked: str) -> _Answer:
    """Read the headers; raise Refused, or _OtherPartError when they do not fit the part."""
    kind = response.headers.get('Content-Type', '')
    if kind.strip().lower().startswith('text/'):
        raise Refused(f'sends {_one_line(kind)} instead of a model, as a login page would')
    tag = response.headers.get('ETag', '')
    # A weak tag (W/"...") does not guarantee the same bytes.
    validator = ' '.join(
        (tag if tag[:1] == '"' else response.headers.get('Last-Modified', '')).split())
    # response.length is the parsed Content-Length; None without this header.
    total = response.length
    if response.status == 206:
        said = response.headers.get('Content-Range', '')
        match = re.fullmatch(r'bytes (\d{1,15})-\d{1,15}/(\d{1,15})', said)
        if match is None or int(match[1]) != offset:
            raise _OtherPartError(
                f'sends the range {_one_line(said)!r}, asked for byte {offset} on')
        if validator and validator != asked:
            raise _OtherPartError('sends the rest of another version')
        total = int(match[2])
    elif response.status != 200:
        raise Refused(f'answers HTTP {response.status}, which is no file')
    if total is not None and total > MAX_MODEL_BYTES:
        raise Refused(f'would send {total} bytes, over the limit of {MAX_MODEL_BYTES}')
    return _Answer(offset if response.status == 206 else 0, total, validator or asked)


def _copy(response: HTTPResponse, file: FileIO, part: Path, answer: _Answer,
          progress: ByteProgress) -> None:
    """Write the body, or as much of it as arrives, to the file."""
    size = answer.offset
    progress(size, answer.total)
    # read1 returns the bytes that have arrived; read loses them when the connection breaks.
    while chunk := response.read1(_CHUNK):
        size += len(chunk)
        if size > MAX_MODEL_BYTES:
            part.unlink()
            raise Refused(f'sends more than the limit of {MAX_MODEL_BYTES} bytes')
        with _writing(part):
            view = memoryview(chunk)
            while view:
                view = view[file.write(view):]
        progress(size, answer.total)
    with _writing(part):
        os.fsync(file.fileno())
    if answer.total is not None and size != answer.total:
        if size > answer.total:
            part.unlink()
        raise Broken(f'ends after {size} of {answer.total} bytes')


@contextmanager
def _writing(part: Path) -> Iterator[None]:
    """Turn an OSError, such as a full disk, into FetchError, and remove the part."""
    try:
        yield
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise FetchError(
            f'{part}: cannot be written: {error.strerror or error}; it was removed; make room, or '
            'name another folder in $XDG_CACHE_HOME') from error


def _failure(error: Exception, timeout: float) -> Exception:
    """Return Broken for a network error that may pass, else Refused."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return Broken(f'sends nothing for {timeout:g} s')
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Refused('has a certificate that is not accepted '
                       f"({_one_line(reason.verify_message)}; check this machine's clock)")
    text = _one_line(getattr(reason, 'strerror', None) or reason) or type(reason).__name__
    if isinstance(reason, _BROKEN) and not isinstance(reason, InvalidURL):
        return Broken(f'breaks off ({text})')
    return Refused(f'cannot be reached ({text})')


def _one_line(text: object) -> str:
    """Make text from the network printable, on one line, and at most 200 characters long."""
    return printable(' '.join(str(text).split()))[:200]
