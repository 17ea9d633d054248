# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Inference on the BPU through ``hbm_runtime.HB_HBMRuntime``, the binding of RDK OS from 3.5.0 on.

The binding holds the GIL, waits without a time limit, and does not notice a failed inference, so
``auto`` prefers ``libdnn``.
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

_DTYPES = {'S8': 'int8', 'S16': 'int16', 'S32': 'int32', 'F32': 'float32'}


def available() -> str:
    """Return the binding's name and version, or raise EngineUnavailableError with the reason."""
    _import()
    return _describe()


class HbmRuntime(PooledEngine['_Slot']):
    """The ``Engine`` on hbm_runtime; see ``base.Engine`` for the protocol."""

    def open(self, model: Path, options: EngineOptions) -> ModelInfo:
        """
        Load a ``.bin`` file; ``bpu_core`` and ``priority`` have no effect.

        set_scheduling_params is not called, because on the X5 the binding passes zeros to libdnn.
        """
        self.close()
        vendor = _import()
        check_file(model)
        if model.suffix != '.bin':
            raise ModelError(
                f'{model}: expected a name that ends in .bin, found {model.suffix or "none"!r}; '
                f'hbm_runtime on the X5 identifies models by this name, so rename the file if it '
                f'is a .bin')
        try:
            # A single path: with a list, the binding accepts only .hbm files of the S100.
            runtime = vendor.HB_HBMRuntime(str(model))
        except Exception as error:
            raise ModelError(
                f'{model}: hbm_runtime cannot load this model, {error}; expected a .bin compiled '
                f'for the X5 (march bayes-e)') from error
        name = runtime.model_names[0]
        count, kind, shape = _tensors(runtime, 'input', name)
        # The binding has no layout, so the channels show it. It refuses NV12_SEPARATE.
        width, height = picture_size(
            model, count=count, kind=kind if kind == 'NV12' else f'({kind})',
            layout='NCHW' if 3 in shape[1:2] else 'NHWC', shape=shape)
        count, dtype, shape = _tensors(runtime, 'output', name)
        dtype = _DTYPES.get(dtype, dtype)
        classes = class_count(model, count=count, dtype=dtype, shape=shape)
        output = runtime.output_names[name][0]
        dequantise = Dequantiser.of(model, shape=shape)
        if dtype != 'float32':
            quants = runtime.output_quants[name][output]
            if quants.quant_type.name != 'NONE':
                dequantise = Dequantiser.of(
                    model, shape=shape, scale=quants.scale, zero=quants.zero_point,
                    axis=quants.axis)
        info = ModelInfo(
            name=name, engine=_describe(), width=width, height=height, classes=classes)
        self._pool = SlotPool(info, [_Slot(runtime, info, output, dequantise)])
        return info


class _Slot:
    """A picture in a NumPy array, and the binding's model."""

    def __init__(self, runtime: Any, info: ModelInfo, output: str,
                 dequantise: Dequantiser) -> None:
        self._runtime, self._info, self._output = runtime, info, output
        self._dequantise = dequantise
        # The full size matters: the binding completes a short picture from the previous one.
        self.picture: Nv12 = np.zeros(info.nv12_size, np.uint8)
        self._shaped = self.picture.reshape(1, info.height * 3 // 2, info.width, 1)

    def run(self) -> Scores:
        """Run the network; the binding waits without a time limit."""
        info = self._info
        try:
            results = self._runtime.run(self._shaped)
            # A copy, because the binding's array keeps BPU memory allocated.
            values = np.array(results[info.name][self._output], order='C')
        except Exception as error:
            raise InferenceError(f'model {info.name!r}: hbm_runtime: {error}') from error
        scores = self._dequantise(values)
        # The binding ignores a failed wait and returns memory that was never written. Its content
        # is arbitrary, and only equal values prove that it is not a result.
        if 1 < scores.size == info.classes and np.ptp(scores) == 0:
            raise InferenceError(
                f'model {info.name!r}: all {info.classes} output values are {scores[0]:g}; the '
                f'inference has failed unnoticed by hbm_runtime, see what libdnn has printed')
        return scores


def _import() -> Any:
    """Import the binding; this module can therefore be imported on any machine."""
    try:
        return importlib.import_module('hbm_runtime')
    except Exception as error:  # Checks of the binding and of NumPy raise more than ImportError.
        if 'libhbucp' in str(error):
            raise EngineUnavailableError(
                f'hbm_runtime cannot be imported ({error}): this is the one of PyPI, for the '
                f'S100, and it hides the one of the X5, which comes with RDK OS 3.5.0 and later; '
                f'remove it with "pip uninstall hbm_runtime"') from error
        raise EngineUnavailableError(
            f'hbm_runtime cannot be imported ({error}): it comes with RDK OS 3.5.0 and later '
            f'(package hobot-spdev) for the system Python 3.10, this is Python '
            f'{platform.python_version()}; do not install the one of PyPI, it is for the S100; '
            f'on an older RDK OS choose the runtime libdnn or hobot_dnn') from error


def _tensors(runtime: Any, which: str, model: str) -> tuple[int, str, tuple[int, ...]]:
    """Return the number of inputs or outputs, and data type and shape of the first."""
    names = getattr(runtime, f'{which}_names')[model]
    if not names:
        return 0, 'none', ()
    dtype = getattr(runtime, f'{which}_dtypes')[model][names[0]].name
    return len(names), dtype, tuple(getattr(runtime, f'{which}_shapes')[model][names[0]])


def _describe() -> str:
    return f'hbm_runtime {version_of("hbm_runtime")}'
