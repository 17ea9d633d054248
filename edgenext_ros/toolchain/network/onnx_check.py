# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Check that a network computes the same as the ONNX graph that its weights come from."""

from __future__ import annotations

from typing import Any

from edgenext_ros.models import ModelError
from edgenext_ros.toolchain.network.onnx_weights import OnnxFile
import numpy as np
import onnx
import torch
from torch import nn

_LARGEST_DIFFERENCE = 0.01
"""Limit of the difference, relative to the largest logit; float16 causes 0.003, one wrong weight
more than 0.1."""
_PICTURES = 3
_LEAST_CHANGE = 1e-3
"""Least change of the logits between pictures, relative to the largest logit, that a difference is
divided by; smaller changes are rounding errors."""


def check(file: OnnxFile, network: nn.Module) -> list[str]:
    """
    Run the graph and the network on random pictures; return notes for the user.

    The changes of the logits between pictures are compared too, because the logits of an untrained
    network are nearly the same for all pictures, whatever its layers compute.

    :raises ModelError: the outputs differ.
    """
    import onnxruntime
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(
            _downgraded(file.model).SerializeToString(), settings,
            providers=['CPUExecutionProvider'])
        entry = session.get_inputs()[0]
        sides = [side if isinstance(side, int) else free for side, free in
                 zip(entry.shape, (1, 3, 224, 224), strict=True)]
        pictures = _pictures(sides)
        runs = [session.run(None, {entry.name: picture}) for picture in pictures]
    except Exception as error:  # onnxruntime has no common base class for its errors
        return ['the graph itself could not be run to compare with: '
                f'{" ".join(str(error).split())[:200]}']
    with torch.no_grad():
        expected = np.concatenate([network.eval()(torch.from_numpy(picture)).numpy()
                                   for picture in pictures])
    same = [np.concatenate(values).astype(np.float32).reshape(expected.shape)
            for values in zip(*runs, strict=True)
            if sum(map(np.size, values)) == expected.size]
    notes = []
    if same and (same[0] >= 0).all() and np.allclose(same[0].sum(1), 1, atol=1e-2):
        grown = np.exp(expected - expected.max(1, keepdims=True))
        expected = grown / grown.sum(1, keepdims=True)
        notes = ['the Softmax at its end is left off: the node computes it']
    difference = min((_difference(output, expected) for output in same), default=float('inf'))
    if not difference < _LARGEST_DIFFERENCE:
        raise ModelError(f"{file.path}: timm's network with these weights differs from the graph "
                         f'by {difference:.2g} of the outputs, or of what changes in them from '
                         'picture to picture: the graph computes something else')
    return notes


def _pictures(sides: list[int]) -> list[np.ndarray]:
    """Return noise in squares of 1, 8 and 64 pixels, three clearly different pictures."""
    random = np.random.default_rng(0)
    pictures = []
    for index in range(_PICTURES):
        square = 8 ** index
        small = random.normal(size=[*sides[:2], *(-(-side // square) for side in sides[2:])])
        large = small.repeat(square, 2).repeat(square, 3)
        pictures.append(large[:, :, :sides[2], :sides[3]].astype(np.float32))
    return pictures


def _difference(output: np.ndarray, expected: np.ndarray) -> float:
    """Return the larger relative difference: of the logits, or of their changes."""
    largest = np.abs(expected).max()
    change, wanted = (values - values.mean(0) for values in (output, expected))
    scale = max(np.abs(wanted).max(), _LEAST_CHANGE * largest)
    return float(max(np.abs(output - expected).max() / largest,
                     np.abs(change - wanted).max() / scale))


def _downgraded(model: Any) -> Any:
    """
    Return a copy that older versions of ONNX Runtime read.

    Of the operators since opset 20, EdgeNeXt uses only Gelu, which is in com.microsoft too.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    _to_float32(copy.graph)
    copy.ir_version = min(copy.ir_version, 8)
    for opset in copy.opset_import:
        if opset.domain in ('', 'ai.onnx'):
            opset.version = min(opset.version, 18)
    if any(node.op_type == 'Gelu' for node in copy.graph.node):
        copy.opset_import.append(onnx.helper.make_opsetid('com.microsoft', 1))
    for node in copy.graph.node:
        if node.op_type == 'Gelu' and not node.domain:
            fast = any(entry.name == 'approximate' and entry.s == b'tanh'
                       for entry in node.attribute)
            node.domain, node.op_type = 'com.microsoft', 'FastGelu' if fast else 'Gelu'
            del node.attribute[:]
    return copy


def _to_float32(graph: Any) -> None:
    """Convert a float16 graph to float32, for which ONNX Runtime has every operator."""
    half, single = onnx.TensorProto.FLOAT16, onnx.TensorProto.FLOAT
    for node in graph.node:
        for entry in node.attribute:
            if entry.name == 'to' and entry.i == half:
                entry.i = single
    constants = [entry.t for node in graph.node for entry in node.attribute if entry.HasField('t')]
    for tensor in (*graph.initializer, *constants):
        if tensor.data_type == half:
            tensor.CopyFrom(onnx.numpy_helper.from_array(
                onnx.numpy_helper.to_array(tensor).astype(np.float32), tensor.name))
    for value in (*graph.input, *graph.output):
        if value.type.tensor_type.elem_type == half:
            value.type.tensor_type.elem_type = single
    del graph.value_info[:]
