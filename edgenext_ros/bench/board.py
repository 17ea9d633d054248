# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Time the inference on each BPU engine of a board, against the model zoo's published figures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
import sys
from time import perf_counter

from edgenext_ros.bench.table import BenchRow
from edgenext_ros.choices import BPU_ENGINES
from edgenext_ros.engines.base import infer, InferenceError
from edgenext_ros.engines.select import open_model, probe
from edgenext_ros.models import ModelError
from edgenext_ros.models.catalog import CATALOG
from edgenext_ros.models.store import locate, ModelNotFoundError
import numpy as np

_SAME_NETWORK = {'demo': 'xx_small'}
"""A model without published figures -> the catalog entry of the same network."""


def engines() -> tuple[str, ...]:
    """Return the BPU engines that work on this machine."""
    return tuple(name for name in BPU_ENGINES if probe(name).usable)


def rows(engines: tuple[str, ...], *, repeat: int) -> Iterator[BenchRow]:
    """
    Measure each ``.bin`` of the catalog that is on this machine, on each engine.

    A model that does not run is named on stderr, and skipped.

    :param engines: their names; see ``engines``.
    :param repeat: number of inferences; the median is taken.
    """
    for engine in engines:
        for name in CATALOG:
            size = _SAME_NETWORK.get(name, name)
            figures = CATALOG[size].figures
            assert figures is not None
            try:
                latency_ms = _latency_ms(locate(name, suffixes=('.bin',)).path, engine, repeat)
            except ModelNotFoundError:
                continue
            except (ModelError, InferenceError) as error:
                print(f'{name} on {engine}: {error}', file=sys.stderr)
                continue
            yield BenchRow(f'inference of {name} on {engine}', f'{size} on the model zoo page',
                           'ms', latency_ms, figures.latency_ms)


def _latency_ms(path: Path, engine: str, repeat: int) -> float:
    """Return the median time of an inference in milliseconds."""
    opened, info = open_model(path, runtime=engine)
    try:
        picture = np.random.default_rng(0).integers(0, 256, info.nv12_size, np.uint8)
        times = []
        for _ in range(repeat):
            begin = perf_counter()
            infer(opened, picture)
            times.append(1e3 * (perf_counter() - begin))
    finally:
        opened.close()
    return median(times)
