# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read weight files as data: PyTorch's three formats, a plain pickle, safetensors.

Nothing in a file is imported or called (see ``pickles``), and the bounds of a tensor are checked
before it is read. PyTorch's formats, by its ``torch/serialization.py``:

==========  =====================================================================
zip         NAME/data.pkl, and NAME/data/KEY for each storage; also TorchScript
legacy      before 1.6: five pickles, then the count and bytes of each storage
``pickle``  a pickle whose storages are legacy files
==========  =====================================================================
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import io
import lzma
from pathlib import Path
import struct
from typing import Any, BinaryIO
import zipfile
import zlib

from edgenext_ros.models import ModelError
from edgenext_ros.models.formats import bin_file
from edgenext_ros.toolchain.network.pickles import Name, PickleError, read as read_pickle, Record
from edgenext_ros.toolchain.network.tensors import (
    array,
    is_size,
    MAX_TENSOR,
    Storage,
    StoredTensor,
    tensor,
    TYPES,
)
import numpy as np

_MAX_PICKLE = 1 << 31
"""Largest pickle that is read into memory, in bytes."""

_LEGACY_MAGIC = 0x1950a86a20f9469cfc6c
_REBUILD = 'torch._utils._rebuild_'
_DICTIONARIES = ('collections.OrderedDict', 'collections.defaultdict', 'builtins.dict',
                 '__builtin__.dict')
_LISTS = tuple(f'{module}.{name}' for module in ('builtins', '__builtin__')
               for name in ('set', 'frozenset', 'list'))


def read(path: Path) -> Any:
    """
    Return a file's content: dictionaries, lists, numbers, ``StoredTensor`` and ``Record``.

    The format is recognised by the content, not by the suffix.

    :raises ModelError: the file cannot be read, is damaged, or has another format.
    """
    try:
        with path.open('rb') as file:
            head = file.read(512)
            file.seek(0)
            if head[:4] == b'PK\x03\x04':
                return _zip(path)
            if head[8:9] == b'{' and head[:1] != b'\x80':
                return _safetensors(path)
            if head[257:262] == b'ustar':
                raise PickleError('a tar archive, the format of PyTorch before 0.2: load it there '
                                  'and save it again')
            if head[:1] not in (b'\x80', b'(', b'c', b'}', b']'):
                found = bin_file.foreign(memoryview(head)) or f'bytes {head[:4].hex(" ")}'
                raise PickleError('it is not a PyTorch checkpoint, safetensors or ONNX file; it '
                                  f'begins with {found}')
            if path.stat().st_size > _MAX_PICKLE:
                raise PickleError(f'a pickle of {path.stat().st_size} bytes, over the limit of '
                                  f'{_MAX_PICKLE}; save it with a PyTorch newer than 1.6')
            return _stream(io.BytesIO(file.read()))
    except OSError as error:
        raise ModelError(f'{path}: cannot be read: {error.strerror or error}') from error
    except PickleError as error:
        raise ModelError(f'{path}: cannot be read as weights: {error}') from error


def _zip(path: Path) -> Any:
    with _archive(path) as archive:
        names = archive.namelist()
        inside = next((name for name in names if name.count('/') == 1
                       and name.endswith('/data.pkl')), None)
        if inside is None:
            raise PickleError(f'a zip archive without data.pkl ({", ".join(names[:3])[:200]}), no '
                              'checkpoint of PyTorch')
        root = inside[:-len('data.pkl')]
        if f'{root}byteorder' in names and _member(archive, f'{root}byteorder', 16) != b'little':
            raise PickleError('a checkpoint of a big-endian machine; save it on another')
        stream = io.BytesIO(_member(archive, inside, MAX_TENSOR))

    def load(key: Any) -> Any:
        storage = _storage(key)
        if isinstance(storage, Name):
            return storage

        def data() -> bytes:
            # Reopen the file for each tensor: most, those of the optimiser, are never read.
            with _archive(path) as archive:
                return _member(archive, f'{root}data/{storage.key}',
                               storage.count * storage.itemsize)
        storage.data = data
        return storage
    return read_pickle(stream, make=_make, load=load)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive; raise PickleError for any damage."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except PickleError:
        raise
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError,
            RuntimeError, EOFError, KeyError, ValueError, OSError) as error:
        raise PickleError(f'a damaged zip archive ({" ".join(str(error).split())})') from error


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Return a member's bytes; raise PickleError if there are more than ``limit``."""
    with archive.open(name) as file:
        found = file.read(limit + 1)
    if len(found) > limit:
        raise PickleError(f'a checkpoint whose {name} has more than {limit} bytes')
    return found


def _stream(stream: BinaryIO) -> Any:
    """Read a legacy file of PyTorch, or a plain pickle."""
    storages: dict[str, Storage] = {}

    def load(key: Any) -> Any:
        storage = _storage(key)
        if isinstance(storage, Name):
            return storage
        known = storages.setdefault(key[2], storage)
        if len(key) > 5 and key[5] is not None:  # a view of another storage
            raise PickleError('a checkpoint of PyTorch before 0.4 with views of storages')
        return known

    first = read_pickle(stream, make=_make, load=load)
    if first != _LEGACY_MAGIC:
        return first
    _, facts, found, keys = [read_pickle(stream, make=_make, load=load) for _ in range(4)]
    if not isinstance(facts, dict) or facts.get('little_endian') is not True:
        raise PickleError('a checkpoint of a big-endian machine; save it on another')
    for key in keys if isinstance(keys, list) else ():
        head = stream.read(8)
        storage = storages.get(key) if isinstance(key, str) else None
        if storage is None or len(head) < 8 or struct.unpack('<q', head) != (storage.count,):
            raise PickleError('a checkpoint that is cut off, or whose storages are not its own')
        part = stream.read(storage.count * storage.itemsize)
        storage.data = lambda part=part: part  # type: ignore[misc]
    return found


def _storage(key: Any) -> Storage | Name:
    """Return the storage that a persistent id names, without its data."""
    if isinstance(key, tuple) and len(key) > 1 and key[0] == 'module':
        return key[1] if isinstance(key[1], Name) else Name('a module')
    if not isinstance(key, tuple) or len(key) < 5 or key[0] != 'storage' \
            or not isinstance(key[1], Name) or not isinstance(key[2], str) \
            or not is_size(key[4]):
        raise PickleError("a persistent id that is not PyTorch's")
    kind = key[1].text.rpartition('.')[2].removesuffix('Storage')
    # Other types are refused only when a tensor is read, because an optimiser may have any type.
    dtype, itemsize = TYPES.get(kind, (f'{kind} storage', 1))

    def missing() -> bytes:
        raise PickleError('a checkpoint that is cut off: a storage is missing')
    return Storage(key[2], dtype, itemsize, key[4], missing)


def _make(record: Record) -> Any:
    """Return plain data for the calls that weights consist of, and the record for others."""
    name, arguments = record.name, record.arguments
    if name in _DICTIONARIES:
        made: dict[Any, Any] = {}
        pairs = arguments[0] if arguments else ()
        for pair in pairs if isinstance(pairs, list) else ():
            if isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str):
                made[pair[0]] = pair[1]
        return made
    if name in _LISTS:
        return list(arguments[0]) if arguments and isinstance(arguments[0], list) else []
    if name == '_codecs.encode' and len(arguments) == 2 and isinstance(arguments[0], str) \
            and arguments[1] == 'latin1':
        return arguments[0].encode('latin1')
    if name == 'torch.storage._load_from_bytes' and len(arguments) == 1 \
            and isinstance(arguments[0], (bytes, bytearray)):
        if bytes(arguments[0][:4]) == b'PK\x03\x04':
            return record
        return _inner(arguments[0])
    if name in (f'{_REBUILD}tensor', f'{_REBUILD}tensor_v2', f'{_REBUILD}tensor_v3'):
        return tensor(*arguments[:4])
    if name in (f'{_REBUILD}parameter', f'{_REBUILD}parameter_with_state') and arguments:
        return arguments[0]
    if name == f'{_REBUILD}device_tensor_from_numpy' and arguments:
        return array(arguments[0]) or record
    if name == 'torch._tensor._rebuild_from_type_v2' and len(arguments) == 4 \
            and isinstance(arguments[0], Name) and isinstance(arguments[2], tuple):
        return _make(Record(arguments[0].text, arguments[2]))
    return record


def _inner(data: bytes | bytearray) -> Any:
    """Read a legacy file inside a pickle; a further level of nesting is refused."""
    if b'_load_from_bytes' in data:
        raise PickleError('a storage inside a storage')
    return _stream(io.BytesIO(data))


def _safetensors(path: Path) -> dict[str, StoredTensor]:
    from safetensors import safe_open, SafetensorError
    try:
        with safe_open(path, 'pt') as file:
            parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
            shapes = {name: (tuple(part.get_shape()), _SAFE.get(part.get_dtype(),
                                                                part.get_dtype()))
                      for name, part in parts.items()}
    except (SafetensorError, OSError) as error:
        raise PickleError(f'damaged safetensors ({" ".join(str(error).split())})') from error

    def values(name: str) -> np.ndarray:
        try:
            with safe_open(path, 'pt') as file:
                tensor = file.get_tensor(name)
        except (SafetensorError, OSError) as error:
            raise PickleError(f'damaged safetensors ({error})') from error
        return np.asarray(tensor.float() if tensor.is_floating_point() else tensor)
    return {name: StoredTensor(shape, dtype, lambda name=name: values(name))  # type: ignore[misc]
            for name, (shape, dtype) in shapes.items()}


_SAFE = {'F32': 'float32', 'F64': 'float64', 'F16': 'float16', 'BF16': 'bfloat16',
         'I64': 'int64', 'I32': 'int32', 'I16': 'int16', 'I8': 'int8', 'U8': 'uint8',
         'BOOL': 'bool'}
