# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""BPU memory and task of one picture; a model has several slots to keep the BPU busy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib
import ctypes as c
from dataclasses import dataclass
from pathlib import Path

from edgenext_ros.engines.base import EngineUnavailableError, InferenceError, Nv12, Scores
from edgenext_ros.engines.bpu import libdnn_abi as abi
from edgenext_ros.engines.bpu.tensors import Dequantiser
from edgenext_ros.models import ModelError
import numpy as np
import numpy.typing as npt

UNFINISHED: set[BpuSlot] = set()
"""Slots with a late task; the set keeps their tensors alive, which the BPU may still use."""


@dataclass(frozen=True)
class InputLayout:
    """Memory layout of the picture: NV12 in one or two memories, rows ``pitch`` bytes apart."""

    properties: abi.Properties
    width: int
    """Width in pixels, or bytes of luma."""
    pitch: int
    """Bytes from row to row."""
    parts: tuple[tuple[int, int], ...]
    """Number of rows and of bytes of each memory."""


@dataclass(frozen=True)
class OutputLayout:
    """Memory layout of the outputs; only the first output is read."""

    properties: list[abi.Properties]
    dtype: str
    dequantise: Dequantiser
    classes: int
    """Number of values in the first output."""


@dataclass(frozen=True)
class TaskArguments:
    """Arguments that all tasks of a model share."""

    library: abi.Library
    handle: c.c_void_p
    control: abi.InferControl
    timeout_ms: int
    name: str


class BpuSlot:
    """
    Tensors and task of one picture; one thread at a time may use them.

    :param path: the model file, for errors.
    :param calls: arguments of the tasks.
    :param picture: memory layout of the input.
    :param output: memory layout of the outputs.
    :param freeing: stack to which the calls are added that free the memory.
    :param others: list of all slots of the model, which later slots are appended to.
    :raises EngineUnavailableError: no BPU memory can be allocated.
    :raises ModelError: the output does not fit into its memory.
    """

    def __init__(self, path: Path, calls: TaskArguments, picture: InputLayout,
                 output: OutputLayout, freeing: contextlib.ExitStack, *,
                 others: Sequence[BpuSlot]) -> None:
        self._others = others
        self._calls, self._dequantise = calls, output.dequantise
        self._task = c.c_void_p()
        self._input = abi.DnnTensor(properties=picture.properties)
        planes = []
        for memory, (rows, size) in zip(self._input.memory, picture.parts, strict=False):
            pixels = self._allocate(memory, size, freeing)[:rows * picture.pitch]
            planes.append(pixels.reshape(rows, picture.pitch)[:, :picture.width])
        self._planes = tuple(planes)
        whole = len(planes) == 1 and picture.pitch == picture.width
        self.picture: Nv12 = planes[0].reshape(-1) if whole \
            else np.empty(sum(plane.size for plane in planes), np.uint8)
        self._copies = not whole
        self._outputs = (abi.DnnTensor * len(output.properties))()
        self._outputs_pointer = c.cast(self._outputs, c.POINTER(abi.DnnTensor))
        memories = []
        for tensor, properties in zip(self._outputs, output.properties, strict=True):
            tensor.properties = properties
            memories.append(
                self._allocate(tensor.memory[0], properties.aligned_byte_size, freeing))
        self._values = view(path, memories[0], output.dtype, output.properties[0])

    def run(self) -> Scores:
        """
        Run the network on the picture, which is copied only when the BPU's memory has padding.

        A late inference blocks the next ones, in all slots of the model, until it has ended.

        :raises InferenceError: the inference failed or is late, or an earlier one still runs.
        """
        try:
            self.finish_late()
            for slot in self._others:
                if slot in UNFINISHED:  # another thread holds this slot or takes it next
                    raise InferenceError(
                        f'model {self._calls.name!r}: an earlier inference still runs; the BPU '
                        f'is busy with other models, or hangs (dmesg)')
            return self._infer()
        except abi.LibDnnError as error:
            raise InferenceError(f'model {self._calls.name!r}: {error}') from error

    def _infer(self) -> Scores:
        row = 0
        picture = self.picture.reshape(-1, self._planes[0].shape[1])
        for plane in self._planes if self._copies else ():
            np.copyto(plane, picture[row:row + len(plane)])
            row += len(plane)
        calls = self._calls
        self._flush(self._input, abi.CACHE_CLEAN)
        # The task handle is NULL here: every inference either resets it or is late.
        calls.library.call(
            'hbDNNInfer', c.byref(self._task), c.byref(self._outputs_pointer),
            c.byref(self._input), calls.handle, c.byref(calls.control))
        with self._finished():
            self._flush(self._outputs[0], abi.CACHE_INVALIDATE)
            return self._dequantise(self._values)

    def finish_late(self) -> None:
        """
        Wait for the task of an earlier picture, if there is one, and drop its result.

        :raises InferenceError: the task still runs.
        """
        if self._task.value:
            with contextlib.suppress(abi.LibDnnError), self._finished():
                pass

    def _allocate(
            self, memory: abi.SysMem, size: int, freeing: contextlib.ExitStack,
    ) -> npt.NDArray[np.uint8]:
        """Allocate ``size`` bytes for ``memory`` and return them; valid until they are freed."""
        library = self._calls.library
        try:
            library.call('hbSysAllocCachedMem', c.byref(memory), size)
        except abi.LibDnnError as error:
            raise EngineUnavailableError(
                f'the BPU gives no memory ({size} bytes), {error}; run as root or as a member '
                f'of the group that owns /dev/bpu* and /dev/ion, and close other models',
            ) from error
        freeing.callback(library.code, 'hbSysFreeMem', c.byref(memory))
        return np.ctypeslib.as_array((c.c_uint8 * size).from_address(memory.vir_addr))

    def _flush(self, tensor: abi.DnnTensor, direction: int) -> None:
        for memory in tensor.memory:
            if memory.vir_addr:
                self._calls.library.call('hbSysFlushMem', c.byref(memory), direction)

    @contextlib.contextmanager
    def _finished(self) -> Iterator[None]:
        """
        Wait until the task has ended, run the block, and release the task.

        A late task is not released: the BPU still writes into the tensors, and hbDNNReleaseTask
        returns before it has stopped a running task. Only a wait shows when the tensors are free.
        """
        library, timeout = self._calls.library, self._calls.timeout_ms
        code = library.code('hbDNNWaitTaskDone', self._task, timeout)
        if code == abi.TIMED_OUT:
            UNFINISHED.add(self)
            raise InferenceError(
                f'model {self._calls.name!r}: an inference still runs after {timeout} ms; '
                f'the BPU is busy with other models, or hangs (dmesg)')
        UNFINISHED.discard(self)
        try:
            library.check('hbDNNWaitTaskDone', code)
            yield
        finally:
            library.code('hbDNNReleaseTask', self._task)
            self._task.value = None


def view(
        path: Path, memory: npt.NDArray[np.uint8], dtype: str, properties: abi.Properties,
) -> npt.NDArray[np.generic]:
    """
    View the valid values of an output, whose memory may be padded in any dimension.

    :param path: the model file, for errors.
    :param memory: all bytes of the output, flat uint8.
    :param dtype: data type of the values.
    :param properties: shapes and strides of the output.
    :return: an array of the valid shape on the same memory.
    :raises ModelError: the output does not fit into its memory.
    """
    shape = tuple(properties.valid_shape)
    strides = properties.stride[:len(shape)]
    item = np.dtype(dtype).itemsize
    if min(strides) < item:
        # Without strides in bytes, use those of the aligned shape, which is dense.
        strides = [item] * len(shape)
        for axis in reversed(range(len(shape) - 1)):
            strides[axis] = strides[axis + 1] * properties.aligned_shape.sizes[axis + 1]
    try:
        return np.ndarray(shape, dtype, buffer=memory.data, strides=strides)
    except ValueError as error:
        raise ModelError(
            f'{path}: expected an output {shape} of {dtype} with strides {tuple(strides)} to fit '
            f'in {memory.size} bytes') from error
