# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The process that runs the vendor's BPU simulator; ``engine.py`` starts it.

It is a separate process because the library aborts on errors, prints, and takes seconds. Only the
standard library is imported. Arguments: path of the library, descriptor of a shared memory, and
the sizes of its parts in bytes: picture, output (int32) and program. Protocol: one line of JSON
when the program is loaded. Then, for each line on standard input, the picture is run, the output
is written, and one line of JSON is sent. The key ``error`` in a line has the reason of a failure.

The C interface is that of D-Robotics' ``hbdk_hbrt.h`` and ``hbdk_sim_bpu.h`` at hbdk 3.49.
"""

from __future__ import annotations

import ctypes as c
import json
import mmap
import os
import resource
import sys
import traceback
from typing import Any

_BAYES_E = 0x453242  # "B2E"
_CORE, _CORE_0 = 1, 0x10000  # mask for a run, flag for memory
_TO_BPU, _FROM_PYRAMID, _AS_INT32 = 0, 2, 3
_RUN, _INTERRUPT = 1, 9  # any numbers, unique in this process
_FOREVER = 0x7FFFFFFF  # the simulator ignores time limits


class _Config(c.Structure):
    """``hbrt_global_config_t``; without functions, the library uses its own."""

    _fields_ = [('march', c.c_uint32), ('functions', c.c_void_p * 5), ('pool', c.c_bool),
                ('delay', c.c_uint32)]


class _Dimension(c.Structure):
    """``hbrt_dimension_t``."""

    _fields_ = [(name, c.c_uint32) for name in 'nhwc']


class _Input(c.Structure):
    """``hbrt_ri_input_info_t``; the last two are ``hbrt_roi_t``."""

    _fields_ = [('source', c.c_uint32), ('feature', c.c_uint64), ('data', c.c_uint64),
                ('y', c.c_uint64), ('uv', c.c_uint64), ('height', c.c_uint32),
                ('width', c.c_uint32), ('pad_mode', c.c_uint32), ('stride', c.c_uint32),
                ('roi_start', _Dimension), ('roi_size', _Dimension)]


class _RunConfig(c.Structure):
    """``hbrt_ri_config_t``; the library reads ``separate`` although it is not used."""

    _fields_ = [('core_mask', c.c_uint32), ('output', c.c_uint64), ('output_size', c.c_uint32),
                ('separate', c.c_uint64 * 3 * 32)]


class _SimulatorError(RuntimeError):
    """A function of the library failed; the text has its name and the library's error."""


class _Bpu:
    """The library with one loaded program."""

    def __init__(self, library: str, program: bytes) -> None:
        self._dll = c.CDLL(library)
        self._dll.hbrtGetErrorName.restype = c.c_char_p
        self._dll.bpu_mem_alloc.restype = c.c_uint64
        self._free = c.CDLL(None).free
        self._free.argtypes = [c.c_void_p]
        if self._dll.cnn_core_open(0):
            raise _SimulatorError('cnn_core_open failed')
        self._call('hbrtSetGlobalConfig', c.byref(_Config(march=_BAYES_E)))
        # The library writes into the program and keeps a pointer to it.
        self._program = c.create_string_buffer(program, len(program))
        hbm, names, model = c.c_uint64(), c.POINTER(c.c_char_p)(), c.c_uint64()
        self._call('hbrtVerifyHBM', self._program)
        self._call('hbrtLoadHBMFromAddr', c.byref(hbm), self._program, c.c_size_t(len(program)))
        self._call('hbrtGetModelNamesInHBM', c.byref(names), hbm)
        self._call('hbrtGetModelHandle', c.byref(model), hbm, c.c_char_p(names[0]))
        self._model = model
        self._input, size = self._feature('Input'), _Dimension()
        self._call('hbrtGetFeatureValidDimension', c.byref(size), self._input)
        self.height, self.width, self._size = size.h, size.w, size
        self._stride = self._get('hbrtGetInputPyramidStride', self._input)
        source = self._get('hbrtGetInputFeatureSource', self._input)
        if source != _FROM_PYRAMID or self._stride < self.width:
            raise _SimulatorError(
                f'the program reads source {source} with stride {self._stride}, not an NV12 '
                f'picture of width {self.width}')
        values = _Dimension()
        self._call('hbrtGetFeatureValidDimension', c.byref(values), self._feature('Output'))
        self.values = values.n * values.h * values.w * values.c
        self._output_size = self._get('hbrtGetOutputFeatureTotalSize', model)
        self._output = self._allocate(self._output_size)
        self._picture = self._allocate(self._stride * self.height * 3 // 2)

    def run(self, picture: int, output: int) -> None:
        """Run once: read NV12 at one address, write the first output as int32 to the other."""
        for row in range(self.height * 3 // 2):
            self._dll.bpu_memcpy(
                c.c_uint64(self._picture + row * self._stride),
                c.c_uint64(picture + row * self.width), c.c_uint(self.width), _TO_BPU)
        given = _Input(
            source=_FROM_PYRAMID, feature=self._input, y=self._picture,
            uv=self._picture + self._stride * self.height, height=self.height, width=self.width,
            stride=self._stride, roi_size=self._size)
        config = _RunConfig(
            core_mask=_CORE, output=self._output, output_size=self._output_size)
        calls, count, data = c.c_void_p(), c.c_uint32(), c.c_void_p()
        self._call('hbrtRiStart', c.byref(calls), c.byref(count), self._model, c.byref(given),
                   c.byref(config), _RUN, _INTERRUPT)
        try:
            while count.value:
                if self._dll.cnn_core_set_fc(calls, count, _CORE, None):
                    raise _SimulatorError('cnn_core_set_fc failed')
                if self._dll.cnn_core_wait_fc_done(_CORE, _FOREVER) < 0:
                    raise _SimulatorError('cnn_core_wait_fc_done failed')
                self._call('hbrtRiContinue', c.byref(calls), c.byref(count), _RUN, _INTERRUPT)
            self._call('hbrtRiGetOutputData', c.byref(data), _RUN, 0, _AS_INT32)
            c.memmove(output, data, self.values * 4)
        finally:
            self._free(data)
            self._dll.hbrtRiDestroy(_RUN)

    def _call(self, name: str, *arguments: object) -> None:
        code = getattr(self._dll, name)(*arguments)
        if code:
            raise _SimulatorError(f'{name}: {self._dll.hbrtGetErrorName(code).decode()}')

    def _get(self, name: str, handle: c.c_uint64) -> int:
        number = c.c_uint32()
        self._call(name, c.byref(number), handle)
        return number.value

    def _feature(self, which: str) -> c.c_uint64:
        """Return the first ``Input`` or ``Output``."""
        handles = c.POINTER(c.c_uint64)()
        if self._get(f'hbrtGet{which}FeatureNumber', self._model) < 1:
            raise _SimulatorError(f'the program has no {which.lower()}')
        self._call(f'hbrtGet{which}FeatureHandles', c.byref(handles), self._model)
        return c.c_uint64(handles[0])

    def _allocate(self, size: int) -> int:
        address: int = self._dll.bpu_mem_alloc(size, _CORE_0)
        if not address:
            raise _SimulatorError(f'no memory of {size} bytes')
        return address


def main() -> None:
    """Serve until standard input is closed."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core dumps
    library, *numbers = sys.argv[1:]
    descriptor, picture_size, output_size, program_size = map(int, numbers)
    # Standard output is for answers; what the library prints goes to standard error.
    answers = os.fdopen(os.dup(1), 'w', buffering=1)
    os.dup2(2, 1)

    def answer(**facts: Any) -> None:
        answers.write(json.dumps(facts) + '\n')

    shared = mmap.mmap(descriptor, picture_size + output_size + program_size)
    address = c.addressof(c.c_char.from_buffer(shared))
    try:
        bpu = _Bpu(library, shared[picture_size + output_size:])
    except (_SimulatorError, OSError, AttributeError) as error:
        answer(error=str(error))
        return
    answer(width=bpu.width, height=bpu.height, values=bpu.values)
    for _ in sys.stdin:
        try:
            bpu.run(address, address + picture_size)
        except _SimulatorError as error:
            answer(error=str(error))
        else:
            answer()


if __name__ == '__main__':
    try:
        main()
    except BaseException:
        traceback.print_exc()
    # os._exit, because the library's clean-up waits for threads.
    os._exit(0)
