# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Load the weights of an EdgeNeXt by timm's name, from a checkpoint or from an ONNX file."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path

from edgenext_ros.models import ModelError, store
from edgenext_ros.models.catalog import CATALOG
from edgenext_ros.toolchain.network import checkpoint, onnx_check, onnx_weights
from edgenext_ros.toolchain.network.choice import choose, STEMS
from edgenext_ros.toolchain.network.pickles import PickleError
from edgenext_ros.toolchain.network.sizes import PLANS, size_of, WEIGHTS
from edgenext_ros.toolchain.network.tensors import StoredTensor
import numpy as np
import timm
from timm.models.edgenext import checkpoint_filter_fn
import torch
from torch import nn

_FLOATS = ('float32', 'float64', 'float16', 'bfloat16')
_MOST_VALUES = 200_000_000
"""Limit of the number of weights; EdgeNeXt base has 18,500,000."""
_PARTS = ('stem.', 'stages.', 'head.norm.', 'head.fc.', 'downsample_layers.', 'norm.', 'head.')
"""Prefixes of the network's own weights; other tensors are ignored."""


@dataclass(frozen=True)
class Loaded:
    """A network with its weights, and notes on them for the user."""

    network: nn.Module
    """timm's, in eval mode."""
    notes: tuple[str, ...] = ()
    """Sentences: which weights were taken, and what was changed."""
    size: tuple[int, int] | None = None
    """Height and width of the input, if the file fixes them."""


def load(model: str, *, random: bool = False, classes: int = 1000) -> Loaded:
    """
    Return timm's network with its weights.

    No code in a file is run, see ``checkpoint``.

    :param model: timm's name, or path of a weight file; its format is recognised by its content.
    :param random: take random weights of a trained network's magnitude for the name.
    :param classes: number of classes for random weights.
    :raises ModelError: not one of the four sizes of EdgeNeXt, or the weights cannot be loaded.
    """
    path = Path(model)
    if random:
        return Loaded(_random(model, classes))
    if path.suffix not in WEIGHTS and (model in PLANS or not path.is_file()):
        return _pretrained(model)
    try:
        if not path.is_file():
            raise ModelError(f'{path}: expected a file with weights, found '
                             f'{_what_is_there(path)}')
        with path.open('rb') as file:
            head = file.read(1)
    except OSError as error:
        raise ModelError(f'{path}: cannot be read: {error.strerror or error}') from error
    if head == b'\x08':  # ONNX files begin with the field ir_version
        return _from_onnx(path)
    return _from_checkpoint(path)


def _what_is_there(path: Path) -> str:
    if not path.exists():
        return 'nothing there'
    return 'a folder' if path.is_dir() else 'a pipe or device'


def _from_onnx(path: Path) -> Loaded:
    try:
        file = onnx_weights.read(path)
    except ModelError:
        raise
    except Exception as error:  # protobuf and onnx raise their own errors for damaged files
        raise ModelError(f'{path}: cannot be read as weights: {_one_line(error)}') from error
    if file.held[0][1].shape == (48, 3, 9, 9):
        raise ModelError(_small_rw(path))
    network = _network(path, file.width, file.classes)
    weights = onnx_weights.fill(file, network)
    notes = [f'the {file.dtype} weights are taken as float32'] * (file.dtype != 'float32')
    _load_weights(path, network, weights)
    return Loaded(network, (*notes, *onnx_check.check(file, network)), file.size)


def _from_checkpoint(path: Path) -> Loaded:
    found = checkpoint.read(path)
    try:
        choice = choose(found)
    except ModelError as error:
        raise ModelError(f'{path}: {error}') from error
    tensors = choice.tensors
    for name, tensor in tensors.items():
        if name.startswith(_PARTS) and (not isinstance(tensor, StoredTensor)
                                        or tensor.dtype not in _FLOATS):
            what = tensor.dtype if isinstance(tensor, StoredTensor) else tensor.name
            raise ModelError(f'{path}: {name} is stored as {what}, expected plain float32 values: '
                             'no sparse or quantised ones, and no objects, whose code is not run')
    paper = STEMS[1] in tensors
    stem = tensors[STEMS[1] if paper else STEMS[0]]
    head = tensors.get('head.weight' if paper else 'head.fc.weight')
    if stem.shape[:2] == (48, 3) and len(stem.shape) == 4 and 'stem.0.bias' not in tensors \
            and not paper:
        raise ModelError(_small_rw(path))
    if head is None:
        others = [f'{name} {tensor.shape}' for name, tensor in tensors.items()
                  if not name.startswith(_PARTS) and len(getattr(tensor, 'shape', ())) == 2]
        raise ModelError(
            f'{path}: has no classifier head (head.fc.weight): it was made with num_classes=0'
            + (f', or its head is {" or ".join(others[:2])}' if others else '')
            + '; expected a network with its head, such as '
            'timm.create_model("edgenext_xx_small", num_classes=10)')
    if len(stem.shape) != 4 or len(head.shape) != 2:
        raise ModelError(f'{path}: expected stem and head of an EdgeNeXt, found them as '
                         f'{stem.shape} and {head.shape}')
    network = _network(path, stem.shape[0], head.shape[0])
    own = {name: tensor for name, tensor in tensors.items() if name.startswith(_PARTS)}
    notes = choice.notes()
    others = {tensor.dtype for tensor in own.values()} - {'float32'}
    if others:
        notes.append(f'the {" and ".join(sorted(others))} weights are taken as float32')
    if sum(prod(tensor.shape) for tensor in own.values()) > _MOST_VALUES:
        raise ModelError(f'{path}: expected the 1 to 19 million weights of an EdgeNeXt, found '
                         f'more than {_MOST_VALUES // 1_000_000} million')
    try:
        weights = {name: tensor.read() for name, tensor in own.items()}
    except PickleError as error:
        raise ModelError(f'{path}: cannot be read as weights: {error}') from error
    if paper:
        weights = _renamed(path, network, weights)
        notes.append("the names of the paper's repository are read as timm's")
    _load_weights(path, network, weights)
    return Loaded(network, tuple(notes))


def _small_rw(path: Path) -> str:
    return (f"{path}: holds timm's edgenext_small_rw, whose stem and downsampling differ; "
            f'expected one of the four sizes {", ".join(PLANS)}')


def _network(path: Path, width: int, classes: int) -> nn.Module:
    try:
        return timm.create_model(size_of(width), num_classes=classes).eval()
    except ValueError as error:
        raise ModelError(f'{path}: not an EdgeNeXt: {error}') from error


def _renamed(path: Path, network: nn.Module, weights: dict[str, np.ndarray]
             ) -> dict[str, np.ndarray]:
    """Rename the weights of the paper's repository by timm's filter."""
    try:
        renamed = checkpoint_filter_fn(
            {name: torch.from_numpy(value) for name, value in weights.items()}, network)
    except (KeyError, RuntimeError) as error:
        raise ModelError(f"{path}: not an EdgeNeXt of the paper's repository: "
                         f'{_one_line(error)[:200]}') from error
    return {name: value.numpy() for name, value in renamed.items()}


def _load_weights(path: Path, network: nn.Module, weights: dict[str, np.ndarray]) -> None:
    """Load the weights into a network; raise ModelError unless names and shapes match."""
    own = network.state_dict()
    for what, names in (('without', own.keys() - weights.keys()),
                        ('with another', weights.keys() - own.keys())):
        if names:
            some = ', '.join(name for name in (*own, *weights) if name in names)
            raise ModelError(f'{path}: not an EdgeNeXt: {what} {some[:200]}')
    for name, value in weights.items():
        if value.shape != tuple(own[name].shape):
            raise ModelError(f'{path}: not an EdgeNeXt: {name} has the shape '
                             f'{value.shape}, expected {tuple(own[name].shape)}')
        if not np.isfinite(value).all():
            raise ModelError(f'{path}: {name} has values that are not finite: the training '
                             'diverged; take an earlier checkpoint')
    network.load_state_dict({name: torch.from_numpy(np.array(value, np.float32))
                             for name, value in weights.items()})


def _pretrained(name: str) -> Loaded:
    """Load timm's weights: from the cache if they have been fetched, else from the hub."""
    _check_name(name)
    size = name.partition('.')[0].removeprefix('edgenext_')
    file = next(file for file in CATALOG[size].files if file.kind == 'weights')
    known = name in (f'edgenext_{size}', Path(file.name).stem)  # the catalog lacks other tags
    if known and store.find(CATALOG[size], file):
        return load(str(store.locate(size, suffixes=(file.suffix,)).path))
    try:
        return Loaded(timm.create_model(name, pretrained=True).eval())
    except Exception as error:  # the hub's client raises many types
        fetch = f'get them with "{store.fetch_command(size, file.kind)}", ' if known else ''
        raise ModelError(
            f'{name}: its weights are not in the cache and cannot be fetched from the Hugging '
            f'Face hub ({_one_line(error)[:200]}); give the path of a checkpoint, {fetch}or '
            '--random-weights to measure the latency only') from error


def _random(name: str, classes: int) -> nn.Module:
    """Return a network with random weights that no exporter can fold away, always the same."""
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
        variant = "; timm's edgenext_small_rw has another stem, and is not one of them" \
            if name.startswith('edgenext_small_rw') else ''
        raise ModelError(f'model {name!r}: expected {", ".join(PLANS)} (timm), or a file with '
                         f'weights ({", ".join(WEIGHTS)}){variant}')


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split()) or type(error).__name__
