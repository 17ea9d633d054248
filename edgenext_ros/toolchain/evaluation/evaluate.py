# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Run labelled pictures through the node's own path: file, frame, NV12, engine.

What a network answers to each picture goes into a file at once; see ``unfinished_run``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
import hashlib
import json
from pathlib import Path
from time import perf_counter

import cv2
import edgenext_ros
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.prediction import softmax
from edgenext_ros.engines.base import ModelInfo, Nv12
from edgenext_ros.engines.select import open_model, select
from edgenext_ros.engines.simulator import vendor_tools
from edgenext_ros.models import checksum, pictures
from edgenext_ros.models.left_out import Account, LeftOut
from edgenext_ros.models.pictures import PictureError
from edgenext_ros.models.regular_file import shown
from edgenext_ros.models.store import cache_folder
from edgenext_ros.toolchain.evaluation import metrics
from edgenext_ros.toolchain.evaluation.labelled_pictures import Labelled
from edgenext_ros.toolchain.evaluation.resampling import View
from edgenext_ros.toolchain.evaluation.unfinished_run import Partial
from edgenext_ros.toolchain.evaluation.verify import infer_all, one_a_core, Progress, run_quantised
import numpy as np

_BATCH, _SLOW_BATCH, _GRAPH_BATCH = 32, 4, 100
"""Pictures between two writes: most engines; the simulator, for each core; a quantised graph,
which is loaded anew for each batch."""


@dataclass(frozen=True)
class Subject:
    """A network that is to be evaluated, open."""

    path: Path
    digest: str
    """SHA-256 of the file."""
    info: ModelInfo
    batch: int
    infer: Callable[[list[Nv12], Progress], np.ndarray]
    """NV12 pictures, at least one, to float32 (pictures, classes)."""


@dataclass(frozen=True)
class Skipped:
    """A file that is no picture."""

    file: str
    reason: str
    """A sentence."""
    kind: str = 'damaged'
    """See ``pictures.LeftOut.reason``."""


@dataclass(frozen=True)
class Run:
    """One network on one set of pictures, seen in one way."""

    subject: Subject
    view: View
    skipped: tuple[Skipped, ...]
    resumed: int
    """Pictures whose outputs an earlier process has left."""
    partial: Path
    """The file of outputs; whoever has reported the run removes it."""
    pictures: np.ndarray
    """Index in ``Labelled`` of each picture, rising."""
    truth: np.ndarray
    probabilities: np.ndarray
    """float32 (pictures, classes)."""
    accuracy: metrics.Accuracy
    fps: float
    """Pictures a second, from the file to the output."""
    convert_ms: float
    """Median of resizing and conversion to NV12, of one picture."""
    infer_ms: float
    """Mean of the inference, of one picture; over all cores in the simulator."""

    @property
    def title(self) -> str:
        """A name for people."""
        return f'{self.subject.path.name}, {self.view}'

    def account(self, data: Labelled) -> Account:
        """Return what is left out of the folder of pictures."""
        failed = tuple(LeftOut(skipped.file, skipped.kind) for skipped in self.skipped)
        if data.listing is None:
            return Account(failed, len(data))
        return data.listing.account(failed)

    @property
    def best(self) -> np.ndarray:
        """The class that each picture was taken for."""
        return self.probabilities.argmax(1)


@contextmanager
def opened(model: Path, runtime: str = 'auto') -> Iterator[Subject]:
    """Open a model, in the simulator once for each core; see ``open_model``."""
    instance, info = open_model(model, runtime=runtime)
    try:
        slow = select(model, runtime).name == 'simulator'
        with one_a_core(model, instance, 1_000 if slow else 1) as engines:
            yield Subject(model, checksum.digest(model).sha256, info,
                          _SLOW_BATCH * len(engines) if slow else _BATCH,
                          lambda inputs, progress: infer_all(engines, inputs, progress))
    finally:
        instance.close()


def quantised(graph: Path, info: ModelInfo) -> Subject:
    """
    Take hb_mapper's quantised graph of a model.

    :raises EngineUnavailableError: the vendor's tools are not here.
    :raises ModelError: the file cannot be read.
    """
    sum_of_graph = checksum.digest(graph).sha256
    engine = f'quantised graph, hbdk {vendor_tools.find().version}'
    return Subject(graph, sum_of_graph, replace(info, name=graph.stem, engine=engine),
                   _GRAPH_BATCH, lambda inputs, progress: run_quantised(graph, inputs, info))


def evaluate(subject: Subject, data: Labelled, view: View, *, progress: Progress) -> Run:
    """
    Run all pictures, or those that an earlier process has not got to, through a network.

    :raises ValueError: not one file is a picture, or another process does the same.
    :raises InferenceError: the engine failed; what was done until then is kept.
    """
    skipped: list[Skipped] = []
    with Partial(_partial_path(subject, data, view), subject.info.classes) as partial:
        known = partial.read()['picture']
        missing = np.setdiff1d(np.arange(len(data)), known).tolist()
        progress(len(known), len(data))
        for start in range(0, len(missing), subject.batch):
            batch = missing[start:start + subject.batch]
            done = len(known) + start
            partial.append(_run_batch(
                subject, data, view, batch, partial.record, skipped,
                lambda now, _, before=done: progress(before + now, len(data))))
            progress(done + len(batch), len(data))
        records = partial.read()
    if not len(records):
        raise ValueError(f'{data.folder}: no picture in it decodes; the first: '
                         f'{shown(skipped[0].file)}: {skipped[0].reason}')
    return _sum_up(subject, data, view, records, tuple(skipped), len(known), partial.path)


def _partial_path(subject: Subject, data: Labelled, view: View) -> Path:
    """Name the file after everything that the outputs depend on."""
    files = [(file, *_state(data.folder / file)) for file in data.files]
    key = json.dumps([subject.digest, subject.info.engine, view.fit, view.interpolation,
                      _code(), cv2.__version__, str(data.folder.absolute()), files])
    return cache_folder() / 'evaluations' / f'{hashlib.sha256(key.encode()).hexdigest()}.part'


@lru_cache
def _code() -> str:
    """Return a digest of this package, which makes the network's input of a picture."""
    total = hashlib.sha256()
    for file in sorted(Path(edgenext_ros.__file__).parent.rglob('*.py')):
        total.update(file.read_bytes())
    return total.hexdigest()


def _state(file: Path) -> tuple[int, int]:
    try:
        state = file.stat()
    except OSError:
        return 0, 0  # A link to nowhere; it is skipped in its turn.
    return state.st_size, state.st_mtime_ns


def _run_batch(subject: Subject, data: Labelled, view: View, indices: list[int],
               record: np.dtype, skipped: list[Skipped], progress: Progress) -> np.ndarray:
    """Return one record for each of these pictures that decodes; tell of the others."""
    info = subject.info
    converter = Nv12Converter(width=info.width, height=info.height, fit=view.fit)
    records, inputs = np.zeros(len(indices), record), []
    for index in indices:
        file = data.files[index]
        begin = perf_counter()
        try:
            frame = pictures.read(data.folder / file)
        except PictureError as error:
            skipped.append(Skipped(file, str(error), error.reason))
            continue
        read = perf_counter()
        nv12 = converter.convert(view.resized(frame, size=(info.width, info.height)),
                                 out=np.empty(info.nv12_size, np.uint8))
        row = records[len(inputs)]
        row['picture'], row['read_ms'] = index, 1e3 * (read - begin)
        row['convert_ms'] = 1e3 * (perf_counter() - read)
        inputs.append(nv12)
    records = records[:len(inputs)]
    if inputs:
        begin = perf_counter()
        records['output'] = subject.infer(inputs, progress)
        records['infer_ms'] = 1e3 * (perf_counter() - begin) / len(inputs)
    return records


def _sum_up(subject: Subject, data: Labelled, view: View, records: np.ndarray,
            skipped: tuple[Skipped, ...], resumed: int, partial: Path) -> Run:
    outputs, truth = records['output'], data.truth[records['picture']]
    shares = outputs if subject.info.probabilities else softmax(outputs)
    total = sum(float(records[stage].sum(dtype=np.float64))
                for stage in ('read_ms', 'convert_ms', 'infer_ms'))
    return Run(subject=subject, view=view, skipped=skipped, resumed=resumed, partial=partial,
               pictures=records['picture'], truth=truth, probabilities=shares,
               accuracy=metrics.measure(shares, truth), fps=1e3 * len(records) / total,
               convert_ms=float(np.median(records['convert_ms'])),
               infer_ms=float(records['infer_ms'].mean(dtype=np.float64)))


@dataclass(frozen=True)
class Versus:
    """What one run loses against another."""

    first: Run
    second: Run
    comparison: metrics.Comparison


@dataclass(frozen=True)
class Evaluation:
    """All runs over the same pictures."""

    data: Labelled
    labels: LabelSet
    runs: tuple[Run, ...]
    """Network by network; the first is what the others are compared with."""

    def comparisons(self) -> list[Versus]:
        """Compare each network with the first, seen alike, and the views of the first."""
        main = self.runs[0]
        found = []
        for run in self.runs[1:]:
            other = main if run.subject is main.subject else next(
                r for r in self.runs if r.subject is main.subject and r.view == run.view)
            _, a, b = np.intersect1d(other.pictures, run.pictures, return_indices=True)
            found.append(Versus(other, run, metrics.compare(
                other.best[a], run.best[b], run.truth[b])))
        return found

    def forget(self) -> None:
        """Remove the files of outputs: once all is reported, nothing is to be resumed."""
        for run in self.runs:
            run.partial.unlink(missing_ok=True)


def evaluate_all(subjects: list[Subject], views: list[View], data: Labelled, labels: LabelSet, *,
                 progress: Callable[[str], Progress]) -> Evaluation:
    """
    Evaluate each network in each view.

    :param progress: returns who is told of the progress of the run with this title.
    """
    return Evaluation(data, labels, tuple(
        evaluate(subject, data, view, progress=progress(f'{subject.path.name}, {view}'))
        for subject in subjects for view in views))
