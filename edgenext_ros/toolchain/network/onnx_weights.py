# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read the weights of an EdgeNeXt from an ONNX file by the order of its operators, not by names.

Exporters name the same weights differently, and transpose those of Linear layers. So the constants
of the operators, in the order of the data flow, are assigned to timm's parameters in the order in
which timm's network uses them. ``onnx_check`` then compares the outputs of both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edgenext_ros.models import ModelError
import numpy as np
import onnx
from onnx import numpy_helper
import torch
from torch import nn

_TRANSPARENT = ('Identity', 'Cast', 'Dropout')
"""Operators that hand a constant on."""
_QUANTISED = ('QuantizeLinear', 'DequantizeLinear', 'QLinearConv', 'MatMulInteger',
              'ConvInteger', 'DynamicQuantizeLinear')


@dataclass(frozen=True)
class OnnxFile:
    """A graph, the constants of its operators, and the size of its input."""

    path: Path
    model: Any
    size: tuple[int, int] | None
    """Height and width of the input; None if they are dynamic."""
    held: list[tuple[str, np.ndarray]]
    """Type of the operator and constant, in the order of the data flow."""
    apart: list[tuple[str, np.ndarray]] = field(default_factory=list)
    """The same for operators that do not depend on the input: the position encoding."""

    @property
    def dtype(self) -> str:
        """Type of the first weight."""
        return str(self.held[0][1].dtype)

    @property
    def width(self) -> int:
        """Channels of the first convolution."""
        return len(self.held[0][1])

    @property
    def classes(self) -> int:
        """Values of the last bias."""
        return len(self.held[-1][1])


def read(path: Path) -> OnnxFile:
    """
    Read a graph and its weights, also from an external data file beside it.

    :raises ModelError: the graph is quantised, is not an EdgeNeXt, or refers to a file elsewhere.
    :raises Exception: whatever onnx raises for a damaged file.
    """
    model = onnx.load(str(path), load_external_data=False)
    for tensor in model.graph.initializer:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            _fetch(path, tensor)
    found = next((node.op_type for node in model.graph.node if node.op_type in _QUANTISED), None)
    if found:
        raise ModelError(f'{path}: a quantised graph ({found}); the compiler quantises by itself: '
                         'give it the float32 model')
    constants = _constants(model.graph)
    held, apart = _walk(model.graph, constants)
    if not held or held[0][0] != 'Conv' or held[0][1].ndim != 4 or held[-1][1].ndim != 1:
        kinds = [kind for kind, _ in held]
        raise ModelError(f'{path}: expected the weights of an EdgeNeXt, found a graph of '
                         f'{len(model.graph.node)} operators that begins with '
                         f'{kinds[0] if kinds else "none that has weights"}')
    return OnnxFile(path, model, _size(path, model.graph), held, apart)


def _fetch(path: Path, tensor: Any) -> None:
    """Read a tensor's values from a file in the graph's folder; refuse other places."""
    facts = {entry.key: entry.value for entry in tensor.external_data}
    name = facts.get('location', '')
    data = path.parent / name
    if not name or Path(name).is_absolute() or '..' in Path(name).parts \
            or path.parent.resolve() not in data.resolve().parents:
        raise ModelError(f'{path}: refers to {name!r} for its weights; only a file in its own '
                         'folder is read')
    if not data.is_file():
        raise ModelError(f'{path}: its weights are in {name}, which is not beside it; copy both '
                         'files, or export with external_data=False')
    size = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
    offset, length = int(facts.get('offset', 0)), int(np.prod(tensor.dims, dtype=object)) * size
    if offset < 0 or length < 0 or offset + length > data.stat().st_size:
        raise ModelError(f'{path}: {name} has {data.stat().st_size} bytes, expected '
                         f'{offset + length} for {tensor.name}; copy it again')
    with data.open('rb') as file:
        file.seek(offset)
        tensor.raw_data = file.read(length)
    tensor.data_location = onnx.TensorProto.DEFAULT
    del tensor.external_data[:]


def _constants(graph: Any) -> dict[str, np.ndarray]:
    """Return initializers, constants, and their transposes, by name."""
    found = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    for node in graph.node:
        if node.op_type == 'Constant':
            for attribute in node.attribute:
                if attribute.name == 'value':
                    found[node.output[0]] = numpy_helper.to_array(attribute.t)
        elif node.input and node.input[0] in found:
            if node.op_type in _TRANSPARENT:
                found[node.output[0]] = found[node.input[0]]
            elif node.op_type == 'Transpose':
                order = next((list(a.ints) for a in node.attribute if a.name == 'perm'), None)
                found[node.output[0]] = found[node.input[0]].transpose(order)
    return found


def _walk(graph: Any, constants: dict[str, np.ndarray]
          ) -> tuple[list[tuple[str, np.ndarray]], list[tuple[str, np.ndarray]]]:
    """Return the constants of operators that depend on the input, and of the others."""
    pictures = {entry.name for entry in graph.input} - set(constants)
    depends, held, apart = set(pictures), [], []
    for node in graph.node:
        on_path = node.op_type != 'Shape' and any(name in depends for name in node.input)
        if on_path:
            depends.update(node.output)
        # Off the path only the position encoding's Conv has weights; the rest is arithmetic.
        if on_path or node.op_type == 'Conv':
            (held if on_path else apart).extend(_held(node, constants))
    return held, apart


def _held(node: Any, constants: dict[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the weights of an operator, those of a Linear layer as PyTorch stores them."""
    kind = node.op_type
    if kind not in ('Conv', 'MatMul', 'Gemm', 'LayerNormalization', 'Add', 'Mul'):
        return
    transposed = kind == 'MatMul' or not any(
        entry.name == 'transB' and entry.i for entry in node.attribute)
    for index, name in enumerate(node.input):
        value = constants.get(name)
        if value is None or value.dtype.kind != 'f' or value.size < 2:
            continue
        if kind in ('MatMul', 'Gemm') and index == 1 and transposed:
            value = value.T
        yield kind, value


def _size(path: Path, graph: Any) -> tuple[int, int] | None:
    """Return height and width of the only input; None if they are dynamic."""
    constants = {entry.name for entry in graph.initializer}
    inputs = [entry for entry in graph.input if entry.name not in constants]
    if len(inputs) != 1:
        raise ModelError(f'{path}: expected one picture as input, found '
                         f'{", ".join(entry.name for entry in inputs) or "none"}')
    kind = inputs[0].type.tensor_type
    shape = [side.dim_value for side in kind.shape.dim]
    if kind.elem_type not in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16) \
            or len(shape) != 4 or shape[1] not in (0, 3):
        raise ModelError(
            f'{path}: expected normalised RGB, float32 1x3xHxW, found '
            f'{onnx.TensorProto.DataType.Name(kind.elem_type)} {"x".join(map(str, shape))}; '
            'export the network alone, without a layout or normalisation of its own')
    return (shape[2], shape[3]) if shape[2] and shape[3] else None


def fill(file: OnnxFile, network: nn.Module) -> dict[str, np.ndarray]:
    """
    Assign the graph's constants to a network's parameters; return them by name.

    :param file: the graph.
    :param network: timm's EdgeNeXt with the graph's width and number of classes.
    :raises ModelError: a constant does not have the shape of the parameter at its place.
    """
    weights, held, apart = {}, list(file.held), list(file.apart)
    shapes = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    for name in _order(network):
        row = apart if 'pos_embd' in name and apart else held
        if 'pos_embd' in name and not apart:
            if name.endswith('.weight'):
                weights.update(_positions(file, network, name, held))
            continue
        value = row[0][1] if row else None
        if value is not None and value.size == np.prod(shapes[name]) \
                and value.squeeze().shape == tuple(s for s in shapes[name] if s != 1):
            weights[name] = row.pop(0)[1].reshape(shapes[name])
        elif name.rpartition('.')[2] in ('gamma', 'gamma_xca'):  # folded into the layer before
            weights[name] = np.ones(shapes[name], np.float32)
        elif value is None and name == 'head.fc.weight':
            raise ModelError(f'{file.path}: has no classifier head (head.fc.weight): it was '
                             'exported with num_classes=0; export the network with its head')
        else:
            found = 'nothing' if value is None else f'{row[0][0]} with {value.shape}'
            raise ModelError(f'{file.path}: not an EdgeNeXt: expected {name} '
                             f'{shapes[name]}, found {found}')
    if held:
        raise ModelError(f'{file.path}: not an EdgeNeXt: expected its end '
                         f'after head.fc, found {held[0][0]} with {held[0][1].shape}')
    return weights


def _order(network: nn.Module) -> Iterator[str]:
    """Yield the names of the parameters in the order in which the network uses them."""
    def both(name: str) -> Iterator[str]:
        yield from (f'{name}.weight', f'{name}.bias')

    yield from both('stem.0')
    yield from both('stem.1')
    for index, stage in enumerate(network.stages):
        if index:
            yield from both(f'stages.{index}.downsample.0')
            yield from both(f'stages.{index}.downsample.1')
        for number, block in enumerate(stage.blocks):
            at = f'stages.{index}.blocks.{number}'
            if hasattr(block, 'xca'):
                for part in range(len(block.convs)):
                    yield from both(f'{at}.convs.{part}')
                if block.pos_embd is not None:
                    yield from both(f'{at}.pos_embd.token_projection')
                yield from both(f'{at}.norm_xca')
                yield from both(f'{at}.xca.qkv')
                yield f'{at}.xca.temperature'
                yield from both(f'{at}.xca.proj')
                yield f'{at}.gamma_xca'
            else:
                yield from both(f'{at}.conv_dw')
            for part in ('norm', 'mlp.fc1', 'mlp.fc2'):
                yield from both(f'{at}.{part}')
            yield f'{at}.gamma'
    yield from both('head.norm')
    yield from both('head.fc')


def _positions(file: OnnxFile, network: nn.Module, name: str,
               held: list[tuple[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """
    Return a projection that gives the position encoding, which a graph optimiser has folded.

    It is a least-squares solution: there are many more pixels than the 64 features.
    """
    module = network.get_submodule(name.removesuffix('.token_projection.weight'))
    channels, features = module.token_projection.weight.shape[:2]
    kind, value = held.pop(0) if held else ('nothing', np.empty(0))
    side = [] if file.size is None else [edge // 8 for edge in file.size]
    if not side or kind != 'Add' or value.size != channels * side[0] * side[1]:
        raise ModelError(f'{file.path}: not an EdgeNeXt: expected the position '
                         f'encoding of {name}, found {kind} with {value.shape}')
    pixels = side[0] * side[1]
    value = value.reshape(pixels, channels) if value.shape[-1] == channels \
        else value.reshape(channels, pixels).T
    projection, module.token_projection = module.token_projection, nn.Conv2d(features, features, 1)
    with torch.no_grad():
        module.token_projection.weight.copy_(torch.eye(features)[:, :, None, None])
        module.token_projection.bias.zero_()
        waves = module((1, *side)).reshape(features, pixels).T.double().numpy()
    module.token_projection = projection
    solution = np.linalg.lstsq(np.hstack([waves, np.ones((pixels, 1))]),
                               value.astype(np.float64), rcond=1e-4)[0].astype(np.float32)
    return {name: solution[:-1].T.reshape(channels, features, 1, 1),
            name.replace('.weight', '.bias'): solution[-1]}
