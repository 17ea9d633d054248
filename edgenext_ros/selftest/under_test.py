# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Open the bundled model with an engine, and collect its answers for the stored pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from edgenext_ros.engines.base import (
    Engine,
    EngineUnavailableError,
    infer,
    InferenceError,
    ModelInfo,
    Scores,
)
from edgenext_ros.engines.deferred_close import close_or_defer
from edgenext_ros.engines.select import open_model
from edgenext_ros.models import ModelError
from edgenext_ros.selftest.finding import Verdict
from edgenext_ros.selftest.reference import (
    load,
    model_of,
    Outputs,
    Reference,
    ReferenceMissingError,
)
import numpy as np
import numpy.typing as npt


ModelOpener = Callable[..., tuple[Engine, ModelInfo]]
"""Opens a model file, as ``open_model`` does."""


class NotTestableError(RuntimeError):
    """
    An engine cannot be tested.

    :param verdict: WRONG, or UNTESTED if a part is missing.
    :param text: the reason, one sentence.
    """

    def __init__(self, verdict: Verdict, text: str) -> None:
        super().__init__(text)
        self.verdict = verdict


@dataclass(frozen=True)
class Answer:
    """What an engine answered for one stored picture."""

    row: int
    """Row of the picture."""
    before: int | None
    """Row of the picture that the same thread ran before; None for the first."""
    scores: Scores


@dataclass(frozen=True)
class Answers:
    """What an engine answered for pictures in a row."""

    given: tuple[Answer, ...]
    errors: tuple[str, ...]
    """Texts of the errors that came in place of answers."""

    @property
    def rows(self) -> npt.NDArray[np.intp]:
        """Row of the picture of each answer."""
        return np.array([answer.row for answer in self.given], np.intp)

    @property
    def scores(self) -> Outputs:
        """Scores of all answers, float32 (answers, classes)."""
        return np.stack([answer.scores for answer in self.given])

    @property
    def count(self) -> int:
        """Number of pictures that were run."""
        return len(self.given) + len(self.errors)

    def repeats(self) -> Answers:
        """Return the answers for a picture that came twice in a row."""
        return Answers(tuple(answer for answer in self.given if answer.before == answer.row), ())


@dataclass(frozen=True)
class EngineUnderTest:
    """An engine with the bundled model open, and the stored pictures and outputs for it."""

    name: str
    """Name of the engine."""
    engine: Engine
    info: ModelInfo
    reference: Reference

    def run(self, rows: Iterable[int], *, limit_s: float = float('inf'),
            least: int = 1) -> Answers:
        """
        Run stored pictures one after the other.

        :param rows: rows of the pictures.
        :param limit_s: seconds after which no further picture is run.
        :param least: number of pictures that are run in any case.
        """
        given, errors = [], []
        end = monotonic() + limit_s
        before = None
        for number, row in enumerate(rows):
            if number >= least and monotonic() > end:
                break
            try:
                scores = infer(self.engine, self.reference.pictures[row])
            except (Exception, SystemExit) as error:  # vendor code may raise anything
                errors.append(describe_error(error))
            else:
                given.append(Answer(row, before, scores))
            before = row
        return Answers(tuple(given), tuple(errors))


def describe_error(error: BaseException) -> str:
    """Return the text of an error as one line; with its type if it is none of the engines'."""
    text = ' '.join(str(error).split())
    return text if isinstance(error, (InferenceError, ModelError, ValueError)) and text else \
        f'{type(error).__name__}: {text}'


@contextmanager
def opened_engine(model: Path, name: str, opener: ModelOpener | None = None,
                  ) -> Iterator[tuple[Engine, ModelInfo]]:
    """
    Open a file of the bundled model with an engine; close it after the block.

    :param model: the file.
    :param name: name of the engine.
    :param opener: opens the model, with the parameters of ``open_model``, which is the default.
    :raises NotTestableError: the engine is not there, or does not open the model.
    """
    try:
        engine, info = (opener or open_model)(model, runtime=name)
    except EngineUnavailableError as error:
        raise NotTestableError(Verdict.UNTESTED, ' '.join(str(error).split())) from error
    except (Exception, SystemExit) as error:  # vendor code may raise anything
        raise NotTestableError(
            Verdict.WRONG, f'the bundled model does not open: {describe_error(error)}') from error
    try:
        yield engine, info
    finally:
        with suppress(InferenceError):  # an inference that hangs is a finding already
            close_or_defer(engine)


@contextmanager
def opened(name: str) -> Iterator[EngineUnderTest]:
    """
    Open the file of the bundled model that an engine reads; close it after the block.

    :raises NotTestableError: the engine is not there, or does not open or run the model.
    """
    try:
        reference = load(model_of(name))
    except ReferenceMissingError as error:
        raise NotTestableError(Verdict.WRONG, str(error)) from error
    with opened_engine(reference.model, name) as (engine, info):
        if (info.nv12_size, info.classes) != (
                reference.pictures.shape[1], reference.outputs.shape[1]):
            raise NotTestableError(
                Verdict.WRONG,
                f'expected a model of {reference.pictures.shape[1]} bytes of NV12 and '
                f'{reference.outputs.shape[1]} classes, the engine found {info.nv12_size} bytes '
                f'and {info.classes} classes')
        yield EngineUnderTest(name, engine, info, reference)
