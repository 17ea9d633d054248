# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write pickles operation by operation, and checkpoints of PyTorch, without PyTorch."""

from __future__ import annotations

import io
import struct
import zipfile

import numpy as np

STORAGES = {'float32': 'FloatStorage', 'float16': 'HalfStorage', 'float64': 'DoubleStorage',
            'int64': 'LongStorage'}


def text(value: str) -> bytes:
    """Push a string."""
    data = value.encode()
    return b'X' + struct.pack('<I', len(data)) + data


def number(value: int) -> bytes:
    """Push an integer."""
    data = value.to_bytes(9, 'little', signed=True)
    return b'\x8a' + bytes([len(data)]) + data


def name(path: str) -> bytes:
    """Push a class or function by its module and name."""
    module, _, attribute = path.rpartition('.')
    return f'c{module}\n{attribute}\n'.encode()


def group(*items: bytes) -> bytes:
    """Push a tuple."""
    return b'(' + b''.join(items) + b't'


def call(path: str, *arguments: bytes) -> bytes:
    """Push the result of a call."""
    return name(path) + group(*arguments) + b'R'


def mapping(**entries: bytes) -> bytes:
    """Push a dictionary."""
    return items(entries)


def items(entries: dict[str, bytes]) -> bytes:
    """Push a dictionary with any keys."""
    return b'}(' + b''.join(text(key) + value for key, value in entries.items()) + b'u'


def stream(value: bytes) -> bytes:
    """Return a whole pickle."""
    return b'\x80\x02' + value + b'.'


def reference(key: str, count: int, *, kind: str = 'torch.FloatStorage') -> bytes:
    """Push a storage."""
    return group(text('storage'), name(kind), text(key), text('cpu'), number(count)) + b'Q'


def tensor(storage: bytes, shape: tuple[int, ...], stride: tuple[int, ...], *,
           offset: int = 0) -> bytes:
    """Push a tensor that is a view on a storage."""
    return call('torch._utils._rebuild_tensor_v2', storage, number(offset),
                group(*map(number, shape)), group(*map(number, stride)), b'\x89',
                call('collections.OrderedDict'))


class Archive:
    """Collects storages, and writes them and a pickle like ``torch.save``."""

    def __init__(self) -> None:
        self.storages: dict[str, np.ndarray] = {}

    def array(self, values: np.ndarray) -> bytes:
        """Keep an array and push a tensor of it."""
        key = str(len(self.storages))
        self.storages[key] = values = np.ascontiguousarray(values)
        strides = tuple(step // values.itemsize for step in values.strides)
        kind = f'torch.{STORAGES[str(values.dtype)]}'
        return tensor(reference(key, values.size, kind=kind), values.shape, strides)

    def state(self, arrays: dict[str, np.ndarray]) -> bytes:
        """Push a state dictionary, an OrderedDict with an attribute ``_metadata``."""
        entries = b''.join(text(key) + self.array(value) for key, value in arrays.items())
        return (call('collections.OrderedDict') + b'(' + entries + b'u'
                + mapping(_metadata=call('collections.OrderedDict')) + b'b')

    def zip(self, value: bytes, *, root: str = 'archive') -> bytes:
        """Return the format of PyTorch since 1.6."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, 'w') as archive:
            archive.writestr(f'{root}/data.pkl', stream(value))
            archive.writestr(f'{root}/byteorder', 'little')
            for key, values in self.storages.items():
                archive.writestr(f'{root}/data/{key}', values.tobytes())
        return file.getvalue()

    def legacy(self, value: bytes) -> bytes:
        """Return the format before PyTorch 1.6."""
        magic = 0x1950a86a20f9469cfc6c.to_bytes(11, 'little')
        parts = [stream(b'\x8a\x0b' + magic), stream(number(1001)),
                 stream(mapping(little_endian=b'\x88')), stream(value),
                 stream(b'](' + b''.join(map(text, self.storages)) + b'e')]
        for values in self.storages.values():
            parts += [struct.pack('<q', values.size), values.tobytes()]
        return b''.join(parts)
