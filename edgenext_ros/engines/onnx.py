# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Inference with ONNX Runtime on any machine, from the same NV12 bytes as on the BPU."""

from __future__ import annotations

from contextlib import redirect_stderr
from io import StringIO
import os
from pathlib import Path
from typing import Any

from edgenext_ros.core.normalisation import MEAN, SCALE
from edgenext_ros.engines.base import (
    EngineOptions,
    EngineUnavailableError,
    InferenceError,
    ModelInfo,
    Nv12,
    Scores,
)
from edgenext_ros.engines.slot_pool import PooledEngine, SlotPool
from edgenext_ros.libraries import install_onnxruntime
from edgenext_ros.models import ModelError
from edgenext_ros.models.formats.outputs import is_class_vector, wrong_output
import numpy as np
import numpy.typing as npt

INFERENCE_THREADS = 2
"""Number of CPU threads for one inference."""

# BT.601 full range (JFIF), without clipping, as in the nv12 input of a .bin.
RGB_FROM_YUV = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]])


def available() -> str:
    """Return the engine's version, or raise EngineUnavailableError."""
    # Newer versions send telemetry once imported, and write files to the home folder.
    os.environ.setdefault('ORT_DISABLE_TELEMETRY', '1')
    try:
        with redirect_stderr(StringIO()):  # NumPy prints lines when a build is for another NumPy
            import onnxruntime
    except Exception as error:  # A build for another NumPy or libc may raise anything.
        raise EngineUnavailableError(
            f'onnxruntime cannot be imported ({error}); install it with '
            f'"{install_onnxruntime()}"') from error
    return f'ONNX Runtime {onnxruntime.__version__}'


class Nv12Normaliser:
    """
    Convert NV12 to a normalised RGB tensor, as a ``.bin`` does.

    Chroma is repeated, not interpolated. Colour matrix and normalisation are one affine map.

    :param width: picture width in pixels, even.
    :param height: picture height in pixels, even.
    """

    def __init__(self, *, width: int, height: int) -> None:
        self._shape = (height, width)
        matrix = np.array(SCALE)[:, None] * RGB_FROM_YUV
        self._matrix = matrix.astype(np.float32)
        offset = matrix @ np.array([0.0, -128.0, -128.0]) - np.multiply(MEAN, SCALE)
        self._offset = offset.astype(np.float32)[:, None]
        self._yuv = np.empty((3, height, width), np.float32)
        self._rgb = np.empty((3, height * width), np.float32)

    def __call__(self, nv12: Nv12) -> npt.NDArray[np.float32]:
        """Return float32 (1, 3, height, width), a buffer that the next call overwrites."""
        height, width = self._shape
        self._yuv[0] = nv12[:height * width].reshape(height, width)
        chroma = nv12[height * width:].reshape(height // 2, 1, width // 2, 1, 2)
        quads = self._yuv[1:].reshape(2, height // 2, 2, width // 2, 2)
        quads[:] = np.moveaxis(chroma, 4, 0)
        np.matmul(self._matrix, self._yuv.reshape(3, -1), out=self._rgb)
        self._rgb += self._offset
        return self._rgb.reshape(1, 3, height, width)


_NO_MEMORY = ('bad_alloc', 'Cannot allocate memory', 'pthread_create')
"""Parts of out-of-memory messages; ONNX Runtime has no error class for them."""


class OnnxSlot:
    """
    A picture in a NumPy array, and the session that runs it.

    :param session: the ``onnxruntime.InferenceSession``.
    :param width: width of the model's input in pixels, even.
    :param height: height of the model's input in pixels, even.
    """

    def __init__(self, session: Any, *, width: int, height: int) -> None:
        self.picture = np.zeros(width * height * 3 // 2, np.uint8)
        self._session, self._input = session, session.get_inputs()[0].name
        self._first = [session.get_outputs()[0].name]
        self._normalise = Nv12Normaliser(width=width, height=height)

    def run(self) -> Scores:
        """Run the network; see ``Slot.run``."""
        return self.outputs(self._first)[0]

    def outputs(self, names: list[str]) -> list[Scores]:
        """Run the network and return the outputs of these names."""
        try:
            outputs = self._session.run(names, {self._input: self._normalise(self.picture)})
        except Exception as error:  # onnxruntime has no common base class for its errors
            raise InferenceError(f'ONNX Runtime failed: {_one_line(error)}') from error
        return [np.asarray(output, np.float32) for output in outputs]


class Onnx(PooledEngine[OnnxSlot]):
    """Run an ONNX classifier that takes normalised RGB, float32 (1, 3, height, width)."""

    def open(self, model: Path, options: EngineOptions) -> ModelInfo:
        """Load a model; see ``Engine.open``. The options have no effect."""
        self.close()
        engine = available()
        import onnxruntime
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = INFERENCE_THREADS
        # Spinning would take the cores from the robot's other programs between frames.
        settings.add_session_config_entry('session.intra_op.allow_spinning', '0')
        settings.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(
                str(model), settings, providers=['CPUExecutionProvider'])
        except Exception as error:  # onnxruntime has no common base class for its errors
            text = _one_line(error)
            if any(word in text for word in _NO_MEMORY):
                raise InferenceError(f'{model}: not enough memory to load it: {text}') from error
            raise ModelError(f'{model}: not a readable ONNX model: {text}') from error
        inputs = session.get_inputs()
        shape = inputs[0].shape if inputs else []
        sizes = [side for side in shape[2:] if isinstance(side, int) and side > 0]
        if (len(inputs) != 1 or inputs[0].type != 'tensor(float)' or len(shape) != 4
                or (shape[0] not in (1, None) and not isinstance(shape[0], str))
                or shape[1] != 3 or len(sizes) != 2 or sizes[0] % 2 or sizes[1] % 2):
            raise ModelError(
                f'{model}: expected one float input 1x3xHxW (normalised RGB, H and W even), '
                f'found {", ".join(f"{i.type} {i.shape}" for i in inputs) or "none"}')
        names = [entry.name for entry in session.get_outputs()
                 if entry.type.startswith('tensor(') and 'string' not in entry.type]
        if names[:1] != [entry.name for entry in session.get_outputs()[:1]]:
            raise ModelError(f'{model}: expected one value per class as first output, found '
                             f'{session.get_outputs()[0].type}')
        slot = OnnxSlot(session, width=sizes[1], height=sizes[0])
        try:
            outputs = slot.outputs(names)
        except InferenceError as error:
            raise ModelError(f'{model}: {error}') from error
        output = outputs[0]
        if not is_class_vector(output.shape) or output.size < 2:
            raise ModelError(f'{model}: ' + wrong_output(
                {name: np.shape(value)
                 for name, value in zip(names, outputs, strict=True)}))
        info = ModelInfo(name=model.stem, engine=engine, width=sizes[1], height=sizes[0],
                         classes=output.size)
        self._pool = SlotPool(info, [slot])
        return info


def _one_line(error: Exception) -> str:
    return ' '.join(str(error).split())
