# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Choose the engine for a model file, and open the model with it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import import_module
import logging
from pathlib import Path
from time import monotonic
from types import ModuleType

from edgenext_ros.choices import BPU_ENGINES, ENGINES, SIMULATOR
from edgenext_ros.engines.base import (
    Engine,
    EngineOptions,
    EngineUnavailableError,
    infer,
    InferenceError,
    MIN_HANG_TIMEOUT_S,
    ModelInfo,
    Scores,
)
from edgenext_ros.engines.deferred_close import close_deferred, close_or_defer
from edgenext_ros.models import ModelError
from edgenext_ros.models.formats import bin_file
import numpy as np

_FOR_SUFFIX = {'.bin': (*BPU_ENGINES, SIMULATOR), '.onnx': ('onnx',)}
_SLOW = (SIMULATOR,)
"""Engines that ``auto`` uses only when no other engine runs a file; ``survey`` skips them."""


@dataclass(frozen=True)
class Probe:
    """Result of ``probe``: whether an engine works on this machine."""

    name: str
    usable: bool
    detail: str
    """Version if usable, else the reason and the remedy."""


def _module(name: str) -> ModuleType:
    return import_module(f'edgenext_ros.engines.{ENGINES[name][0]}')


def make(name: str) -> Engine:
    """Return a new engine without a model; errors of the module's import propagate."""
    engine: Engine = getattr(_module(name), ENGINES[name][1])()
    return engine


def probe(name: str) -> Probe:
    """Check whether an engine works on this machine, by importing its libraries."""
    try:
        detail: str = _module(name).available()
    except EngineUnavailableError as error:
        return Probe(name, False, str(error))
    return Probe(name, True, detail)


def survey() -> tuple[Probe, ...]:
    """
    Probe engines in the order of ``auto``: for each kind of file, up to the first that works.

    The others are not imported, because the vendor's modules load many libraries. The simulator is
    skipped, because ONNX Runtime is a hundred times faster for a model that has both files.
    """
    tried = []
    for names in _FOR_SUFFIX.values():
        for name in (name for name in names if name not in _SLOW):
            tried.append(probe(name))
            if tried[-1].usable:
                break
    return tuple(tried)


def describe_choice(model: Path, probes: tuple[Probe, ...]) -> str:
    """Return name and version of the probed engine that runs a model; empty when none does."""
    names = _FOR_SUFFIX.get(model.suffix.lower(), ())
    return next((f'{engine.name} ({engine.detail})' for engine in probes
                 if engine.usable and engine.name in names), '')


def suffixes(runtime: str = 'auto', probes: tuple[Probe, ...] = ()) -> tuple[str, ...]:
    """
    Return the suffixes of files that an engine reads, best first.

    :param runtime: name of an engine, or ``auto`` for all kinds that a usable engine reads. When
        no engine works, ``auto`` gives all kinds.
    :param probes: result of ``survey``; ``survey`` is called when this is empty.
    """
    usable = [engine.name for engine in probes or survey() if engine.usable] \
        if runtime == 'auto' else [runtime]
    kinds = tuple(kind for kind, names in _FOR_SUFFIX.items() if set(usable) & set(names))
    return kinds or tuple(_FOR_SUFFIX)


def select(model: Path, runtime: str = 'auto') -> Probe:
    """
    Choose the engine for a model file.

    :param model: path of the file; its suffix decides.
    :param runtime: name of an engine, or ``auto`` for the first that reads this kind of file and
        works on this machine.
    :raises ModelError: no engine, or not the named one, reads this kind of file.
    :raises EngineUnavailableError: no engine for it works on this machine; the text has the
        reason of each.
    """
    candidates = _FOR_SUFFIX.get(model.suffix.lower())
    if candidates is None:
        raise ModelError(f'{model}: expected a .bin (BPU) or .onnx file')
    if runtime != 'auto':
        if runtime not in ENGINES:
            raise EngineUnavailableError(
                f'runtime {runtime!r} is not one of auto, {", ".join(ENGINES)}')
        if runtime not in candidates:
            raise ModelError(f'{model}: runtime {runtime!r} does not read {model.suffix} files; '
                             f'use {" or ".join(candidates)}, or auto')
        candidates = (runtime,)
    found = []
    for name in candidates:
        engine = probe(name)
        if engine.usable:
            return engine
        found.append(f'{name}: {engine.detail}')
    raise EngineUnavailableError(
        f'no engine for {model.name} works on this machine. ' + '; '.join(found))


def open_model(model: Path, *, runtime: str = 'auto',
               options: EngineOptions | None = None) -> tuple[Engine, ModelInfo]:
    """
    Choose an engine, load a model, and run it twice so that the first frame is not slow.

    :param model: path of a ``.bin`` or ``.onnx`` file.
    :param runtime: name of an engine, or ``auto``; see ``select``.
    :param options: options of the engine; None means the defaults.
    :return: the engine, and facts about the model.
    :raises EngineUnavailableError: no engine for the file works on this machine.
    :raises ModelError: the file is missing, damaged, for another BPU, or not a classifier on
        NV12.
    :raises InferenceError: the model loads but does not run, or an earlier model cannot be
        closed; see ``close_deferred``.
    """
    # This comes before the checks, so that a failed engine is closed even if its file is gone.
    close_deferred()
    if not model.exists():
        raise ModelError(f'{model}: this model file does not exist')
    if not model.is_file():
        raise ModelError(f'{model}: expected a model file, found a '
                         f'{"folder" if model.is_dir() else "pipe or device"}')
    engine = select(model, runtime)
    if model.suffix.lower() == '.bin':
        # The file is checked here, because a damaged one may crash the vendor's library.
        doubt = bin_file.read(model).doubt
        if doubt:
            logging.getLogger(__name__).warning('%s: %s', model, doubt)
    instance = make(engine.name)
    begin = monotonic()
    try:
        info = instance.open(model, options or EngineOptions())
        ramp = np.arange(info.nv12_size, dtype=np.uint8)
        outputs = [infer(instance, picture) for picture in (ramp, ramp[::-1].copy())]
    except BaseException:
        with suppress(InferenceError):  # the first error says more
            close_or_defer(instance)
        raise
    # No file states whether it ends in Softmax: the vendor's sample models do, EdgeNeXt not.
    return instance, replace(
        info, probabilities=all(map(are_probabilities, outputs)),
        hang_timeout_s=max(MIN_HANG_TIMEOUT_S, 2 * (monotonic() - begin)))


def are_probabilities(output: Scores) -> bool:
    """Return whether an output has probabilities: none is negative, and their sum is 1 +- 0.01."""
    return bool((output >= 0).all() and abs(float(output.sum()) - 1) < 1e-2)
