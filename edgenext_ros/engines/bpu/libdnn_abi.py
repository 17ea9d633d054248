# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The part of libdnn's C interface that ``libdnn.py`` uses, with ctypes.

Structures and functions are those of ``hb_dnn.h`` and ``hb_sys.h`` in D-Robotics/x5-hobot-dnn, on
64-bit machines. ctypes releases the GIL during every call.
"""

from __future__ import annotations

from collections.abc import Iterator
import ctypes as c
import os
from typing import Any

from edgenext_ros.engines.base import EngineUnavailableError

LIBDNN_VARIABLE = 'EDGENEXT_LIBDNN'
PLACES = (
    'libdnn.so',
    '/usr/lib/hobot/libdnn.so',
    '/usr/hobot/lib/libdnn.so',
    '/usr/lib/libdnn.so',
)

DATA_TYPES = (
    'Y', 'NV12', 'NV12_SEPARATE', 'YUV444', 'RGB', 'BGR', 'int4', 'uint4', 'int8', 'uint8',
    'float16', 'int16', 'uint16', 'float32', 'int32', 'uint32', 'float64', 'int64', 'uint64')
LAYOUTS = {0: 'NHWC', 2: 'NCHW', 255: 'NONE'}
QUANTI_NONE, QUANTI_SCALE = 0, 2
CACHE_INVALIDATE, CACHE_CLEAN = 1, 2
TIMED_OUT = -6000008


class SysMem(c.Structure):
    """``hbSysMem``: memory that the BPU can access."""

    _fields_ = [('phy_addr', c.c_uint64), ('vir_addr', c.c_void_p), ('mem_size', c.c_uint32)]


class Shape(c.Structure):
    """``hbDNNTensorShape``."""

    _fields_ = [('sizes', c.c_int32 * 8), ('count', c.c_int32)]

    def __iter__(self) -> Iterator[int]:
        """Yield the dimensions in use."""
        return iter(self.sizes[:self.count])


class QuantiShift(c.Structure):
    """``hbDNNQuantiShift``."""

    _fields_ = [('length', c.c_int32), ('data', c.POINTER(c.c_uint8))]


class QuantiScale(c.Structure):
    """``hbDNNQuantiScale``: real = (value - zero) * scale; without zero points, zero is 0."""

    _fields_ = [
        ('scale_length', c.c_int32), ('scale_data', c.POINTER(c.c_float)),
        ('zero_length', c.c_int32), ('zero_data', c.POINTER(c.c_int8))]


class Properties(c.Structure):
    """``hbDNNTensorProperties``; strides are bytes, or 0 when the library gives none."""

    _fields_ = [
        ('valid_shape', Shape), ('aligned_shape', Shape),
        ('layout', c.c_int32), ('type', c.c_int32),
        ('shift', QuantiShift), ('scale', QuantiScale),
        ('quanti_type', c.c_int32), ('quantize_axis', c.c_int32),
        ('aligned_byte_size', c.c_int32), ('stride', c.c_int32 * 8)]


class DnnTensor(c.Structure):
    """``hbDNNTensor``; only NV12_SEPARATE uses a second memory."""

    _fields_ = [('memory', SysMem * 4), ('properties', Properties)]


class InferControl(c.Structure):
    """``hbDNNInferCtrlParam``."""

    _fields_ = [
        ('bpu_core', c.c_int32), ('dsp_core', c.c_int32), ('priority', c.c_int32),
        ('more', c.c_int32), ('custom_id', c.c_int64), ('reserved', c.c_int32 * 2)]


_INT, _TEXT, _HANDLE, _P = c.c_int32, c.c_char_p, c.c_void_p, c.POINTER
_FUNCTIONS: dict[str, list[Any]] = {
    'hbDNNInitializeFromFiles': [_P(_HANDLE), _P(_TEXT), _INT],
    'hbDNNRelease': [_HANDLE],
    'hbDNNGetModelNameList': [_P(_P(_TEXT)), _P(_INT), _HANDLE],
    'hbDNNGetModelHandle': [_P(_HANDLE), _HANDLE, _TEXT],
    'hbDNNGetInputCount': [_P(_INT), _HANDLE],
    'hbDNNGetInputTensorProperties': [_P(Properties), _HANDLE, _INT],
    'hbDNNGetOutputCount': [_P(_INT), _HANDLE],
    'hbDNNGetOutputTensorProperties': [_P(Properties), _HANDLE, _INT],
    'hbDNNInfer': [_P(_HANDLE), _P(_P(DnnTensor)), _P(DnnTensor), _HANDLE, _P(InferControl)],
    'hbDNNWaitTaskDone': [_HANDLE, _INT],
    'hbDNNReleaseTask': [_HANDLE],
    'hbSysAllocCachedMem': [_P(SysMem), c.c_uint32],
    'hbSysFlushMem': [_P(SysMem), _INT],
    'hbSysFreeMem': [_P(SysMem)],
}


class LibDnnError(RuntimeError):
    """A function of libdnn failed; the text has its name and libdnn's text for the code."""


class Library:
    """An open libdnn.so with all functions that are used."""

    def __init__(self, path: str) -> None:
        """
        Open the library.

        :raises OSError: the file does not load.
        :raises AttributeError: a function is missing, so it is not the libdnn of an RDK X5.
        """
        self._dll = c.CDLL(path)
        for name, arguments in _FUNCTIONS.items():
            function = getattr(self._dll, name)
            function.argtypes, function.restype = arguments, _INT
        self._dll.hbDNNGetVersion.restype = _TEXT
        self._dll.hbDNNGetErrorDesc.argtypes = [_INT]
        self._dll.hbDNNGetErrorDesc.restype = _TEXT
        self.path = path
        self.version = (self._dll.hbDNNGetVersion() or b'?').decode(errors='replace')

    def code(self, name: str, *arguments: object) -> int:
        """Call a function and return its code; 0 means success."""
        return int(getattr(self._dll, name)(*arguments))

    def call(self, name: str, *arguments: object) -> None:
        """Call a function; raise LibDnnError when it fails."""
        self.check(name, self.code(name, *arguments))

    def check(self, name: str, code: int) -> None:
        """Raise LibDnnError when ``code``, which function ``name`` returned, is an error."""
        if code:
            text = (self._dll.hbDNNGetErrorDesc(code) or b'unknown').decode(errors='replace')
            raise LibDnnError(f'{name}: {text} ({code})')


def load() -> Library:
    """
    Open libdnn.so: the file in $EDGENEXT_LIBDNN, else the first in the usual folders.

    :raises EngineUnavailableError: no file loads; the text has the reason of each attempt.
    """
    chosen = os.environ.get(LIBDNN_VARIABLE)
    absent, failures = [], []
    for path in (chosen,) if chosen else PLACES:
        try:
            return Library(path)
        except OSError as error:
            if str(error).startswith(f'{path}: ') and 'No such file' in str(error):
                absent.append(path)
            else:
                failures.append(str(error) if path in str(error) else f'{path}: {error}')
        except AttributeError as error:
            failures.append(f'{path}: not the libdnn of an RDK X5 ({error})')
    if absent:
        failures.append(f'there is no {", ".join(absent)}')
    raise EngineUnavailableError(
        f'libdnn cannot be loaded ({"; ".join(failures)}): it comes with RDK OS for the X5; '
        f'elsewhere choose the runtime onnx or simulator, '
        f'or name the library in ${LIBDNN_VARIABLE}')
