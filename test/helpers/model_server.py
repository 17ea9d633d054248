# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""An HTTP server for models that answers correctly, or fails in a chosen way."""

from __future__ import annotations

from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
from pathlib import Path
from random import Random
import re
import socket
import struct
from threading import Event, Thread

from helpers.bin_writer import container, message

BIN = container(instructions=Random(0).randbytes(300_000))
OTHER = BIN[:-1] + b'6'
"""Another model; the last byte belongs to a tool's version."""
ONNX = message((1, 8), (2, 'pytorch'), (7, message(*((part, b'x') for part in (1, 11, 12)))))
_TENSORS = json.dumps({'__metadata__': {'format': 'pt'}, 'w': {
    'dtype': 'F32', 'shape': [4], 'data_offsets': [0, 16]}}).encode()
WEIGHTS = struct.pack('<Q', len(_TENSORS)) + _TENSORS + bytes(16)


@dataclass(frozen=True)
class Answer:
    """One way to answer a request."""

    body: bytes = BIN
    status: int = 200
    reason: str | None = None
    headers: tuple[tuple[str, str], ...] = (('ETag', '"1"'),)
    ranges: bool = True
    """Honour Range, and If-Range by the ETag."""
    heeds: bool = True
    """Evaluate If-Range."""
    shift: int = 0
    """Bytes by which the sent range begins too late."""
    claims: int | None = None
    """A wrong Content-Length; negative sends none."""
    stop: int | None = None
    """Bytes of the body that are sent."""
    then: str = 'close'
    """Action after that: close, reset, or stall."""
    raw: bytes | None = None
    """Bytes that are sent instead of HTTP."""
    gate: Event | None = None
    """Answer once this is set."""


@dataclass
class Site:
    """The server; each path has a list of answers, of which the last one is repeated."""

    url: str = ''
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path, and headers with lower-case names, of each request so far."""
    closing: Event = field(default_factory=Event)

    @property
    def ranges(self) -> list[str | None]:
        """Return the Range of each request."""
        return [headers.get('range') for _, headers in self.requests]

    def __enter__(self) -> Site:
        site = self

        class Handler(BaseHTTPRequestHandler):

            def do_GET(self) -> None:
                site.requests.append(
                    (self.path, {name.lower(): text for name, text in self.headers.items()}))
                answers = site.answers.get(self.path) or [Answer(b'', 404)]
                _send(self, answers[0] if len(answers) == 1 else answers.pop(0), site.closing)

            def log_message(self, *args: object) -> None:
                """Stay silent."""

        self._server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self._server.daemon_threads = True
        self.url = f'http://127.0.0.1:{self._server.server_port}/'
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self.closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def names(folder: Path) -> list[str]:
    """Return the sorted names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def _send(handler: BaseHTTPRequestHandler, answer: Answer, closing: Event) -> None:
    if answer.gate:
        answer.gate.wait(60)
    if answer.raw is not None:
        handler.wfile.write(answer.raw)
        return
    headers, body, status = dict(answer.headers), answer.body, answer.status
    asked = re.fullmatch(r'bytes=(\d+)-', handler.headers.get('Range', ''))
    same = not answer.heeds or handler.headers.get('If-Range') in headers.values()
    if asked and answer.ranges and same and status == 200:
        start, size = int(asked[1]) + answer.shift, len(body)
        status, body = (206, body[start:]) if start < size else (416, b'')
        headers['Content-Range'] = (
            f'bytes {start}-{size - 1}/{size}' if body else f'bytes */{size}')
    handler.send_response(status, answer.reason)
    for name, text in headers.items():
        handler.send_header(name, text)
    if answer.claims is None or answer.claims >= 0:
        handler.send_header('Content-Length', str(
            len(body) if answer.claims is None else answer.claims))
    handler.end_headers()
    if answer.then == 'stall' and answer.stop is None:
        closing.wait(60)
    handler.wfile.write(body[:answer.stop])
    if answer.then == 'stall':
        closing.wait(60)
    elif answer.then == 'reset':
        # Closing with a linger of 0 s sends RST in place of FIN.
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        handler.connection.close()
