# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read files of weights as data: PyTorch's three formats, a plain pickle, safetensors.

Nothing in a file is imported or called (``pickles``), and no tensor is read before its place in
the file has been checked. PyTorch's formats are described in its ``torch/serialization.py``:

==========  ======================================================================
zip         NAME/data.pkl, and NAME/data/KEY for each storage; TorchScript likewise
legacy      before 1.6: five pickles, then for each storage its count and its bytes
``pickle``  a pickle whose storages are legacy files in themselves
==========  ======================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
import io
import lzma
from math import prod
from pathlib import Path
import struct
from typing import Any, BinaryIO
import zipfile
import zlib

from edgenext_ros.models import bin_file, ModelError
from edgenext_ros.toolchain.pickles import Name, PickleError, read as read_pickle, Record
import numpy as np

MAX_TENSOR = 1 << 30
"""Largest tensor that is read, in bytes; EdgeNeXt base has 74 MB in all."""
MAX_PICKLE = 1 << 31
"""Largest pickle that is read into memory, in bytes."""

# bfloat16 is the upper half of a float32.
_TYPES = {'Float': ('float32', 4), 'Double': ('float64', 8), 'Half': ('float16', 2),
          'BFloat16': ('bfloat16', 2), 'Long': ('int64', 8), 'Int': ('int32', 4),
          'Short': ('int16', 2), 'Char': ('int8', 1), 'Byte': ('uint8', 1), 'Bool': ('bool', 1)}
_LEGACY_MAGIC = 0x1950a86a20f9469cfc6c
_REBUILD = 'torch._utils._rebuild_'
_DICTIONARIES = ('collections.OrderedDict', 'collections.defaultdict', 'builtins.dict',
                 '__builtin__.dict')
_LISTS = tuple(f'{module}.{name}' for module in ('builtins', '__builtin__')
               for name in ('set', 'frozenset', 'list'))


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of a file, not yet read."""

    shape: tuple[int, ...]
    dtype: str
    """Such as float32 or bfloat16."""
    read: Callable[[], np.ndarray]
    """Returns the values: float32 for bfloat16, else of ``dtype``; raises PickleError."""
    place: tuple[str, int] | None = None
    """Storage and offset, by which two names of the same values are told."""


@dataclass(eq=False)
class _Storage:
    """Values in a row that tensors look into."""

    key: str
    dtype: str
    itemsize: int
    count: int
    data: Callable[[], bytes]


def read(path: Path) -> Any:
    """
    Return what a file holds: dictionaries, lists, numbers, ``Tensor`` and ``Record``.

    The kind is told by the content, not by the suffix.

    :raises ModelError: it cannot be read, is damaged, or of another kind.
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
                raise PickleError(f'{found} where a checkpoint of PyTorch or safetensors begins')
            if path.stat().st_size > MAX_PICKLE:
                raise PickleError(f'a pickle of {path.stat().st_size} bytes, over the limit of '
                                  f'{MAX_PICKLE}; save it with a PyTorch newer than 1.6')
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
            # Opened again for each tensor: an optimiser's many stay unread.
            with _archive(path) as archive:
                return _member(archive, f'{root}data/{storage.key}',
                               storage.count * storage.itemsize)
        storage.data = data
        return storage
    return read_pickle(stream, make=_make, load=load)


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive, and raise PickleError for all that can be wrong with one."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except PickleError:
        raise
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, NotImplementedError,
            RuntimeError, EOFError, KeyError, ValueError, OSError) as error:
        raise PickleError(f'a damaged zip archive ({" ".join(str(error).split())})') from error


def _member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    """Return a member's bytes, or raise PickleError for more than were promised."""
    with archive.open(name) as file:
        found = file.read(limit + 1)
    if len(found) > limit:
        raise PickleError(f'a checkpoint whose {name} has more than {limit} bytes')
    return found


def _stream(stream: BinaryIO) -> Any:
    """Read a legacy file of PyTorch, or another pickle."""
    storages: dict[str, _Storage] = {}

    def load(key: Any) -> Any:
        storage = _storage(key)
        if isinstance(storage, Name):
            return storage
        known = storages.setdefault(key[2], storage)
        if len(key) > 5 and key[5] is not None:  # a part of another storage
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


def _storage(key: Any) -> _Storage | Name:
    """Return the storage that a persistent id names, without its data."""
    if isinstance(key, tuple) and len(key) > 1 and key[0] == 'module':
        return key[1] if isinstance(key[1], Name) else Name('a module')
    if not isinstance(key, tuple) or len(key) < 5 or key[0] != 'storage' \
            or not isinstance(key[1], Name) or not isinstance(key[2], str) or not _whole(key[4]):
        raise PickleError('a persistent id that is none of PyTorch')
    kind = key[1].text.rpartition('.')[2].removesuffix('Storage')
    # Another type is refused where a tensor of it is needed: an optimiser may have anything.
    dtype, itemsize = _TYPES.get(kind, (f'{kind} storage', 1))

    def none() -> bytes:
        raise PickleError('a checkpoint that is cut off: a storage is missing')
    return _Storage(key[2], dtype, itemsize, key[4], none)


def _make(record: Record) -> Any:
    """Return plain data for the few calls that weights are made of, else the record."""
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
        return _tensor(*arguments[:4])
    if name in (f'{_REBUILD}parameter', f'{_REBUILD}parameter_with_state') and arguments:
        return arguments[0]
    if name == f'{_REBUILD}device_tensor_from_numpy' and arguments:
        return array(arguments[0]) or record
    if name == 'torch._tensor._rebuild_from_type_v2' and len(arguments) == 4 \
            and isinstance(arguments[0], Name) and isinstance(arguments[2], tuple):
        return _make(Record(arguments[0].text, arguments[2]))
    return record


def _inner(data: bytes | bytearray) -> Any:
    """Read a legacy file inside a pickle; one in it in turn stays a record."""
    if b'_load_from_bytes' in data:
        raise PickleError('a storage inside a storage')
    return _stream(io.BytesIO(data))


def _tensor(storage: Any = None, offset: Any = None, shape: Any = None,
            stride: Any = None) -> Tensor:
    """Check where a tensor lies in its storage, and return it unread."""
    if not isinstance(storage, _Storage):
        raise PickleError('a tensor without a storage')
    if not _whole(offset) or not all(
            isinstance(sizes, tuple) and all(map(_whole, sizes)) for sizes in (shape, stride)) \
            or len(shape) != len(stride) or len(shape) > 16:
        raise PickleError('a tensor whose offset, shape or strides are no sizes')
    count = prod(shape)
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if count and last >= storage.count:
        raise PickleError(f'a tensor that reaches to value {last} of {storage.count}')

    def read_values() -> np.ndarray:
        if storage.dtype not in {dtype for dtype, _ in _TYPES.values()}:
            raise PickleError(f'weights in a {storage.dtype}; save them as float32')
        if max(count, storage.count) * storage.itemsize > MAX_TENSOR:
            raise PickleError(f'a tensor of {shape}, over the limit of {MAX_TENSOR} bytes')
        data = storage.data()
        if len(data) != storage.count * storage.itemsize:
            raise PickleError(f'a storage of {len(data)} bytes where its tensor has '
                              f'{storage.count} values of {storage.dtype}: it is cut off')
        values = np.frombuffer(data, 'u2' if storage.dtype == 'bfloat16' else storage.dtype)
        if storage.dtype == 'bfloat16':
            values = (values.astype('u4') << 16).view('f4')
        view = np.lib.stride_tricks.as_strided(
            values[offset:], shape, [step * values.itemsize for step in stride], writeable=False)
        return view.copy()
    return Tensor(tuple(shape), storage.dtype, read_values, (storage.key, offset))


def array(record: Any) -> Tensor | None:
    """Return a NumPy array's record as a tensor; None if it is none, or not of numbers."""
    if not isinstance(record, Record):
        return None
    if record.name.endswith('.multiarray._reconstruct') and isinstance(record.state, tuple) \
            and len(record.state) == 5:
        _, shape, dtype, fortran, data = record.state
    elif record.name.endswith('.numeric._frombuffer') and len(record.arguments) == 4:
        data, dtype, shape, order = record.arguments
        fortran = order == 'F'
    else:
        return None
    code = dtype.arguments[0] if isinstance(dtype, Record) and dtype.arguments else None
    if code not in ('f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'b1') \
            or not isinstance(data, (bytes, bytearray)) \
            or not isinstance(shape, tuple) or not all(map(_whole, shape)) or len(shape) > 16:
        return None
    swapped = isinstance(dtype.state, tuple) and dtype.state[1:2] == ('>',)
    kind = np.dtype(code).newbyteorder('>' if swapped else '<')
    if prod(shape) * kind.itemsize != len(data):
        raise PickleError(f'a NumPy array of {shape} with {len(data)} bytes')
    return Tensor(shape, kind.name, lambda: np.frombuffer(data, kind).reshape(
        shape, order='F' if fortran else 'C').astype(kind.newbyteorder('=')))


def _whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 48


def _safetensors(path: Path) -> dict[str, Tensor]:
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
    return {name: Tensor(shape, dtype, lambda name=name: values(name))  # type: ignore[misc]
            for name, (shape, dtype) in shapes.items()}


_SAFE = {'F32': 'float32', 'F64': 'float64', 'F16': 'float16', 'BF16': 'bfloat16',
         'I64': 'int64', 'I32': 'int32', 'I16': 'int16', 'I8': 'int8', 'U8': 'uint8',
         'BOOL': 'bool'}
