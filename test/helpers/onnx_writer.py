# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Write small ONNX models without the onnx package (fields as in onnx.proto)."""

from __future__ import annotations

from collections.abc import Sequence

from helpers.bin_writer import message

FLOAT, UINT8, INT64 = 1, 2, 7
Value = tuple[str, Sequence[int | str]]
"""Name and shape; a dimension given as a name is dynamic."""


def node(operator: str, inputs: Sequence[str], outputs: Sequence[str],
         **attributes: int) -> bytes:
    """Encode a NodeProto with integers as attributes."""
    return message(*((1, name) for name in inputs), *((2, name) for name in outputs),
                   (4, operator), *((5, message((1, name), (3, value), (20, 2)))
                                    for name, value in attributes.items()))


def _value(value: Value, kind: int) -> bytes:
    name, shape = value
    sides = (message((2 if isinstance(side, str) else 1, side)) for side in shape)
    tensor = message((1, kind), (2, message(*((1, side) for side in sides))))
    return message((1, name), (2, message((1, tensor))))


def model(nodes: Sequence[bytes], *, image: Value = ('image', (1, 3, 8, 8)),
          outputs: Sequence[Value], kind: int = FLOAT, kinds: Sequence[int] = ()) -> bytes:
    """Encode a ModelProto of opset 13 with one input."""
    graph = message(
        *((1, entry) for entry in nodes), (2, 'graph'), (11, _value(image, kind)),
        *((12, _value(output, kinds[index] if kinds else FLOAT))
          for index, output in enumerate(outputs)))
    return message((1, 7), (7, graph), (8, message((1, ''), (2, 13))))
