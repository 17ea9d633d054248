# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compare the outputs of a ``.bin`` with those of the network that it was compiled from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
import os
from pathlib import Path
import subprocess
import tempfile
from threading import Event

from edgenext_ros.engines.base import Engine, infer, ModelInfo, Nv12
from edgenext_ros.engines.select import open_model
from edgenext_ros.engines.simulator import vendor_tools
from edgenext_ros.models import ModelError
from edgenext_ros.models.left_out import Account
from edgenext_ros.toolchain.nv12_pictures import read_folder, yuv444
import numpy as np

CountProgress = Callable[[int, int], None]
"""Called with the number of pictures done, and the number of all."""


@dataclass(frozen=True)
class Agreement:
    """Agreement of two engines' outputs for the same NV12 bytes."""

    first: str
    second: str
    pictures: int
    top1: float
    """Share of pictures with the same best class, in per cent."""
    cosine: float
    """Mean cosine similarity of the outputs."""
    worst_cosine: float
    """Least cosine similarity of the outputs for one picture."""
    difference: float
    """Largest difference of two output values."""
    disagreements: list[str]
    """Files with different best classes."""
    account: Account = field(default_factory=lambda: Account((), 0))
    """Files of the folder that were left out, by reason."""

    @classmethod
    def of(cls, first: tuple[str, np.ndarray], second: tuple[str, np.ndarray],
           files: list[Path]) -> Agreement:
        """
        Compare two engines' outputs.

        :param first: name of the engine, and its outputs, float32 (pictures, classes).
        :param second: the same of the other engine.
        :param files: file of each picture.
        """
        a, b = (side[1].astype(np.float64) for side in (first, second))
        lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        cosines = (a * b).sum(1) / np.maximum(lengths, 1e-30)
        same = a.argmax(1) == b.argmax(1)
        return cls(first[0], second[0], len(files), round(100 * float(same.mean()), 2),
                   round(float(cosines.mean()), 6), round(float(cosines.min()), 6),
                   float(abs(a - b).max()),
                   [str(file) for file, equal in zip(files, same, strict=True) if not equal])


def verify(model: Path, against: Path, pictures: Path, *, count: int, fit: str,
           quantised: Path | None, progress: CountProgress) -> list[Agreement]:
    """
    Run pictures through a ``.bin`` in the simulator, and through other forms of the network.

    :param model: the ``.bin``.
    :param against: the ONNX file that it was compiled from, or another ``.bin``.
    :param pictures: folder of pictures.
    :param count: maximum number of pictures, chosen evenly over the sorted paths.
    :param fit: how pictures of another shape are fitted, one of ``choices.FITS``.
    :param quantised: hb_mapper's quantised graph, whose outputs should equal those of the
        ``.bin``; or None.
    :param progress: called with the numbers of pictures done and in all.
    :return: ``against`` and ``.bin``; with a quantised graph also ``against`` and the graph, and
        the graph and ``.bin``.
    :raises EngineUnavailableError: the vendor's tools are not installed.
    :raises ModelError: a model cannot be read, or the models have different sizes or classes.
    :raises ValueError: there is no picture.
    """
    engine = 'onnx' if against.suffix == '.onnx' else 'simulator'
    if quantised is not None and not quantised.is_file():
        raise ModelError(f'{quantised}: expected the quantised graph of edgenext compile --keep, '
                         'found no file')
    with _opened(model, 'simulator') as (simulator, info), \
            _opened(against, engine) as (reference, other):
        if (info.width, info.height, info.classes) != (other.width, other.height, other.classes):
            raise ModelError(
                f'{against}: expected the network of {model.name} ({info.width}x{info.height}, '
                f'{info.classes} classes), found {other.width}x{other.height}, {other.classes}')
        seen = read_folder(pictures, limit=count, width=info.width, height=info.height, fit=fit)
        files, inputs = list(seen.files), list(seen.pictures)
        with engine_per_core(against, reference,
                             len(inputs) if engine == 'simulator' else 1) as engines:
            expected = infer_all(engines, inputs, progress if len(engines) > 1 else _silent)
        with engine_per_core(model, simulator, len(inputs)) as engines:
            simulated = infer_all(engines, inputs, progress)
    sides = [(against.name, expected), (f'{model.name} simulated', simulated)]
    rows = [Agreement.of(*sides, files)]
    if quantised is not None:
        graph = (quantised.name, run_quantised(quantised, inputs, info))
        rows += [Agreement.of(sides[0], graph, files), Agreement.of(graph, sides[1], files)]
    return [replace(row, account=seen.account) for row in rows]


def _silent(done: int, total: int) -> None:
    """Report no progress: ONNX Runtime only takes seconds."""


@contextmanager
def _opened(model: Path, name: str) -> Iterator[tuple[Engine, ModelInfo]]:
    engine, info = open_model(model, runtime=name)
    try:
        yield engine, info
    finally:
        engine.close()


@contextmanager
def engine_per_core(model: Path, first: Engine, most: int) -> Iterator[list[Engine]]:
    """
    Open a model in one simulator per core, because the simulator is slow and runs in a process.

    :param model: the model.
    :param first: an engine that has opened the model; only the others are closed at the end.
    :param most: maximum number of engines; 1 for other engines than the simulator.
    """
    count = max(1, min(most, len(os.sched_getaffinity(0))))
    engines = [first]
    try:
        while len(engines) < count:
            engines.append(open_model(model, runtime='simulator')[0])
        yield engines
    finally:
        for engine in engines[1:]:
            engine.close()


def infer_all(engines: list[Engine], inputs: list[Nv12], progress: CountProgress) -> np.ndarray:
    """
    Run pictures on several engines with the same model in parallel.

    After an error or Ctrl-C, each engine stops after its present picture.

    :param engines: the engines.
    :param inputs: NV12 pictures, at least one.
    :param progress: called with the numbers of pictures done and in all.
    :return: outputs, float32 (pictures, classes).
    :raises InferenceError: an engine failed.
    """
    progress(0, len(inputs))
    done: list[int] = []
    stopped = Event()

    def run(engine: Engine, part: list[Nv12]) -> list[np.ndarray]:
        outputs = []
        for nv12 in part:
            if stopped.is_set():
                break
            outputs.append(infer(engine, nv12))
            done.append(1)
            progress(len(done), len(inputs))
        return outputs

    count = min(len(engines), len(inputs))
    with ThreadPoolExecutor(count) as pool:
        try:
            parts = list(pool.map(run, engines[:count],
                                  [inputs[n::count] for n in range(count)]))
        finally:
            stopped.set()
    outputs = np.empty((len(inputs), parts[0][0].size), np.float32)
    for n, part in enumerate(parts):
        outputs[n::count] = part
    return outputs


def run_quantised(model: Path, inputs: list[Nv12], info: ModelInfo) -> np.ndarray:
    """
    Run hb_mapper's quantised graph with the vendor's executor.

    :param model: the ``*_quantized_model.onnx``.
    :param inputs: NV12 pictures, at least one.
    :param info: width and height of the pictures.
    :return: outputs, float32 (pictures, classes).
    :raises ModelError: the executor failed; quotes its last line.
    """
    tools = vendor_tools.find()
    with tempfile.TemporaryDirectory(prefix='edgenext-') as folder:
        pictures, outputs = Path(folder, 'pictures.npy'), Path(folder, 'outputs.npy')
        np.save(pictures, np.stack([
            yuv444(nv12, width=info.width, height=info.height) for nv12 in inputs]))
        done = subprocess.run(
            tools.module('edgenext_ros.toolchain.evaluation.quantised_graph',
                         str(model.absolute()), str(pictures), str(outputs)),
            env=tools.environment(), capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ['no output'])[-1]
            raise ModelError(f'{model}: the quantised graph does not run: {last}')
        return np.load(outputs)
