# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Time the bundled model on an engine, and compare it with the compiler's estimate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
import json
from pathlib import Path
from typing import Any

from edgenext_ros.choices import BPU_ENGINES, SIMULATOR
from edgenext_ros.engines.base import Engine, ModelInfo
from edgenext_ros.engines.select import suffixes
from edgenext_ros.models import checksum, ModelError
from edgenext_ros.models.catalog import CATALOG
from edgenext_ros.models.store import locate, ModelNotFoundError
from edgenext_ros.selftest import fast_gil, fast_latency
from edgenext_ros.selftest.fast_board import bpu_state, BpuState, idle_load, judge_load, watched
from edgenext_ros.selftest.fast_finding import fast_finding
from edgenext_ros.selftest.fast_latency import Diagnosis, TimedSeries, TimingCause
from edgenext_ros.selftest.fast_neighbour import BUSY_S, neighbour, NeighbourError, REST_S
from edgenext_ros.selftest.fast_throughput import pictures_a_second
from edgenext_ros.selftest.finding import Conditions, Finding, Value, Verdict
from edgenext_ros.selftest.reference import model_of, ReferenceMissingError
from edgenext_ros.selftest.under_test import (
    describe_error,
    ModelOpener,
    NotTestableError,
    opened_engine,
)

_THREADS = (1, 2, 4)
_HOLD_GIL = {'hbm_runtime', 'hobot_dnn'}
"""The vendor's Python modules, which hold the GIL during each inference."""
_TOO_FAST = 0.5
"""Share of the estimate below which an engine probably does not run the whole network."""


def check(conditions: Conditions, *,
          opener: ModelOpener | None = None,
          estimate_ms: Callable[[Path], float | None] | None = None,
          state: Callable[[], BpuState] = bpu_state) -> Iterator[Finding]:
    """
    Measure each engine with the bundled model.

    :param conditions: how the self-test was asked to run.
    :param opener: opens a model, with the parameters of ``open_model``, which is the default.
    :param estimate_ms: returns the estimate for a model file; ``estimate_of`` by default.
    :param state: reads the state of the BPU.
    """
    for name in conditions.engines:
        try:
            path = model_of(name)
            load = idle_load(state)
            conditions.progress(f'{name}: open the bundled model')
            with opened_engine(path, name, opener) as (engine, info):
                yield from _Measurement(
                    name, conditions, engine, info, path=path, load=load, state=state,
                    estimate_ms=(estimate_ms or estimate_of)(path)).findings()
        except NotTestableError as error:
            yield _finding(name, 'latency', error.verdict, f'nothing is timed: {error}')
        except ReferenceMissingError as error:
            yield _finding(name, 'latency', Verdict.WRONG, f'nothing is timed: {error}')


def estimate_of(path: Path) -> float | None:
    """Return the compiler's estimate for a model in ms, from the recipe beside it; else None."""
    try:
        recipe: dict[str, Any] = json.loads(path.with_suffix('.recipe.json').read_text())
        return float(recipe['report']['latency_ms']) \
            if recipe['sha256'] == checksum.digest(path).sha256 else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


class _Measurement:
    """The measurements of one engine; parameters as in ``check``."""

    def __init__(self, name: str, conditions: Conditions, engine: Engine, info: ModelInfo, *,
                 path: Path, load: float | None, state: Callable[[], BpuState],
                 estimate_ms: float | None) -> None:
        self._name, self._conditions, self._engine, self._info = name, conditions, engine, info
        self._path, self._load, self._state = path, load, state
        self._estimate_ms = None if name == SIMULATOR else estimate_ms
        self._quick = conditions.quick
        self._paced: dict[str, float] = {}

    def findings(self) -> Iterator[Finding]:
        """Yield each finding when it is known; an error ends its check only."""
        checks: dict[str, Callable[[str], Finding]] = {'latency': self._latency}
        if self._name != SIMULATOR:
            checks |= {'threads': self._throughput, 'GIL': self._gil}
            if self._name in BPU_ENGINES:
                checks['BPU load and temperature'] = self._load_and_temperature
            if self._conditions.beside:
                checks['beside another user'] = self._beside
        for what, measure in checks.items():
            self._conditions.progress(f'{self._name}: {what}')
            try:
                yield measure(what)
            except NeighbourError as error:
                yield _finding(self._name, what, Verdict.UNTESTED, str(error))
            except (Exception, SystemExit) as error:  # vendor code may raise anything
                yield _finding(self._name, what, Verdict.WRONG, (
                    f'expected a result for each picture, found: {describe_error(error)}'))

    def _latency(self, what: str) -> Finding:
        if self._name == SIMULATOR:
            series = TimedSeries(fast_latency.time_runs(
                self._engine, self._info, count=2 if self._quick else 3, within_s=5.0))
            found = fast_latency.figures(series.steady)
            return _finding(self._name, what, Verdict.MEASURED, (
                f'{_times(found)}; the simulator computes on the processor, so this is no '
                'estimate of a board'), found)
        estimate = self._estimate_ms
        board = BpuState()

        def attempt() -> TimedSeries:
            nonlocal board
            with watched(self._state) as states:  # an idle BPU may have a lower clock
                series = fast_latency.measure(self._engine, self._info, quick=self._quick)
            board = max(states, key=lambda state: state.clock_mhz or 0.0)
            return series

        series, diagnosis = fast_latency.repeated(
            attempt, lambda series: Diagnosis(TimingCause.NONE, '') if estimate is None else
            fast_latency.diagnose(series, estimate_ms=estimate, load_before=self._load,
                                  clock=board.clock, remedy=board.remedy))
        found, self._paced = map(fast_latency.figures, (series.steady, series.paced))
        figures: dict[str, Value] = {
            **found, **{f'paced_{key}': value for key, value in self._paced.items()},
            'waited_for_core_ms': sum(run.waited_ms for run in series.steady) / len(series.steady)}
        if estimate is None:
            return _finding(self._name, what, Verdict.MEASURED, (
                f'{_times(found)}; there is no estimate for this engine'), figures)
        figures |= {'estimate_ms': estimate, 'limit_ms': fast_latency.limit_ms(estimate),
                    'load_before_percent': self._load, 'cause': diagnosis.cause.value}
        if diagnosis.step_ms is not None:
            figures['other_task_ms'] = diagnosis.step_ms
        if found['median_ms'] < _TOO_FAST * estimate:
            return _finding(self._name, what, Verdict.MEASURED, (
                f'{_times(found)}, less than half of the {estimate:.2f} ms that the compiler '
                'estimates; the part "right" says whether the network runs'), figures)
        if diagnosis.cause is TimingCause.NONE:
            return _finding(self._name, what, Verdict.GOOD, (
                f'{_times(found)}; the compiler estimates {estimate:.2f} ms'), figures)
        return _finding(self._name, what, Verdict.WRONG, (
            f'{_times(found)}; expected a median of {estimate:.2f} ms, as the compiler estimates '
            f'(the limit is {fast_latency.limit_ms(estimate):.2f} ms), and steady times, found '
            f'{fast_latency.exceeded(series, diagnosis, estimate_ms=estimate)}'), figures,
            cause=f'{diagnosis.cause.value}: {diagnosis.text}')

    def _throughput(self, what: str) -> Finding:
        seconds = 0.4 if self._quick else 2.0
        rates = {threads: pictures_a_second(self._engine, self._info, threads=threads,
                                            seconds=seconds) for threads in _THREADS}
        figures: dict[str, Value] = {
            **{f'fps_with_{threads}': rate for threads, rate in rates.items()},
            'slots': self._info.slots}
        text = ', '.join(f'{rate:.0f} with {threads}' for threads, rate in rates.items())
        if self._estimate_ms is None:
            most = ''
        else:
            figures['estimate_fps'] = 1e3 / self._estimate_ms
            most = ('; one BPU core runs one picture at a time, by the estimate '
                    f'{1e3 / self._estimate_ms:.0f} a second')
        return _finding(self._name, what, Verdict.MEASURED, (
            f'pictures a second by the number of threads: {text}, on {self._info.slots} '
            f'slot{"s" if self._info.slots > 1 else ""} of the engine{most}'), figures)

    def _gil(self, what: str) -> Finding:
        attempts = (fast_gil.measure(self._engine, self._info, count=50,
                                     within_s=1.0 if self._quick else 3.0) for _ in range(3))
        progress = next(attempts)
        while progress.held and (again := next(attempts, None)) is not None:
            progress = again
        figures: dict[str, Value] = {'held': progress.held,
                                     'gap_percent': 100 * progress.gap}
        share = f'{100 * progress.gap:.0f} % of an inference'
        if not progress.held:
            return _finding(self._name, what, Verdict.GOOD, (
                'other Python threads go on during an inference: the longest gap in their '
                f'progress is {share}'), figures)
        if self._name in _HOLD_GIL:
            return _finding(self._name, what, Verdict.MEASURED, (
                f'the GIL is held for {share}, so the other threads of the node stop meanwhile; '
                f"this is no verdict, because {self._name} is one of the vendor's Python modules, "
                'which this package cannot change'), figures)
        return _finding(self._name, what, Verdict.WRONG, (
            f'the GIL is held during an inference: another Python thread makes no progress for '
            f'{share}; expected an engine that releases the GIL while it waits'), figures,
            cause='its library is called as a Python function, without a release of the GIL, so '
            "the node's other threads stop during each inference; open an issue with this report")

    def _load_and_temperature(self, what: str) -> Finding:
        with watched(self._state) as states:
            pictures_a_second(self._engine, self._info, threads=_THREADS[-1],
                              seconds=0.6 if self._quick else 2.0)
        return judge_load(f'{self._name}: {what}', self._load, states)

    def _beside(self, what: str) -> Finding:
        model = _largest(self._name, self._path)
        with neighbour(self._name, model):
            runs = fast_latency.measure(self._engine, self._info, quick=self._quick).paced
            load = self._state().load_percent
        found = fast_latency.figures(runs)
        alone = self._paced.get('median_ms')
        return _finding(self._name, what, Verdict.MEASURED, (
            f'{_times(found)} beside a process that runs {model.name} for '
            f'{1e3 * BUSY_S:.0f} ms and rests for {1e3 * REST_S:.0f} ms'
            + ('' if alone is None else
               f'; alone, with the same pauses, the median is {alone:.2f} ms')),
            {**found, 'alone_median_ms': alone, 'load_percent': load})


def _largest(engine: str, bundled: Path) -> Path:
    """Return the largest model of the catalog that is on this machine and that an engine reads."""
    for name in reversed(CATALOG):
        with suppress(ModelError, ModelNotFoundError):
            return locate(name, suffixes=suffixes(engine)).path
    return bundled


def _times(found: dict[str, float]) -> str:
    return (f'median {found["median_ms"]:.2f} ms, 95 % within {found["p95_ms"]:.2f} ms, longest '
            f'{found["max_ms"]:.2f} ms, jitter (p95 - p5) {found["jitter_ms"]:.2f} ms')


def _finding(engine: str, what: str, verdict: Verdict, text: str,
             figures: Mapping[str, Value] | None = None, *, cause: str = '') -> Finding:
    return fast_finding(f'{engine}: {what}', verdict, text, figures, cause=cause)
