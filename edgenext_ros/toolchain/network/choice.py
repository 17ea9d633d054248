# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Find the weights of an EdgeNeXt in a checkpoint, under any keys and prefixes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
import re
from typing import Any

from edgenext_ros.models import ModelError
from edgenext_ros.toolchain.network.pickles import Record
from edgenext_ros.toolchain.network.tensors import array, StoredTensor

STEMS = ('stem.0.weight', 'downsample_layers.0.0.weight')
"""Name of the first weight in timm, and in the paper's repository (mmaaz60/EdgeNeXt)."""

_WRAPPERS = re.compile(
    r'(?:^|(?<=\.))(?:module|_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.')
"""Parts that DDP, torch.compile and FSDP insert into names, at the front or before a block."""
_COUNTERS = re.compile(r'(^|\.)(total_ops|total_params|num_batches_tracked|n_averaged)$')
"""Counters of profilers and norms; these are not weights."""
_LAST_STEP = ('current_model_state',)
"""Lightning's key for the weights of the last step when ``state_dict`` has averaged ones."""
_DEPTH = 40
_SHOWN = 3


@dataclass(frozen=True)
class Choice:
    """Weights of one network, by the names of timm or of the paper's repository."""

    tensors: dict[str, StoredTensor]
    where: str
    """Path of keys to their dictionary, joined by points; empty for the top level."""
    prefix: str
    """Prefix that was removed from each name, such as ``module.``."""
    ema: bool
    """The weights are an average over steps."""
    passed: tuple[str, ...] = ()
    """Titles of other weights of the same network that were not taken."""
    beside: tuple[str, ...] = ()
    """Names of tensors of the same dictionary that do not belong to the network."""

    @property
    def title(self) -> str:
        """Keys and prefix, for messages."""
        where = repr(self.where) if self.where else 'the file itself'
        return f'{where}, prefix {self.prefix!r}' if self.prefix else where

    def notes(self) -> list[str]:
        """Describe which weights were taken; empty for a plain dictionary of weights."""
        if not (self.where or self.prefix or self.passed):
            return []
        left = (*self.passed, *map(repr, self.beside[:_SHOWN]),
                *([f'{len(self.beside) - _SHOWN} more'] if len(self.beside) > _SHOWN else []))
        return [f'weights taken from {self.title}{" taken off" if self.prefix else ""}'
                f'{": the average (EMA)" if self.ema else ""}'
                f'{"; not taken: " if left else ""}{"; ".join(left)}']


def choose(found: Any) -> Choice:
    """
    Choose the weights of an EdgeNeXt in a file; averaged ones (EMA) are preferred, as in timm.

    :param found: content of the file, as ``checkpoint.read`` returns it.
    :raises ModelError: there are no weights of an EdgeNeXt, or several that no rule decides
        between; the text does not name the file.
    """
    dictionaries = list(_dictionaries(found))
    choices = _distinct([choice for where, tensors in dictionaries
                         for choice in _networks(where, tensors)])
    averaged = [choice for choice in choices if choice.ema]
    best = averaged or [choice for choice in choices
                        if choice.where.rpartition('.')[2] not in _LAST_STEP]
    if len(best) == 1:
        [chosen] = best
        passed = tuple(choice.title for choice in choices if choice is not chosen)
        return replace(chosen, passed=passed)
    if best:
        raise ModelError(
            f'expected the weights of one network, found {len(best)}: '
            f'{"; ".join(choice.title for choice in best[:5])}; save the one that you want by '
            'itself, such as torch.save(checkpoint[KEY], "weights.pth")')
    raise ModelError(_no_weights(found, dictionaries))


def _no_weights(found: Any, dictionaries: list[tuple[str, dict[str, Any]]]) -> str:
    """Return an error that describes what the file holds instead of weights."""
    named = max((tensors for _, tensors in dictionaries), key=len, default={})
    if named:
        what = f'{", ".join(list(named)[:3])}, ... ({len(named)} tensors)'
    elif isinstance(found, Record):
        what = f'an object of {found.name}, whose code is not run'
    elif isinstance(found, dict):
        what = f'no tensor under {", ".join(str(key)[:40] for key in list(found)[:5])}' \
            if found else 'an empty dictionary'
    else:
        what = f'a {type(found).__name__}'
    return (f'expected the weights of an EdgeNeXt by the names of timm (stem.0.weight) or of the '
            f"paper's repository (downsample_layers.0.0.weight), found {what}; save "
            'model.state_dict() of such a network')


def _dictionaries(found: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each dictionary of tensors and the tensors of each module, with the path of keys."""
    waiting: list[tuple[str, Any, int]] = [('', found, 0)]
    seen: set[int] = set()
    while waiting:
        where, value, depth = waiting.pop()
        if id(value) in seen or depth > _DEPTH:
            continue
        seen.add(id(value))
        if isinstance(value, Record):
            tensors = _module(value)
            if tensors:
                yield where, tensors
                continue
            inside: list[tuple[Any, Any]] = [('', value.state), ('', value.items)]
            inside += [('', part) for part in (*value.values, *value.arguments)]
        elif isinstance(value, dict):
            tensors = {key: tensor for key, entry in value.items()
                       if isinstance(key, str) and (tensor := _tensor(key, entry)) is not None}
            if tensors:
                yield where, tensors
            inside = [pair for pair in value.items() if isinstance(pair[1], (dict, list, tuple,
                                                                             Record))]
        elif isinstance(value, (list, tuple)):
            inside = [(str(number), part) for number, part in enumerate(value)
                      if isinstance(part, (dict, list, tuple, Record))]
        else:
            continue
        # Reversed, because the stack returns the last entry first.
        waiting += [('.'.join(part for part in (where, str(key)[:80]) if part), entry, depth + 1)
                    for key, entry in reversed(inside)]


def _tensor(name: str, value: Any) -> StoredTensor | Record | None:
    """Return a tensor; a record that stands for one, such as a quantised tensor; or None."""
    if isinstance(value, Record):
        found = array(value)
        if found is None and (value.name.startswith('torch._utils._rebuild_')
                              or name.endswith(STEMS)):
            return value
        return found
    return value if isinstance(value, StoredTensor) else None


def _module(record: Record) -> dict[str, Any]:
    """
    Return the tensors of a pickled ``nn.Module`` or TorchScript module, by name.

    :raises ModelError: its activation is not GELU, which the rebuilt network would use.
    """
    tensors: dict[str, Any] = {}
    waiting: list[tuple[str, Any]] = [('', record)]
    seen: set[int] = set()
    while waiting:
        prefix, part = waiting.pop()
        if id(part) in seen or not isinstance(part.state, dict) or prefix.count('.') > _DEPTH:
            continue
        seen.add(id(part))
        activation = part.name.rpartition('.')[2]
        if f'.{prefix}'.endswith('.mlp.act.') and 'gelu' not in activation.lower():
            raise ModelError(f'{prefix[:-1]} is {activation}: expected GELU, with which EdgeNeXt '
                             'is computed here; train the network with GELU')
        # nn.Module separates parameters, buffers and modules; TorchScript keeps them together.
        groups = [part.state[key] for key in ('_parameters', '_buffers', '_modules')
                  if isinstance(part.state.get(key), dict)] or [part.state]
        for name, value in ((name, value) for group in groups for name, value in group.items()):
            tensor = _tensor(name, value)
            if tensor is not None:
                tensors[f'{prefix}{name}'] = tensor
            elif isinstance(value, Record):
                waiting.append((f'{prefix}{name}.', value))
    return tensors


def _networks(where: str, tensors: dict[str, Any]) -> Iterator[Choice]:
    """Yield the networks of one dictionary, which may hold several under different prefixes."""
    plain: dict[str, tuple[str, Any]] = {}
    for name, tensor in tensors.items():
        if not _COUNTERS.search(name):
            plain[_WRAPPERS.sub('', name)] = name, tensor
    for name in plain:
        stem = next((stem for stem in STEMS if name == stem or name.endswith(f'.{stem}')), None)
        if stem is None:
            continue
        prefix = name.removesuffix(stem)
        original = plain[name][0]
        own = {short.removeprefix(prefix): tensor for short, (_, tensor) in plain.items()
               if short.startswith(prefix)}
        # Leave out the weights of another network under a longer prefix.
        inner = [other.removesuffix(s) for other in own for s in STEMS
                 if other.endswith(f'.{s}') and other != s]
        own = {key: value for key, value in own.items()
               if not any(key.startswith(part) for part in inner)}
        said = original.removesuffix(stem) if original.endswith(stem) else f'{prefix}...'
        beside = {short: value for short, value in plain.items() if not short.startswith(prefix)
                  and not any(short.startswith(other.removesuffix(s)) for other in plain
                              for s in STEMS if other.endswith(f'.{s}'))}
        _refuse_second_head(own, dict(beside.values()))
        yield Choice(own, where, said, _is_average(f'{where}.{said}'),
                     beside=tuple(name for name, _ in beside.values()))


def _refuse_second_head(own: dict[str, Any], beside: dict[str, Any]) -> None:
    """Refuse a network with a layer after its head, such as nn.Sequential(network, linear)."""
    head = getattr(own.get('head.fc.weight'), 'shape', ())
    for name, tensor in beside.items():
        shape = getattr(tensor, 'shape', ())
        if len(head) == len(shape) == 2 and shape[1] == head[0]:
            raise ModelError(
                f'{name!r} {tuple(shape)} takes the {head[0]} outputs of head.fc: expected a '
                'network that ends in head.fc; make the layer its head, or join the two')


def _is_average(names: str) -> bool:
    """Recognise averaged weights by a word in their keys: model_ema, modelEMA, swa, averaged."""
    words = re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+', names)
    return any(word.lower() in ('ema', 'swa', 'averaged', 'average', 'avg', 'polyak')
               for word in words)


def _distinct(choices: list[Choice]) -> list[Choice]:
    """Drop duplicates: one dictionary under two keys."""
    seen: dict[frozenset[Any], Choice] = {}
    for choice in choices:
        places = frozenset(getattr(tensor, 'place', None) or id(tensor)
                           for tensor in choice.tensors.values())
        seen.setdefault(places, choice)
    return list(seen.values())
