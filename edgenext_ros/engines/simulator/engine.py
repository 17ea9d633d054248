# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Run a ``.bin`` in the vendor's BPU simulator on a PC: bit-exact and slow.

Each open model has its own process, see ``worker.py``. A crash therefore loses one picture only,
and the GIL stays free.
"""

from __future__ import annotations

import json
import mmap
import os
from pathlib import Path
import select
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

from edgenext_ros.choices import SIMULATOR_TITLE
from edgenext_ros.engines.base import EngineOptions, InferenceError, ModelInfo, Nv12, Scores
from edgenext_ros.engines.simulator import vendor_tools
from edgenext_ros.engines.slot_pool import PooledEngine, SlotPool
from edgenext_ros.models import ModelError
from edgenext_ros.models.formats import bin_file
import numpy as np

PATIENCE_S = 120.0
"""Maximum wait for one picture, in seconds."""

_BEHIND = {'Dequantize', 'Reshape', 'Transpose'}
"""Operators after the BPU program that keep one value per class, in the same order."""


def available() -> str:
    """Return the simulator's version and path, or raise EngineUnavailableError."""
    tools = vendor_tools.find()
    return f'{SIMULATOR_TITLE} of hbdk {tools.version} ({tools.folder})'


class Simulator(PooledEngine['_Slot']):
    """The ``Engine`` on the simulator; see ``base.Engine`` for the protocol."""

    def __init__(self) -> None:
        """Start without a model; ``open`` looks for the simulator."""
        super().__init__()
        self._slot: _Slot | None = None

    def open(self, model: Path, options: EngineOptions) -> ModelInfo:
        """
        Load a ``.bin`` file whose whole network runs on the BPU; see ``Engine.open``.

        The options ``bpu_core`` and ``priority`` have no effect.
        """
        self.close()
        tools = vendor_tools.find()
        content = _Model(model, tools, PATIENCE_S)
        try:
            slot = _Slot(content)
        except _WorkerError as error:
            raise ModelError(
                f'{model}: the BPU simulator cannot load this program, {error}; expected a .bin '
                f'compiled for the X5 (march bayes-e)') from error
        self._slot, self._pool = slot, SlotPool(content.info, [slot])
        return content.info

    def close(self) -> None:
        """End the process; see ``Engine.close``."""
        super().close()
        if self._slot is not None:
            self._slot.drop_worker()
            self._slot = None


class _Slot:
    """
    A picture, and the process that runs it.

    The picture is copied into memory that is shared with the process. Each process gets new shared
    memory, so the death of a process does not damage a picture that is being written.
    """

    def __init__(self, model: _Model) -> None:
        self._model = model
        self.picture: Nv12 = np.zeros(model.info.nv12_size, np.uint8)
        self._worker: _Worker | None = _Worker(model)

    def run(self) -> Scores:
        """Run the network once; a process that died is replaced at the next picture."""
        try:
            if self._worker is None:
                self._worker = _Worker(self._model)
            values = self._worker.run(self.picture)
        except _WorkerError as error:
            self.drop_worker()
            raise InferenceError(
                f'model {self._model.info.name!r}: {SIMULATOR_TITLE}: {error}') from error
        except BaseException:
            # The pending answer, for example after Ctrl-C, must not be read for the next picture.
            self.drop_worker()
            raise
        return values.astype(np.float32) * self._model.scales

    def drop_worker(self) -> None:
        """End the process."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None


class _Model:
    """Data that a worker needs; it outlives a worker that died."""

    def __init__(self, path: Path, tools: vendor_tools.Hbdk, limit_s: float) -> None:
        """Read the file, or raise ModelError."""
        content = bin_file.read(path)
        classes = content.output.size
        first, *behind = content.operators or ('nothing',)
        if first != 'BPU' or not _BEHIND.issuperset(behind):
            raise ModelError(
                f'{path}: expected a network that runs on the BPU as a whole, then a Dequantize '
                f'node, found {", ".join(content.operators) or "no node"}; the simulator has '
                f'no other operators, so compile the model with all of its nodes on the BPU')
        if len(content.scales) not in (1, classes) or max(content.output.shape) != classes:
            raise ModelError(
                f'{path}: expected one value and one scale per class, found '
                f'{content.output} with {len(content.scales)} scales')
        self.tools, self.limit_s, self.program = tools, limit_s, content.program
        self.scales = np.array(content.scales, np.float32)
        self.info = ModelInfo(
            name=content.name, engine=f'{SIMULATOR_TITLE}, hbdk {tools.version}',
            width=content.width, height=content.height, classes=classes)


class _WorkerError(RuntimeError):
    """The worker failed, died or is late; the text has the reason."""


class _Worker:
    """The process and its shared memory: picture, output, program."""

    def __init__(self, model: _Model) -> None:
        """Start the process and wait until it has loaded the program."""
        self._limit_s = model.limit_s
        info, program = model.info, model.program
        sizes = info.nv12_size, info.classes * 4, len(program)
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        descriptor = os.memfd_create('edgenext_simulator')
        try:
            os.ftruncate(descriptor, sum(sizes))
            shared = mmap.mmap(descriptor, sum(sizes))
            shared[-len(program):] = bytes(program)
            # In its own session, the worker does not receive Ctrl-C; this process ends it instead.
            self._process = subprocess.Popen(
                [sys.executable, '-I', str(Path(__file__).with_name('worker.py')),
                 str(model.tools.simulator), *map(str, (descriptor, *sizes))],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._output, bufsize=0,
                pass_fds=(descriptor,), start_new_session=True)
        except OSError as error:
            self._output.close()
            raise _WorkerError(f'its process cannot be started: {error}') from error
        finally:
            os.close(descriptor)
        memory = np.frombuffer(shared, np.uint8)
        self._picture = memory[:sizes[0]]
        self._values = memory[sizes[0]:sizes[0] + sizes[1]].view(np.int32)
        try:
            found = self._answer()
            expected = {'width': info.width, 'height': info.height, 'values': info.classes}
            if found != expected:
                raise _WorkerError(f'it says {found} where the file says {expected}')
        except BaseException:
            self.close()
            raise

    def run(self, nv12: Nv12) -> np.ndarray[Any, np.dtype[np.int32]]:
        """Return the BPU's integers for a picture, in memory that the next run overwrites."""
        np.copyto(self._picture, nv12)
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(b'\n')
        except BrokenPipeError:
            pass  # _answer gives the reason
        self._answer()
        return self._values

    def close(self) -> None:
        """Kill the process, which has no state to save."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._output):
            if stream is not None:
                stream.close()

    def _answer(self) -> dict[str, Any]:
        """Wait for one line of JSON and return it, or raise _WorkerError."""
        assert self._process.stdout is not None
        deadline, line = time.monotonic() + self._limit_s, b''
        waiting = select.poll()
        waiting.register(self._process.stdout, select.POLLIN)
        while not line.endswith(b'\n'):
            left = deadline - time.monotonic()
            if not waiting.poll(max(0, left) * 1000):
                raise _WorkerError(f'no answer within {self._limit_s:g} s')
            more = self._process.stdout.read(4096)
            if not more:
                raise _WorkerError(self._describe_end())
            line += more
        answer: dict[str, Any] = json.loads(line)
        if 'error' in answer:
            raise _WorkerError(f'{answer["error"]}{self._last_output()}')
        return answer

    def _describe_end(self) -> str:
        """Describe how the process ended."""
        code = self._process.wait()
        how = f'with {signal.Signals(-code).name}' if code < 0 else f'with exit code {code}'
        return f'its process ended {how}{self._last_output()}'

    def _last_output(self) -> str:
        """Return the last output of the library."""
        size = self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, size - 300))
        words = ' '.join(self._output.read().decode(errors='replace').split())
        return f' (it said: {words})' if words else ''
