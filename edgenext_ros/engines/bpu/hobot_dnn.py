# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Inference on the BPU through ``hobot_dnn.pyeasy_dnn``, the binding of RDK OS before 3.5.0.

It checks nothing, holds the GIL, waits for ever and cannot tell padding or zero points: prefer
``libdnn``. Behaviour: D-Robotics/x5-hobot-spdev, ``src/python/dnn_python.cpp``.
"""

from __future__ import annotations

import importlib
from pathlib import Path
import platform
from typing import Any

from edgenext_ros.engines.base import (
    check_nv12,
    check_scores,
    InferenceError,
    ModelError,
    ModelInfo,
    Nv12,
    RuntimeOptions,
    RuntimeUnavailableError,
    Scores,
)
from edgenext_ros.engines.bpu.tensors import (
    check_file,
    class_count,
    Dequantiser,
    picture_size,
    version_of,
)

_PACKAGES = ('hobot_dnn', 'hobot_dnn_rdkx5')
"""The package of RDK OS, and the one that PyPI's hobot-dnn-rdkx5 installs."""


def available() -> str:
    """Return the binding's name and version, or raise RuntimeUnavailableError with the reason."""
    return _describe(_import())


class HobotDnn:
    """The ``Runtime`` on pyeasy_dnn; see ``base.Runtime`` for the protocol."""

    def __init__(self) -> None:
        """Do nothing yet: ``open`` imports the binding."""
        self._model: Any = None

    def open(self, model: Path, options: RuntimeOptions) -> ModelInfo:
        """
        Load a ``.bin`` file.

        The binding never frees a model's file, so every call costs its memory anew.
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
        # Every access to inputs, outputs or properties allocates, and leaks: once is enough.
        # Not alignedShape and validShape: bare pointers. Not estimate_latency: always 100.
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
        self._dequantise = Dequantiser.of(
            model, shape=(classes,), scale=() if dtype == 'float32' else result.scale_data)
        self._options = options
        self._info = ModelInfo(
            name=loaded.name, engine=_describe(vendor), width=width, height=height,
            classes=classes)
        self._model = loaded
        return self._info

    def infer(self, nv12: Nv12) -> Scores:
        """Run the network once; ``timeout_ms`` has no effect, the binding waits for ever."""
        if self._model is None:
            raise InferenceError('pyeasy_dnn: no model is open; call open first')
        # The binding copies as many bytes as there are elements, whatever they are: a longer
        # array overruns the input, a shorter one leaves a tail of the previous picture.
        check_nv12(nv12, self._info)
        try:
            # One array, not a list of one: the list's items are freed before they are copied.
            outputs = self._model.forward(
                nv12, core_id=self._options.bpu_core, priority=self._options.priority)
            # Each access copies; the memory behind it is the next picture's.
            values = outputs[0].buffer
        except Exception as error:
            raise InferenceError(f'model {self._info.name!r}: {_reason(error)}') from error
        # Always 4-D, and empty if the output has fewer dimensions: the size decides.
        return self._dequantise(check_scores(values, self._info))

    def close(self) -> None:
        """Drop the model; the binding frees its tensors and keeps its file."""
        self._model = None


def _import() -> Any:
    """Import the binding lazily, so that this module can be imported anywhere."""
    failures = []
    for package in _PACKAGES:
        try:
            return importlib.import_module(f'{package}.pyeasy_dnn')
        except Exception as error:  # A foreign numpy or libpython gives more than ImportError.
            failures.append(f'{package}: {error}')
    raise RuntimeUnavailableError(
        f'pyeasy_dnn cannot be imported ({"; ".join(failures)}): it comes with RDK OS before '
        f'3.5.0 (package hobot-spdev) for the system Python 3.10, this is Python '
        f'{platform.python_version()}; on the board, outside of venv and conda, mend it with '
        f'"sudo apt install hobot-spdev" or "pip install hobot-dnn-rdkx5", '
        f'or choose the runtime libdnn')


def _describe(vendor: Any) -> str:
    package = str(vendor.__name__).partition('.')[0]
    return f'{package}.pyeasy_dnn {version_of(package, "hobot_dnn", "hobot_dnn_rdkx5")}'


def _reason(error: Exception) -> str:
    """Return the text of the cause: the binding's own exception is but a SystemError."""
    return f'{error.__cause__ or error} (libdnn has printed its reason on stderr)'
