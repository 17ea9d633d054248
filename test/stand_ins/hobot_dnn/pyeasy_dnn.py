# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A stand-in for ``hobot_dnn.pyeasy_dnn`` that has the vendor's faults.

What it cannot show: timing, that the GIL is held, padded outputs (the vendor reads them wrongly
and nobody can tell), leaks, and the crash that an overrun causes; it raises AssertionError where
the vendor would overrun. Written from facts about D-Robotics/x5-hobot-spdev, dnn_python.cpp.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

from helpers.standin_model import DTYPES, NCHW, NHWC, StandInModel
import numpy as np

TYPES = (
    'Y', 'NV12', 'NV12_SEPARATE', 'YUV444', 'RGB', 'BGR', 'int4', 'uint4', 'int8', 'uint8',
    'float16', 'int16', 'uint16', 'float32', 'int32', 'uint32', 'float64', 'int64', 'uint64')

calls: list[str] = []
"""What was read or called, for the tests."""
fail_next_forward = False


def load(model_file):
    """Load as the vendor does: a list of models, or SystemError with the cause chained."""
    files = [model_file] if isinstance(model_file, str) else model_file
    if not isinstance(files, list) or not all(isinstance(name, str) for name in files):
        _fail('load', TypeError('model_file must be a string or a list'))
    try:
        return [Model(StandInModel.read(Path(name))) for name in files]
    except (OSError, ValueError):
        _fail('load', RuntimeError('hbDNNInitializeFromFiles failed'))


def _fail(function, cause):
    raise SystemError(f'<{function}> returned a result with an exception set') from cause


class TensorProperties:
    """Made anew for every access."""

    def __init__(self, kind, layout, shape, scale):
        self.tensor_type = TYPES[kind]
        self.dtype = 'uint8' if kind < 6 else TYPES[kind]
        self.layout = {NHWC: 'NHWC', NCHW: 'NCHW'}.get(layout, 'UNKNOWN')
        self.shape = shape
        self.scale_data = scale

    @property
    def validShape(self):  # noqa: N802 - the vendor's name
        raise AssertionError('validShape is a leaked pointer on the X5')

    alignedShape = validShape  # noqa: N815 - the vendor's name


class PyDNNTensor:
    """An output or input; ``buffer`` copies the model's memory as it is now."""

    def __init__(self, name, properties, memory=None):
        self.name, self._properties, self._memory = name, properties, memory

    @property
    def properties(self):
        calls.append('properties')
        return TensorProperties(*self._properties)

    @property
    def buffer(self):
        calls.append('buffer')
        if self._memory is None:
            raise AssertionError('the vendor would read past the end of an NV12 input')
        return self._memory.copy()


class Model:
    """A model with one input memory and one output memory, both reused."""

    def __init__(self, spec):
        self.name, self._spec = 'standin', spec
        self._input = np.full(spec.size, 0xA5, np.uint8)
        shape = (1, spec.classes, 1, 1)
        self._output = np.zeros(shape, DTYPES.get(spec.dtype, np.int8))
        if spec.short_by:  # An output of fewer dimensions: the rest are 0, the array is empty.
            self._output = np.zeros((1, spec.classes, 0, 0), self._output.dtype)

    @property
    def estimate_latency(self):
        calls.append('estimate_latency')
        return 100

    @property
    def inputs(self):
        properties = (self._spec.type, self._spec.layout, self._spec.shape, np.empty(0))
        return [PyDNNTensor('image', properties) for _ in range(self._spec.inputs)]

    @property
    def outputs(self):
        shape = (1, self._spec.classes) if self._spec.short_by else (1, self._spec.classes, 1, 1)
        properties = (self._spec.dtype, NCHW, shape, self._spec.scale)
        return [PyDNNTensor('prob', properties, self._output) for _ in range(self._spec.outputs)]

    def forward(self, arg, core_id=0, priority=0):
        """Copy as many bytes as ``arg`` has elements, whatever they are, and infer."""
        global fail_next_forward
        calls.append(f'forward core_id={core_id} priority={priority}')
        if isinstance(arg, (list, tuple)):
            raise AssertionError('the vendor would copy freed memory')
        if isinstance(arg, np.ndarray):
            if arg.size > self._input.size:
                raise AssertionError('vendor would overrun')
            self._input[:arg.size] = np.frombuffer(
                ctypes.string_at(arg.ctypes.data, arg.size), np.uint8)
        else:
            print('arg_obj is NOT a container.')
        if fail_next_forward:
            fail_next_forward = False
            _fail('forward', RuntimeError('forward execution failed.'))
        if self._output.size:
            self._output[...] = self._spec.raw(self._input).reshape(self._output.shape)
        if self._spec.not_finite:
            self._output[...] = np.nan
        return self.outputs
