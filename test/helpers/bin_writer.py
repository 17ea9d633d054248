# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write a ``.bin`` like hb_mapper, or one with a chosen fault."""

from __future__ import annotations

from collections.abc import Sequence
import struct
import zlib

Value = int | bytes | str
Tensor = tuple[str, int, Sequence[int]]
"""Name, number of the type, shape."""


def varint(number: int) -> bytes:
    """Encode a number, negative ones as 64 bits."""
    number &= (1 << 64) - 1
    parts = bytearray()
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def field(number: int, value: Value) -> bytes:
    """Encode one field: an integer, or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(*fields: tuple[int, Value]) -> bytes:
    """Encode several fields."""
    return b''.join(field(number, value) for number, value in fields)


def tensor(name: str, dtype: int, shape: Sequence[int]) -> bytes:
    """Encode a ValueInfoProto."""
    return message((1, name), (2, message((1, dtype), (2, b''.join(map(varint, shape))))))


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """Encode a NodeProto."""
    return message(*((1, name) for name in inputs), *((2, name) for name in outputs),
                   (3, f'{operator}_0'), (4, operator))


def program(instructions: bytes, *, tag: bytes = b'B2E', weights: bytes = b'weights') -> bytes:
    """Make a BPU program of one model: headers, then the instructions and the weights."""
    data = bytearray(0x300)
    data[:16] = (b'#' + tag + b'hbm#').ljust(16, b'#')
    struct.pack_into('<3I20s', data, 0x10, 3, 15, 55, b'3.15.55.0')
    struct.pack_into('<20s', data, 0x3c, b'3.49.15')
    struct.pack_into('<3I', data, 0x68, 0xa8, len(data) + len(instructions) + len(weights) - 16, 1)
    struct.pack_into('<Q', data, 0xb8, 0xc0)
    model, end = 0xd0, len(data)
    struct.pack_into('<4I', data, model + 0xa4, end - model, 0, len(instructions),
                     zlib.crc32(instructions))
    struct.pack_into('<3I', data, model + 0xbc, end - model + len(instructions), len(weights),
                     zlib.crc32(weights))
    struct.pack_into('<2I', data, model + 0xf0, 0x1c0, 1)
    struct.pack_into('<I', data, model + 0x148, 1000)
    struct.pack_into('<I', data, model + 0x1c0 + 0x30, 1234)
    return bytes(data) + instructions + weights


def container(
        *, name: str = 'model', instructions: bytes = b'instructions', tag: bytes = b'B2E',
        inputs: Sequence[Tensor] = (('image', 7, (1, 16, 32, 3)),),
        outputs: Sequence[Tensor] = (('logits', 1, (1, 10)),),
        nodes: Sequence[bytes] | None = None, scales: bytes = b'',
        metadata: dict[str, str] | None = None, whole: bytes | None = None,
) -> bytes:
    """
    Make a ``.bin``.

    :param name: name of the model.
    :param instructions: instructions of the BPU program.
    :param tag: chip of the BPU program, ``B2E`` or ``B25``.
    :param inputs: input tensors.
    :param outputs: output tensors.
    :param nodes: NodeProtos; by default the BPU computes the first output.
    :param scales: float32 values of the initializer ``scale``.
    :param metadata: keys and values; None writes those of hb_mapper.
    :param whole: the BPU program; None makes one of ``instructions``.
    """
    if nodes is None:
        nodes = [node('BPU', ['image'], [outputs[0][0] if outputs else 'none'])]
    if metadata is None:
        metadata = {'MARCH': 'bayes-e', 'BUILDER_VERSION': '1.24.3', 'HBDK_VERSION': '3.49.15'}
    if whole is None:
        whole = program(instructions, tag=tag)
    graph = message(
        *((1, entry) for entry in nodes), (2, name),
        (3, message((1, message((1, 8))), (5, whole), (8, 'PACKED_HBM_MODEL'))),
        (3, message((1, message((1, 1))), (2, scales), (8, 'scale'))),
        *((4, tensor(*given[:1], 3, given[2])) for given in inputs),
        *((5, tensor(*given)) for given in outputs),
        *((7, given[1]) for given in inputs), (8, 2))
    entries = (message((1, key), (2, value)) for key, value in metadata.items())
    return message((1, 1), (2, 1), (5, graph), (6, message(*((1, entry) for entry in entries))))
