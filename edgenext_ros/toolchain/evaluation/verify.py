# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compare what a ``.bin`` computes with the network that it was compiled from."""

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
"""Is told how many of how many pictures are done."""


@dataclass(frozen=True)
class Agreement:
    """How far two engines give the same for the same NV12 bytes."""

    first: str
    second: str
    pictures: int
    top1: float
    """Share of pictures with the same best class, in per cent."""
    cosine: float
    """Mean cosine similarity of the outputs."""
    worst_cosine: float
    difference: float
    """Largest difference of any two outputs."""
    disagreements: list[str]
    """Files with another best class."""
    account: Account = field(default_factory=lambda: Account((), 0))
    """What is left out of the folder of pictures."""

    @classmethod
    def of(cls, first: tuple[str, np.ndarray], second: tuple[str, np.ndarray],
           files: list[Path]) -> Agreement:
        """Compare outputs, float32 (pictures, classes), each with the name of its engine."""
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
    :param quantised: hb_mapper's quantised graph, for which agreement must be exact.
    :return: float against ``.bin``; then, if given, float against the quantised graph and this
        against ``.bin``.
    :raises ValueError: no picture, or models of different size.
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
        with one_a_core(against, reference, len(inputs) if engine == 'simulator' else 1) as all_:
            expected = infer_all(all_, inputs, progress if len(all_) > 1 else _nothing)
        with one_a_core(model, simulator, len(inputs)) as engines:
            simulated = infer_all(engines, inputs, progress)
    sides = [(against.name, expected), (f'{model.name} simulated', simulated)]
    rows = [Agreement.of(*sides, files)]
    if quantised is not None:
        graph = (quantised.name, run_quantised(quantised, inputs, info))
        rows += [Agreement.of(sides[0], graph, files), Agreement.of(graph, sides[1], files)]
    return [replace(row, account=seen.account) for row in rows]


def _nothing(done: int, total: int) -> None:
    """Tell nobody: ONNX Runtime takes seconds."""


@contextmanager
def _opened(model: Path, name: str) -> Iterator[tuple[Engine, ModelInfo]]:
    engine, info = open_model(model, runtime=name)
    try:
        yield engine, info
    finally:
        engine.close()


@contextmanager
def one_a_core(model: Path, first: Engine, most: int) -> Iterator[list[Engine]]:
    """
    Open a model in the simulator once for each core: it is slow, and has a process of its own.

    :param first: the simulator with the model; the others are closed at the end.
    :param most: how many make sense.
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
    Share pictures, at least one, out to engines with the same model.

    After an error or Ctrl-C each of them ends with the picture that it is at.

    :return: float32 (pictures, classes).
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

    :return: float32 (pictures, classes).
    :raises ModelError: the executor failed; says its last words.
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
            last = (done.stderr.strip().splitlines() or ['no word'])[-1]
            raise ModelError(f'{model}: the quantised graph does not run: {last}')
        return np.load(outputs)
