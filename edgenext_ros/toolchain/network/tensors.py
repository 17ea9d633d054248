# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tensors of a file, which are read lazily and only after their bounds have been checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

from edgenext_ros.toolchain.network.pickles import PickleError, Record
import numpy as np

MAX_TENSOR = 1 << 30
"""Largest tensor that is read, in bytes; all weights of EdgeNeXt base have 74 MB."""

TYPES = {'Float': ('float32', 4), 'Double': ('float64', 8), 'Half': ('float16', 2),
         'BFloat16': ('bfloat16', 2), 'Long': ('int64', 8), 'Int': ('int32', 4),
         'Short': ('int16', 2), 'Char': ('int8', 1), 'Byte': ('uint8', 1), 'Bool': ('bool', 1)}
"""PyTorch's storage type -> dtype and bytes per value."""


@dataclass(frozen=True, eq=False)
class StoredTensor:
    """A tensor of a file, not yet read."""

    shape: tuple[int, ...]
    dtype: str
    """Name of the data type, such as float32 or bfloat16."""
    read: Callable[[], np.ndarray]
    """Returns the values, bfloat16 as float32; raises PickleError if they cannot be read."""
    place: tuple[str, int] | None = None
    """Storage and offset; equal for two names of the same values."""


@dataclass(eq=False)
class Storage:
    """A block of values of one type, which tensors are views of."""

    key: str
    dtype: str
    itemsize: int
    count: int
    data: Callable[[], bytes]


def tensor(storage: Any = None, offset: Any = None, shape: Any = None,
           stride: Any = None) -> StoredTensor:
    """
    Check that a tensor lies within its storage, and return it unread.

    The arguments come from a file, so any of them may have any type.

    :param storage: a ``Storage``.
    :param offset: index of the first value.
    :param shape: sizes, a tuple of int.
    :param stride: values between neighbours along each axis, a tuple of int.
    :raises PickleError: an argument is not valid, or the tensor exceeds the storage.
    """
    if not isinstance(storage, Storage):
        raise PickleError('a tensor without a storage')
    if not is_size(offset) or not all(
            isinstance(sizes, tuple) and all(map(is_size, sizes)) for sizes in (shape, stride)) \
            or len(shape) != len(stride) or len(shape) > 16:
        raise PickleError('a tensor whose offset, shape or strides are not valid')
    count = prod(shape)
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if count and last >= storage.count:
        raise PickleError(f'a tensor that reaches to value {last} of {storage.count}')

    def read_values() -> np.ndarray:
        if storage.dtype not in {dtype for dtype, _ in TYPES.values()}:
            raise PickleError(f'weights in a {storage.dtype}; save them as float32')
        if max(count, storage.count) * storage.itemsize > MAX_TENSOR:
            raise PickleError(f'a tensor of {shape}, over the limit of {MAX_TENSOR} bytes')
        data = storage.data()
        if len(data) != storage.count * storage.itemsize:
            raise PickleError(f'a storage of {len(data)} bytes where its tensor has '
                              f'{storage.count} values of {storage.dtype}: it is cut off')
        values = np.frombuffer(data, 'u2' if storage.dtype == 'bfloat16' else storage.dtype)
        if storage.dtype == 'bfloat16':  # it is the upper half of a float32
            values = (values.astype('u4') << 16).view('f4')
        view = np.lib.stride_tricks.as_strided(
            values[offset:], shape, [step * values.itemsize for step in stride], writeable=False)
        return view.copy()
    return StoredTensor(tuple(shape), storage.dtype, read_values, (storage.key, offset))


def array(record: Any) -> StoredTensor | None:
    """Return the record of a NumPy array as a tensor; None for other records and dtypes."""
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
            or not isinstance(shape, tuple) or not all(map(is_size, shape)) or len(shape) > 16:
        return None
    swapped = isinstance(dtype.state, tuple) and dtype.state[1:2] == ('>',)
    kind = np.dtype(code).newbyteorder('>' if swapped else '<')
    if prod(shape) * kind.itemsize != len(data):
        raise PickleError(f'a NumPy array of {shape} with {len(data)} bytes')
    return StoredTensor(shape, kind.name, lambda: np.frombuffer(data, kind).reshape(
        shape, order='F' if fortran else 'C').astype(kind.newbyteorder('=')))


def is_size(value: Any) -> bool:
    """Return whether a value from a file can be a size, an offset or a stride."""
    return type(value) is int and 0 <= value < 1 << 48
