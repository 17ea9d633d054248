# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Load an EdgeNeXt's weights from whatever holds them: timm's name, a checkpoint, an ONNX file."""

from __future__ import annotations

from pathlib import Path
import re

from edgenext_ros.models import ModelError, store
from edgenext_ros.models.catalog import CATALOG
from edgenext_ros.toolchain.bpu_graph import PLANS, size_of
from edgenext_ros.toolchain.recipe import WEIGHTS
import timm
import torch
from torch import nn, Tensor


def load_network(model: str, *, random: bool = False, classes: int = 1000) -> nn.Module:
    """
    Return timm's network with its weights, in eval mode.

    :param model: timm's name, or path of a ``.onnx``, ``.pt``, ``.pth`` or ``.safetensors`` file.
    :param random: for a name: random weights of a trained network's size, nothing is fetched.
    :param classes: for random weights.
    :raises ModelError: not one of the four sizes of EdgeNeXt, or the weights cannot be had.
    """
    path = Path(model)
    if random or not path.suffix or (path.suffix not in WEIGHTS and not path.is_file()):
        return _random(model, classes) if random else _pretrained(model)
    try:
        weights = _read(path)
    except Exception as error:  # Every library has its own errors for a damaged file.
        # PyTorch's advice would be to run whatever code the file holds.
        why = _one_line(error)
        if 'eights_only' in why or 'eights only' in why:
            why = 'it is no PyTorch checkpoint, or holds more than tensors'
        raise ModelError(f'{path}: cannot be read as weights: {why}') from error
    if not {'stem.0.weight', 'head.fc.weight'} <= weights.keys():
        raise ModelError(
            f'{path}: expected the weights of an EdgeNeXt under the names of timm (stem.0.weight, '
            f'..., head.fc.weight), found {", ".join(list(weights)[:3]) or "none of them"}; an '
            'ONNX file must be exported by PyTorch 1.13 or later from the model of timm')
    try:
        name = size_of(len(weights['stem.0.weight']))
        network = timm.create_model(name, num_classes=len(weights['head.fc.weight']))
        network.load_state_dict(weights)
    except (ValueError, RuntimeError) as error:
        raise ModelError(f'{path}: not an EdgeNeXt: {_one_line(error)[:300]}') from error
    return network.eval()


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix == '.onnx':
        return _read_onnx(path)
    if path.suffix == '.safetensors':
        from safetensors.torch import load_file
        return load_file(path)
    state = torch.load(path, map_location='cpu', weights_only=True)
    for key in ('state_dict', 'model'):  # where timm and others keep them
        state = state.get(key, state)
    return state


def _read_onnx(path: Path) -> dict[str, Tensor]:
    """Return weights by timm's names; those of a Linear are told by the name of its MatMul."""
    import onnx
    graph = onnx.load(str(path)).graph
    constants = {entry.name: torch.from_numpy(onnx.numpy_helper.to_array(entry).copy())
                 for entry in graph.initializer}
    for node in graph.node:
        if node.op_type == 'Identity' and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]]  # equal weights are kept once
    weights = {name: value for name, value in constants.items()
               if re.match(r'(stem|stages|head)\.', name)}
    for node in graph.node:
        if node.op_type == 'MatMul' and node.input[1] in constants:
            # /stages/stages.0/blocks/blocks.1/mlp/fc1/MatMul is stages.0.blocks.1.mlp.fc1
            parts = node.name.strip('/').split('/')[:-1]
            path_of = [part for part, behind in zip(parts, [*parts[1:], ''], strict=True)
                       if not behind.startswith(f'{part}.')]
            weights['.'.join([*path_of, 'weight'])] = constants[node.input[1]].T.contiguous()
    return weights


def _pretrained(name: str) -> nn.Module:
    """Load timm's weights: those that were fetched, else from the hub."""
    _check_name(name)
    size = name.partition('.')[0].removeprefix('edgenext_')
    file = next(file for file in CATALOG[size].files if file.kind == 'weights')
    known = name in (f'edgenext_{size}', Path(file.name).stem)  # not so for timm's other tags
    if known and store.find(CATALOG[size], file):
        return load_network(str(store.locate(size, suffixes=(file.suffix,)).path))
    try:
        return timm.create_model(name, pretrained=True).eval()
    except Exception as error:  # Whatever the hub's client raises.
        fetch = f'get them with "{store.fetch_command(size, file.kind)}", ' if known else ''
        raise ModelError(
            f'{name}: its weights are not in the cache and cannot be fetched from the Hugging '
            f'Face hub ({_one_line(error)[:200]}); give the path of a checkpoint, {fetch}or '
            '--random-weights to measure the latency only') from error


def _random(name: str, classes: int) -> nn.Module:
    """Make weights that no exporter can fold away, the same for everyone."""
    _check_name(name)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = timm.create_model(name, num_classes=classes).eval()
        for key, value in network.named_parameters():
            if 'temperature' in key:
                value.data.uniform_(0.9, 1.5)
            elif value.ndim < 2:
                value.data.normal_(0 if key.endswith('bias') else 1, 0.2)
    return network


def _check_name(name: str) -> None:
    if name.partition('.')[0] not in PLANS:
        raise ModelError(f'model {name!r}: expected {", ".join(PLANS)} (timm), or a file with '
                         f'weights ({", ".join(WEIGHTS)})')


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split()) or type(error).__name__
