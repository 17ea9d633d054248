# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Inference on the BPU through libdnn.so, on any RDK OS and Python; calls release the GIL.

Steps for one frame: write the input, clean its cache, infer, wait, invalidate the output's cache,
read, release the task; see ``libdnn_slot``. Two frames may be in progress: while the BPU works on
one, the next is converted into other memory and waits there until the BPU is free.
"""

from __future__ import annotations

import contextlib
import ctypes as c
from pathlib import Path

from edgenext_ros.engines.base import EngineOptions, ModelInfo
from edgenext_ros.engines.bpu import libdnn_abi as abi
from edgenext_ros.engines.bpu.libdnn_slot import (
    BpuSlot,
    InputLayout,
    OutputLayout,
    TaskArguments,
    UNFINISHED,
)
from edgenext_ros.engines.bpu.tensors import check_file, class_count, Dequantiser, picture_size
from edgenext_ros.engines.slot_pool import PooledEngine, SlotPool
from edgenext_ros.models import ModelError

SLOTS = 2
"""Pictures in progress concurrently: one on the BPU, one before or after it."""
TIMEOUT_MS = 1000
"""Maximum wait for one inference in ms; libdnn takes 0 and negative values as no limit."""


def available() -> str:
    """Return the library's version and path, or raise EngineUnavailableError with the reason."""
    library = abi.load()
    return f'libdnn {library.version} ({library.path})'


class LibDnn(PooledEngine[BpuSlot]):
    """The ``Engine`` on libdnn; see ``base.Engine`` for the protocol."""

    def __init__(self) -> None:
        """Start without a model; ``open`` loads the library."""
        super().__init__()
        self._model: _Model | None = None

    def open(self, model: Path, options: EngineOptions) -> ModelInfo:
        """Load the first model of a ``.bin`` file; a model that was open is closed first."""
        self.close()
        library = abi.load()
        check_file(model)
        try:
            self._model = _Model(library, model, options)
        except abi.LibDnnError as error:
            raise ModelError(
                f'{model}: libdnn cannot use this model, {error}; expected a .bin compiled for '
                f'the X5 (march bayes-e); libdnn has printed its own reason') from error
        # A slot with a late task takes precedence: the others do not run before that task ends.
        self._pool = SlotPool(
            self._model.info, self._model.slots, first=UNFINISHED.__contains__)
        return self._model.info

    def close(self) -> None:
        """
        Free the model, its tensors and its tasks.

        :raises InferenceError: a slot is lent or a late task still runs, so nothing was freed;
            call again later.
        """
        super().close()
        if self._model is not None:
            self._model.close()
            self._model = None


class _Model:
    """An open model with its slots; a failure in ``__init__`` frees everything."""

    def __init__(self, library: abi.Library, path: Path, options: EngineOptions) -> None:
        self._library = library
        with contextlib.ExitStack() as freeing:
            name = self._load(path, freeing)
            picture, height = _picture(path, self._properties('Input'))
            output = _output(path, self._properties('Output'))
            calls = TaskArguments(
                library, self._handle,
                abi.InferControl(bpu_core=options.bpu_core, priority=options.priority),
                timeout_ms=TIMEOUT_MS, name=name)
            self.slots: list[BpuSlot] = []
            for _ in range(SLOTS):
                self.slots.append(
                    BpuSlot(path, calls, picture, output, freeing, others=self.slots))
            self._freeing = freeing.pop_all()
        self.info = ModelInfo(
            name=name, engine=f'libdnn {library.version}', width=picture.width, height=height,
            classes=output.classes, slots=SLOTS)

    def close(self) -> None:
        for slot in self.slots:
            slot.finish_late()
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
        """Return the properties of all ``Input`` or ``Output`` tensors."""
        count = c.c_int32()
        self._library.call(f'hbDNNGet{which}Count', c.byref(count), self._handle)
        tensors = [abi.Properties() for _ in range(count.value)]
        for index, properties in enumerate(tensors):
            self._library.call(
                f'hbDNNGet{which}TensorProperties', c.byref(properties), self._handle, index)
        return tensors


def _picture(path: Path, tensors: list[abi.Properties]) -> tuple[InputLayout, int]:
    """Check the inputs of the model; return memory layout and height of its picture."""
    properties = tensors[0] if tensors else abi.Properties()
    kind = _kind(properties)
    width, height = picture_size(
        path, count=len(tensors), kind=kind,
        layout=abi.LAYOUTS.get(properties.layout, str(properties.layout)),
        shape=tuple(properties.valid_shape))
    # The library gives no stride for NV12; rows start at multiples of 16 bytes.
    pitch = -(-width // 16) * 16
    size = properties.aligned_byte_size
    if size < pitch * height * 3 // 2:
        raise ModelError(
            f'{path}: expected an input of {pitch * height * 3 // 2} bytes or more '
            f'({width}x{height} NV12, rows of {pitch} bytes), found {size}')
    # The vendor's tools also set the aligned shape to the valid one.
    properties.aligned_shape = properties.valid_shape
    parts = ((height, size * 2 // 3), (height // 2, size // 3)) if kind == 'NV12_SEPARATE' \
        else ((height + height // 2, size),)
    return InputLayout(properties, width, pitch, parts), height


def _output(path: Path, tensors: list[abi.Properties]) -> OutputLayout:
    """Check the outputs of the model; return how the first is read."""
    first = tensors[0] if tensors else abi.Properties()
    dtype, shape = _kind(first), tuple(first.valid_shape)
    classes = class_count(path, count=len(tensors), dtype=dtype, shape=shape)
    if dtype == 'float32' or first.quanti_type == abi.QUANTI_NONE:
        dequantise = Dequantiser.of(path, shape=shape)
    elif first.quanti_type == abi.QUANTI_SCALE:
        scale = first.scale
        dequantise = Dequantiser.of(
            path, shape=shape, axis=first.quantize_axis,
            scale=scale.scale_data[:scale.scale_length],
            zero=scale.zero_data[:scale.zero_length])
    else:
        raise ModelError(
            f'{path}: expected an output that is quantised by scale or not at all, '
            f'found quantisation type {first.quanti_type}')
    return OutputLayout(tensors, dtype, dequantise, classes)


def _kind(properties: abi.Properties) -> str:
    """Return the name of a tensor's type."""
    number = properties.type
    return abi.DATA_TYPES[number] if 0 <= number < len(abi.DATA_TYPES) else f'type {number}'
