# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A stand-in for the X5's ``hbm_runtime`` that has the vendor's faults.

What it cannot show: timing, that the GIL is held, that results hold BPU memory, and what a failed
inference leaves in it (here zeros, or NaN). Written from facts about the X5's build.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
import threading
from types import SimpleNamespace
import weakref

from helpers.standin_model import DTYPES, NV12, StandInModel
import numpy as np

hbDNNDataType = Enum('hbDNNDataType', [  # noqa: N816 - the vendor's name
    'Y', 'NV12', 'NV12_SEPARATE', 'YUV444', 'RGB', 'BGR', 'S4', 'U4', 'S8', 'U8', 'F16', 'S16',
    'U16', 'F32', 'S32', 'U32', 'F64', 'S64', 'U64'], start=0)
hbDNNQuantiType = Enum('hbDNNQuantiType', ['NONE', 'SHIFT', 'SCALE'], start=0)  # noqa: N816

results: list[weakref.ref[np.ndarray]] = []
"""The arrays that were handed out, each with BPU memory of its own."""
running = threading.Event()
"""Set while a run of a model with ``hang`` waits for ``go_on``."""
go_on = threading.Event()


class HB_HBMRuntime:  # noqa: N801 - the vendor's name
    """One model; only the parts that are documented for the X5."""

    def __init__(self, model_files):
        expected = 'bin' if isinstance(model_files, str) else 'hbm'
        name = model_files if isinstance(model_files, str) else model_files[0]
        if not name.endswith(f'.{expected}'):
            raise RuntimeError(f'file extension is not {expected}')
        try:
            self._spec = spec = StandInModel.read(Path(name))
        except (OSError, ValueError) as error:
            raise RuntimeError('hbDNNInitializeFromFiles failed') from error
        self._busy = threading.Lock()
        self._input = np.full(spec.size, 0xA5, np.uint8)
        inputs = [f'image{i}' for i in range(spec.inputs)]
        outputs = [f'prob{i}' for i in range(spec.outputs)]
        quant = SimpleNamespace(
            quant_type=hbDNNQuantiType(spec.quanti), axis=spec.axis, scale=spec.scale,
            zero_point=spec.zero)
        self.model_names, self.model_count = ['standin'], 1
        self.input_names, self.output_names = {'standin': inputs}, {'standin': outputs}
        self.input_shapes = {'standin': dict.fromkeys(inputs, spec.shape)}
        self.output_shapes = {'standin': dict.fromkeys(outputs, (1, spec.classes, 1, 1))}
        self.input_dtypes = {'standin': {name: hbDNNDataType(spec.type) for name in inputs}}
        self.output_dtypes = {'standin': {name: hbDNNDataType(spec.dtype) for name in outputs}}
        self.output_quants = {'standin': dict.fromkeys(outputs, quant)}

    def set_scheduling_params(self, **_):
        raise AssertionError('it has no effect on the X5')

    def run(self, array):
        """Infer; a short picture passes, a failed wait passes."""
        if not self._busy.acquire(blocking=False):
            raise RuntimeError('run() already in use')
        try:
            return self._run(array)
        finally:
            self._busy.release()

    def _run(self, array):
        spec = self._spec
        if array.dtype != np.uint8:
            raise RuntimeError(f'input dtype mismatch: {array.dtype}')
        assert spec.type == NV12, 'the vendor refuses this input'
        if spec.hang:
            running.set()
            assert go_on.wait(10)
        given = np.ascontiguousarray(array).reshape(-1)[:self._input.size]
        self._input[:given.size] = given
        output = spec.raw(self._input)
        if spec.not_finite:
            output = np.full(spec.classes, np.nan, np.float32)
        if spec.wait_code:  # A failed wait, unnoticed: memory as it was.
            output = np.zeros(spec.classes, DTYPES[spec.dtype])
        result = output[:output.size - spec.short_by].reshape(1, -1, 1, 1)
        results.append(weakref.ref(result))
        return {'standin': dict.fromkeys(self.output_names['standin'], result)}
