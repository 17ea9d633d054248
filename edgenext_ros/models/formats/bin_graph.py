# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read the graph in a ``.bin``: tensors, nodes, and the scales after the BPU program."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isfinite, prod
import struct
from types import MappingProxyType

from edgenext_ros.models.formats.protobuf_wire import contents, FormatError, number, Reader

PROGRAM = 'PACKED_HBM_MODEL'
"""Name of the initializer that holds the BPU program."""

_MAX_DIMENSIONS = 8
_MAX_SCALES = 1 << 20
_DTYPES = MappingProxyType({
    1: 'float32', 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16', 6: 'int32', 7: 'int64',
    9: 'float16', 10: 'float64'})


@dataclass(frozen=True)
class TensorInfo:
    """A named tensor."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @classmethod
    def read(cls, reader: Reader, message: memoryview) -> TensorInfo:
        """Read a ValueInfoProto."""
        name, dtype = '', 'of unknown type'
        shape: tuple[int, ...] = ()
        for key, kind, value in reader.fields(message):
            if key == 1:
                name = reader.text(kind, value)
            elif key == 2:
                dtype, shape = _type(reader, contents(kind, value))
        return cls(name, dtype, shape)

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)

    def __str__(self) -> str:
        """Return name, data type and shape."""
        return f'{self.name} {self.dtype} {"x".join(map(str, self.shape)) or "of no shape"}'


@dataclass(frozen=True)
class Node:
    """One operator; fields that a classifier does not need are left out."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @classmethod
    def read(cls, reader: Reader, message: memoryview) -> Node:
        """Read a NodeProto."""
        texts: dict[int, list[str]] = {1: [], 2: [], 4: []}
        for key, kind, value in reader.fields(message):
            if key in texts:
                texts[key].append(reader.text(kind, value))
        return cls(''.join(texts[4][-1:]), tuple(texts[1]), tuple(texts[2]))


@dataclass
class Graph:
    """The graph of one model in a file."""

    name: str = ''
    nodes: list[Node] = field(default_factory=list)
    inputs: list[TensorInfo] = field(default_factory=list)
    outputs: list[TensorInfo] = field(default_factory=list)
    input_types: list[int] = field(default_factory=list)
    floats: dict[str, list[memoryview]] = field(default_factory=dict)
    """Bytes of the initializers of float32, by name."""
    program: memoryview | None = None

    @classmethod
    def read(cls, reader: Reader, message: memoryview) -> Graph:
        """Read a GraphProto."""
        graph = cls()
        for key, kind, value in reader.fields(message):
            if key == 1:
                graph.nodes.append(Node.read(reader, contents(kind, value)))
            elif key == 2:
                graph.name = reader.text(kind, value)
            elif key == 3:
                graph._read_initializer(reader, contents(kind, value))
            elif key == 4:
                graph.inputs.append(TensorInfo.read(reader, contents(kind, value)))
            elif key == 5:
                graph.outputs.append(TensorInfo.read(reader, contents(kind, value)))
            elif key == 7:
                graph.input_types += reader.integers(kind, value, most=64)
        return graph

    def _read_initializer(self, reader: Reader, message: memoryview) -> None:
        """Read a TensorProto: the program, or float32 values."""
        name, strings, floats = '', [], []
        for key, kind, value in reader.fields(message):
            if key == 8:
                name = reader.text(kind, value)
            elif key == 5:
                strings.append(contents(kind, value))
            elif key == 2 and not isinstance(value, int):
                floats.append(value)  # packed (BYTES) or single: four bytes per value
        if name == PROGRAM and strings:
            self.program = strings[0]
        self.floats[name] = floats

    def scales(self) -> tuple[float, ...]:
        """
        Return the factors of the Dequantize node before the first output; empty without one.

        They are also empty when the node has a third input, the zero points, which hb_mapper does
        not write.

        :raises FormatError: scales are missing or not finite, or the graph has a cycle.
        """
        makers = {name: node for node in self.nodes for name in node.outputs}
        name = self.outputs[0].name
        for _ in range(len(self.nodes) + 1):
            node = makers.get(name)
            if node is None or not node.inputs or node.operator == 'BPU':
                return ()
            if node.operator == 'Dequantize':
                if len(node.inputs) != 2:
                    return ()
                scales = self._values(node.inputs[1])
                if not scales or not all(map(isfinite, scales)):
                    raise FormatError('a Dequantize node without finite scales')
                return scales
            name = node.inputs[0]
        raise FormatError('a graph with a cycle')

    def _values(self, name: str) -> tuple[float, ...]:
        """Return the values of an initializer of float32; empty when it does not exist."""
        parts = self.floats.get(name, [])
        size = sum(map(len, parts))
        if size % 4 or size > 4 * _MAX_SCALES:
            raise FormatError(f'{size} bytes of float32 values')
        return struct.unpack(f'<{size // 4}f', b''.join(parts))


def _type(reader: Reader, message: memoryview) -> tuple[str, tuple[int, ...]]:
    """Read a TensorTypeProto: data type and shape."""
    dtype = 'of unknown type'
    shape: tuple[int, ...] = ()
    for key, kind, value in reader.fields(message):
        if key == 1:
            code = number(kind, value)
            dtype = _DTYPES.get(code, f'type {code}')
        elif key == 2:
            shape += reader.integers(kind, value, most=_MAX_DIMENSIONS)
            if len(shape) > _MAX_DIMENSIONS or not all(0 <= size < 1 << 31 for size in shape):
                raise FormatError(f'a tensor of shape {shape}')
    return dtype, shape
