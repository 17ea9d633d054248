# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Faults in the package's own engine on libdnn are found and named.

The stand-in of libdnn has a cache and padding, but cannot run EdgeNeXt: its network is a weighted
sum of the picture's bytes, and the expected outputs are computed from them.
"""

from pathlib import Path

from edgenext_ros.engines.base import EngineOptions
from edgenext_ros.engines.bpu import libdnn, libdnn_abi as abi, libdnn_slot
from edgenext_ros.engines.bpu.tensors import Dequantiser
from edgenext_ros.selftest.finding import Verdict
from edgenext_ros.selftest.picture_checks import (
    check_row,
    check_sizes,
    check_stored,
    check_threads,
    Effort,
)
from edgenext_ros.selftest.reference import Reference
from edgenext_ros.selftest.under_test import EngineUnderTest
from helpers.fault_table import OF_LIBDNN
from helpers.standin_model import picture, S32, StandInModel
import numpy as np
import pytest

MODEL = StandInModel(dtype=S32, quanti=abi.QUANTI_SCALE, scales=10, pad=4)
EFFORT = Effort(stride=1, stored_s=60.0, row=60, row_s=60.0, pairs=6, pairs_s=60.0)
FLUSH = libdnn_slot.BpuSlot._flush


def never(slot, tensor, direction):
    """Flush nothing."""


def without(left_out):
    """Return a method that does not flush the cache in one direction."""
    return lambda slot, tensor, direction: None if direction == left_out else FLUSH(
        slot, tensor, direction)


def now_and_then(slot, tensor, direction):
    """Clean the input's cache for two of three pictures only."""
    slot.cleaned = getattr(slot, 'cleaned', 0) + (direction == abi.CACHE_CLEAN)
    if direction != abi.CACHE_CLEAN or slot.cleaned % 3:
        FLUSH(slot, tensor, direction)


def dense(path, memory, dtype, properties):
    """View the output as if it had no padding."""
    shape = tuple(properties.valid_shape)
    return memory.view(dtype)[:shape[1]].reshape(shape)


FAULTS = [(*fault, words) for fault, words in zip((
    (libdnn_slot.BpuSlot, '_flush', without(abi.CACHE_CLEAN)),
    (libdnn_slot.BpuSlot, '_flush', now_and_then),
    (libdnn_slot.BpuSlot, '_flush', without(abi.CACHE_INVALIDATE)),
    (libdnn_slot.BpuSlot, '_flush', never),
    (libdnn_slot, 'view', dense),
    (Dequantiser, '__call__', lambda scaled, values: values.astype(np.float32).reshape(-1)),
    (Dequantiser, '__call__', lambda scaled, values: (
        values * scaled.scale.flat[0]).astype(np.float32).reshape(-1)),
), OF_LIBDNN.values(), strict=True)]


@pytest.fixture
def tested(libdnn_path, monkeypatch, tmp_path):
    """Return a function that opens the model on the stand-in; close it after the test."""
    monkeypatch.setenv('EDGENEXT_LIBDNN', str(libdnn_path))
    monkeypatch.setattr(libdnn, 'TIMEOUT_MS', 20_000)
    pictures = np.stack([picture(MODEL.size, seed=seed) // (seed + 1) for seed in range(6)])
    outputs = np.stack([MODEL.scores(nv12) for nv12 in pictures])
    reference = Reference(
        Path('demo.bin'), tuple(f'picture {row}' for row in range(6)), pictures, outputs,
        {'limited range': outputs * -1}, MODEL.scale, 'the stand-in',
        tuple(map(str, range(10))))
    engine = libdnn.LibDnn()

    def open_():
        info = engine.open(MODEL.write(tmp_path / 'model.bin'), EngineOptions())
        return EngineUnderTest('libdnn', engine, info, reference)

    yield open_
    engine.close()


def test_engine_on_libdnn_has_no_wrong_finding(tested):
    opened = tested()
    stored, expected = check_stored(opened, EFFORT)
    found = [stored, check_row(opened, EFFORT, expected),
             check_threads(opened, EFFORT, expected, alone=Verdict.GOOD),
             check_sizes(opened, expected, alone=Verdict.GOOD)]
    assert [finding.verdict for finding in found] == [Verdict.GOOD] * 4
    assert stored.text.startswith('equal: 12 answers')


@pytest.mark.parametrize('place,name,fault,words', FAULTS)
def test_fault_in_the_engine_on_libdnn_is_named(monkeypatch, tested, place, name, fault, words):
    monkeypatch.setattr(place, name, fault)
    stored, _ = check_stored(tested(), EFFORT)
    assert stored.verdict is Verdict.WRONG
    assert words in stored.sentence


def test_inputs_that_are_flushed_now_and_then_are_stale_pictures_in_a_row(monkeypatch, tested):
    opened = tested()
    _, expected = check_stored(opened, EFFORT)
    monkeypatch.setattr(libdnn_slot.BpuSlot, '_flush', now_and_then)
    found = check_row(opened, EFFORT, expected)
    assert found.verdict is Verdict.WRONG and 'a stale picture' in found.cause
