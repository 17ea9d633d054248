# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Inference on the BPU through the board's libdnn.so: any RDK OS, any Python, the GIL released.

One frame: write the input, clean its cache, infer, wait, invalidate the output's cache, read,
release the task.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import ctypes as c
from pathlib import Path

from edgenext_ros.runtime import libdnn_abi as abi
from edgenext_ros.runtime.base import (
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
from edgenext_ros.runtime.vendor import check_file, class_count, Dequantiser, picture_size
import numpy as np
import numpy.typing as npt

_UNFINISHED: set[_Model] = set()
"""Models with a late task: the BPU may still read their tensors, so they must stay alive."""


def available() -> str:
    """Return the library's version and path, or raise RuntimeUnavailableError with the reason."""
    library = abi.load()
    return f'libdnn {library.version} ({library.path})'


class LibDnn:
    """The ``Runtime`` on libdnn; see ``base.Runtime`` for the protocol."""

    def __init__(self) -> None:
        """Do nothing yet: ``open`` loads the library."""
        self._model: _Model | None = None

    def open(self, model: Path, options: RuntimeOptions) -> ModelInfo:
        """Load the first model of a ``.bin`` file; one that was open is closed."""
        self.close()
        library = abi.load()
        check_file(model)
        try:
            self._model = _Model(library, model, options)
        except abi.LibDnnError as error:
            raise ModelError(
                f'{model}: libdnn cannot use this model, {error}; expected a .bin compiled for '
                f'the X5 (march bayes-e); libdnn has printed its own reason') from error
        return self._model.info

    def infer(self, nv12: Nv12) -> Scores:
        """Run the network once; a late inference blocks the next until it has ended."""
        if self._model is None:
            raise InferenceError('libdnn: no model is open; call open first')
        check_nv12(nv12, self._model.info)
        try:
            return self._model.infer(nv12)
        except abi.LibDnnError as error:
            raise InferenceError(f'model {self._model.info.name!r}: {error}') from error

    def close(self) -> None:
        """
        Free the model, its tensors and its task.

        :raises InferenceError: a late task still runs, so nothing was freed; call again.
        """
        if self._model is not None:
            self._model.close()
            self._model = None


class _Model:
    """An open model with its tensors; exists only whole."""

    def __init__(self, library: abi.Library, path: Path, options: RuntimeOptions) -> None:
        self._library = library
        # The library takes 0 and less as: wait for ever.
        self._timeout = max(1, options.timeout_ms)
        self._control = abi.InferControl(bpu_core=options.bpu_core, priority=options.priority)
        self._task = c.c_void_p()
        with contextlib.ExitStack() as freeing:
            name = self._load(path, freeing)
            inputs = self._properties('Input')
            outputs = self._properties('Output')
            width, height = self._open_input(path, inputs, freeing)
            classes = self._open_outputs(path, outputs, freeing)
            self._freeing = freeing.pop_all()
        self.info = ModelInfo(
            name=name, engine=f'libdnn {library.version}', width=width, height=height,
            classes=classes)

    def infer(self, nv12: Nv12) -> Scores:
        self._finish_late()
        row = 0
        picture = nv12.reshape(-1, self.info.width)
        for plane in self._planes:
            np.copyto(plane, picture[row:row + len(plane)])
            row += len(plane)
        self._flush(self._input, abi.CACHE_CLEAN)
        # The handle is NULL here: every other way out of an inference leaves it so, or late.
        self._library.call(
            'hbDNNInfer', c.byref(self._task), c.byref(self._outputs_pointer),
            c.byref(self._input), self._handle, c.byref(self._control))
        with self._finished():
            self._flush(self._outputs[0], abi.CACHE_INVALIDATE)
            return check_scores(self._dequantise(self._values), self.info)

    def close(self) -> None:
        self._finish_late()
        self._freeing.close()

    def _load(self, path: Path, freeing: contextlib.ExitStack) -> str:
        """Load the file; return the name of its first model."""
        packed = c.c_void_p()
        self._library.call(
            'hbDNNInitializeFromFiles', c.byref(packed), (c.c_char_p * 1)(str(path).encode()), 1)
        freeing.callback(self._library.code, 'hbDNNRelease', packed)
        names, count = c.POINTER(c.c_char_p)(), c.c_int32()
        self._library.call('hbDNNGetModelNameList', c.byref(names), c.byref(count), packed)
        if count.value < 1:
            raise ModelError(f'{path}: expected a model, found none in the file')
        self._handle = c.c_void_p()
        self._library.call('hbDNNGetModelHandle', c.byref(self._handle), packed, names[0])
        return str(names[0].decode(errors='replace'))

    def _properties(self, which: str) -> list[abi.Properties]:
        """Return the properties of every ``Input`` or ``Output`` tensor."""
        count = c.c_int32()
        self._library.call(f'hbDNNGet{which}Count', c.byref(count), self._handle)
        tensors = [abi.Properties() for _ in range(count.value)]
        for index, properties in enumerate(tensors):
            self._library.call(
                f'hbDNNGet{which}TensorProperties', c.byref(properties), self._handle, index)
        return tensors

    def _open_input(
            self, path: Path, tensors: list[abi.Properties], freeing: contextlib.ExitStack,
    ) -> tuple[int, int]:
        """Allocate the picture; return its width and height."""
        properties = tensors[0] if tensors else abi.Properties()
        kind = _kind(properties)
        width, height = picture_size(
            path, count=len(tensors), kind=kind,
            layout=abi.LAYOUTS.get(properties.layout, str(properties.layout)),
            shape=tuple(properties.valid_shape))
        # The library tells no stride for NV12; its rows start at multiples of 16 bytes.
        pitch = -(-width // 16) * 16
        size = properties.aligned_byte_size
        if size < pitch * height * 3 // 2:
            raise ModelError(
                f'{path}: expected an input of {pitch * height * 3 // 2} bytes or more '
                f'({width}x{height} NV12, rows of {pitch} bytes), found {size}')
        # As the vendor's own tools do: the picture comes without padding in its shape.
        properties.aligned_shape = properties.valid_shape
        self._input = abi.Tensor(properties=properties)
        rows = (height, height // 2) if kind == 'NV12_SEPARATE' else (height + height // 2,)
        sizes = (size * 2 // 3, size // 3) if kind == 'NV12_SEPARATE' else (size,)
        self._planes = tuple(
            self._allocate(memory, bytes_, freeing)[:count * pitch]
            .reshape(count, pitch)[:, :width]
            for memory, bytes_, count in zip(self._input.memory, sizes, rows, strict=False))
        return width, height

    def _open_outputs(
            self, path: Path, tensors: list[abi.Properties], freeing: contextlib.ExitStack,
    ) -> int:
        """Allocate all outputs, of which the first is read; return its number of values."""
        first = tensors[0] if tensors else abi.Properties()
        dtype, shape = _kind(first), tuple(first.valid_shape)
        classes = class_count(path, count=len(tensors), dtype=dtype, shape=shape)
        if dtype == 'float32' or first.quanti_type == abi.QUANTI_NONE:
            self._dequantise = Dequantiser.of(path, shape=shape)
        elif first.quanti_type == abi.QUANTI_SCALE:
            scale = first.scale
            self._dequantise = Dequantiser.of(
                path, shape=shape, axis=first.quantize_axis,
                scale=scale.scale_data[:scale.scale_length],
                zero=scale.zero_data[:scale.zero_length])
        else:
            raise ModelError(
                f'{path}: expected an output that is quantised by scale or not at all, '
                f'found quantisation type {first.quanti_type}')
        self._outputs = (abi.Tensor * len(tensors))()
        self._outputs_pointer = c.cast(self._outputs, c.POINTER(abi.Tensor))
        memories = []
        for tensor, properties in zip(self._outputs, tensors, strict=True):
            tensor.properties = properties
            memories.append(
                self._allocate(tensor.memory[0], properties.aligned_byte_size, freeing))
        self._values = _view(path, memories[0], dtype, first)
        return classes

    def _allocate(
            self, memory: abi.SysMem, size: int, freeing: contextlib.ExitStack,
    ) -> npt.NDArray[np.uint8]:
        """Fill in ``memory`` with ``size`` bytes and return them; valid until it is freed."""
        try:
            self._library.call('hbSysAllocCachedMem', c.byref(memory), size)
        except abi.LibDnnError as error:
            raise RuntimeUnavailableError(
                f'the BPU gives no memory ({size} bytes), {error}; run as root or as a member '
                f'of the group that owns /dev/bpu* and /dev/ion, and close other models',
            ) from error
        freeing.callback(self._library.code, 'hbSysFreeMem', c.byref(memory))
        return np.ctypeslib.as_array((c.c_uint8 * size).from_address(memory.vir_addr))

    def _flush(self, tensor: abi.Tensor, direction: int) -> None:
        for memory in tensor.memory:
            if memory.vir_addr:
                self._library.call('hbSysFlushMem', c.byref(memory), direction)

    @contextlib.contextmanager
    def _finished(self) -> Iterator[None]:
        """
        Wait until the task has ended, lend its outputs, and release it, whatever happens.

        A task that is late is kept: the BPU still writes into the tensors, and hbDNNReleaseTask
        returns before it has stopped a running task, so only a wait tells when they are free.
        """
        code = self._library.code('hbDNNWaitTaskDone', self._task, self._timeout)
        if code == abi.TIMED_OUT:
            _UNFINISHED.add(self)
            raise InferenceError(
                f'model {self.info.name!r}: an inference still runs after '
                f'{self._timeout} ms; the BPU is busy with other models, or hangs (dmesg)')
        _UNFINISHED.discard(self)
        try:
            self._library.check('hbDNNWaitTaskDone', code)
            yield
        finally:
            self._library.code('hbDNNReleaseTask', self._task)
            self._task.value = None

    def _finish_late(self) -> None:
        """Wait for the task of an earlier picture, if there is one; its result is dropped."""
        if self._task.value:
            with contextlib.suppress(abi.LibDnnError), self._finished():
                pass


def _kind(properties: abi.Properties) -> str:
    """Return the name of a tensor's type."""
    number = properties.type
    return abi.DATA_TYPES[number] if 0 <= number < len(abi.DATA_TYPES) else f'type {number}'


def _view(
        path: Path, memory: npt.NDArray[np.uint8], dtype: str, properties: abi.Properties,
) -> npt.NDArray[np.generic]:
    """Return the valid values in an output's memory, which may be padded in any dimension."""
    shape = tuple(properties.valid_shape)
    strides = properties.stride[:len(shape)]
    item = np.dtype(dtype).itemsize
    if min(strides) < item:
        # No strides in bytes: those of the aligned shape, which is dense.
        strides = [item] * len(shape)
        for axis in reversed(range(len(shape) - 1)):
            strides[axis] = strides[axis + 1] * properties.aligned_shape.sizes[axis + 1]
    try:
        return np.ndarray(shape, dtype, buffer=memory.data, strides=strides)
    except ValueError as error:
        raise ModelError(
            f'{path}: expected an output {shape} of {dtype} with strides {tuple(strides)} to fit '
            f'in {memory.size} bytes') from error
