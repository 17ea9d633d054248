# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Inference on the BPU through ``hobot_dnn.pyeasy_dnn``, the binding of RDK OS before 3.5.0.

The binding checks nothing, holds the GIL, waits without a time limit, and does not report padding
or zero points, so ``auto`` prefers ``libdnn``. The source of these statements is
``src/python/dnn_python.cpp`` of D-Robotics/x5-hobot-spdev.
"""

from __future__ import annotations

import importlib
from pathlib import Path
import platform
from typing import Any

from edgenext_ros.engines.base import (
    EngineOptions,
    EngineUnavailableError,
    InferenceError,
    ModelInfo,
    Nv12,
    Scores,
)
from edgenext_ros.engines.bpu.tensors import (
    check_file,
    class_count,
    Dequantiser,
    picture_size,
    version_of,
)
from edgenext_ros.engines.slot_pool import PooledEngine, SlotPool
from edgenext_ros.models import ModelError
import numpy as np

_PACKAGES = ('hobot_dnn', 'hobot_dnn_rdkx5')
"""Names of the Python package: on RDK OS, and in hobot-dnn-rdkx5 from PyPI."""


def available() -> str:
    """Return the binding's name and version, or raise EngineUnavailableError with the reason."""
    return _describe(_import())


class HobotDnn(PooledEngine['_Slot']):
    """The ``Engine`` on pyeasy_dnn; see ``base.Engine`` for the protocol."""

    def open(self, model: Path, options: EngineOptions) -> ModelInfo:
        """
        Load a ``.bin`` file.

        The binding never frees the file of a model, so every call leaks its memory.
        """
        self.close()
        vendor = _import()
        check_file(model)
        try:
            loaded = vendor.load(str(model))[0]
        except Exception as error:
            raise ModelError(
                f'{model}: pyeasy_dnn cannot load this model, {_reason(error)}; expected a .bin '
                f'compiled for the X5 (march bayes-e)') from error
        # Every access to inputs, outputs or properties leaks memory, so each is read once.
        # alignedShape and validShape are bare pointers, and estimate_latency is always 100.
        inputs, outputs = loaded.inputs, loaded.outputs
        if not inputs or not outputs:
            raise ModelError(
                f'{model}: expected an input and an output, found {len(inputs)} and '
                f'{len(outputs)}')
        picture, result = inputs[0].properties, outputs[0].properties
        width, height = picture_size(
            model, count=len(inputs), kind=picture.tensor_type, layout=picture.layout,
            shape=picture.shape)
        dtype = result.dtype
        classes = class_count(model, count=len(outputs), dtype=dtype, shape=result.shape)
        dequantise = Dequantiser.of(
            model, shape=(classes,), scale=() if dtype == 'float32' else result.scale_data)
        info = ModelInfo(
            name=loaded.name, engine=_describe(vendor), width=width, height=height,
            classes=classes)
        self._pool = SlotPool(info, [_Slot(loaded, info, dequantise, options)])
        return info


class _Slot:
    """A picture in a NumPy array, and the binding's model."""

    def __init__(self, model: Any, info: ModelInfo, dequantise: Dequantiser,
                 options: EngineOptions) -> None:
        # The binding copies one byte per element without a check: a longer array would overrun the
        # input, and a shorter one would leave the end of the previous picture.
        self.picture: Nv12 = np.zeros(info.nv12_size, np.uint8)
        self._model, self._info, self._dequantise = model, info, dequantise
        self._options = options

    def run(self) -> Scores:
        """Run the network; the binding waits without a time limit."""
        try:
            # This is an array: the binding frees the items of a list before it copies them.
            outputs = self._model.forward(
                self.picture, core_id=self._options.bpu_core, priority=self._options.priority)
            # Each access copies the values; the next picture overwrites the original.
            values = outputs[0].buffer
        except Exception as error:
            raise InferenceError(f'model {self._info.name!r}: {_reason(error)}') from error
        # The shape is empty for an output of fewer than 4 dimensions, but the size is right.
        return self._dequantise(values.reshape(-1))


def _import() -> Any:
    """Import the binding; this module can therefore be imported on any machine."""
    failures = []
    for package in _PACKAGES:
        try:
            return importlib.import_module(f'{package}.pyeasy_dnn')
        except Exception as error:  # Another NumPy or libpython raises more than ImportError.
            failures.append(f'{package}: {error}')
    raise EngineUnavailableError(
        f'pyeasy_dnn cannot be imported ({"; ".join(failures)}): it comes with RDK OS before '
        f'3.5.0 (package hobot-spdev) for the system Python 3.10, this is Python '
        f'{platform.python_version()}; on the board, outside of venv and conda, repair it with '
        f'"sudo apt install hobot-spdev" or "pip install hobot-dnn-rdkx5 \'numpy<2\'", '
        f'or choose the runtime libdnn')


def _describe(vendor: Any) -> str:
    package = str(vendor.__name__).partition('.')[0]
    return f'{package}.pyeasy_dnn {version_of(package, "hobot_dnn", "hobot_dnn_rdkx5")}'


def _reason(error: Exception) -> str:
    """Return the text of the cause, since the binding raises a bare SystemError."""
    return f'{error.__cause__ or error} (libdnn has printed its reason on stderr)'
