# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Check that a file is complete and has the format of its suffix; standard library only."""

from __future__ import annotations

import json
from pathlib import Path

from edgenext_ros.models import ModelError
from edgenext_ros.models.formats import bin_file
from edgenext_ros.models.formats.protobuf_wire import BYTES, contents, FormatError, Reader, VARINT

_MAX_HEADER = 16 << 20
"""Maximum size of the list of tensors in bytes; real files have 40,000."""


def check(file: Path, *, name: str = '') -> None:
    """
    Read a ``.bin``, ``.onnx`` or ``.safetensors`` file and check its structure.

    :param name: name for errors, whose suffix decides the kind; the file's own name by default.
    :raises ModelError: the file cannot be read, is truncated, or is of another kind.
    """
    path = Path(name) if name else file
    try:
        size = file.stat().st_size
        if size > bin_file.MAX_MODEL_BYTES:
            raise ModelError(f'{path}: a file of {size} bytes, over the limit of '
                             f'{bin_file.MAX_MODEL_BYTES}')
        data = memoryview(file.read_bytes())
    except OSError as error:
        raise ModelError(f'{file}: cannot be read: {error.strerror or error}') from error
    if path.suffix == '.bin':
        bin_file.parse(data, path)
        return
    what, look = (('an ONNX model', _onnx) if path.suffix == '.onnx' else
                  ('weights in safetensors', _safetensors))
    try:
        look(data)
    except FormatError as error:
        found = bin_file.foreign(data) or error
        raise ModelError(f'{path}: expected {what}, found {found}') from error


def _onnx(data: memoryview) -> None:
    """Read the fields of ModelProto and GraphProto (onnx.proto), or raise FormatError."""
    reader, parts = Reader(), {}
    for number, kind, value in reader.fields(data):
        parts[number] = (kind, value)
    if parts.get(1, (None,))[0] != VARINT or parts.get(7, (None,))[0] != BYTES:
        raise FormatError('no graph in it')
    inside = {number for number, _, _ in reader.fields(contents(*parts[7]))}
    for number, what in ((1, 'nodes'), (11, 'inputs'), (12, 'outputs')):
        if number not in inside:
            raise FormatError(f'a graph without {what}')


def _safetensors(data: memoryview) -> None:
    """Read the list of tensors; raise FormatError when they do not fill the file."""
    length = int.from_bytes(data[:8], 'little')
    if not 2 <= length <= min(_MAX_HEADER, len(data) - 8):
        raise FormatError(f'{len(data)} bytes whose list of tensors would have {length}')
    try:
        tensors = json.loads(bytes(data[8:8 + length]))
        end = max(tensor['data_offsets'][1] for name, tensor in tensors.items()
                  if name != '__metadata__')
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise FormatError('a list of tensors that cannot be read') from error
    if end != len(data) - 8 - length:
        raise FormatError(f'{len(data) - 8 - length} bytes of data, not what its list says')
