# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The engine and its process, with a stand-in that does not need the vendor's tools."""

import os
import subprocess
from types import SimpleNamespace

from edgenext_ros.engines.base import EngineOptions, infer, InferenceError
from edgenext_ros.engines.simulator import engine as simulator
from edgenext_ros.models import ModelError
from helpers.bin_writer import container, node
import numpy as np
import pytest

STAND_IN = """
import json, sys
print(json.dumps({'width': %d, 'height': 16, 'values': 10}), flush=True)
for _ in sys.stdin:
    print(json.dumps({'error': 'hbrtRiStart: no memory'}), flush=True)
"""
NODES = [node('BPU', ['image'], ['raw']), node('Dequantize', ['raw', 'scale'], ['logits'])]


@pytest.fixture
def processes():
    """List the started processes; kill them after the test."""
    started = []
    yield started
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def opened(monkeypatch, tmp_path, processes):
    """Return a function that opens a model whose process reports the given width."""
    def open_(*, width=32):
        class Popen(subprocess.Popen):

            def __init__(self, command, **options):
                super().__init__([command[0], '-c', STAND_IN % width], **options)
                processes.append(self)

        monkeypatch.setattr(simulator.subprocess, 'Popen', Popen)
        monkeypatch.setattr(simulator.vendor_tools, 'find', lambda: SimpleNamespace(
            version='3.49', simulator='libsimulator.so', folder='tools'))
        path = tmp_path / 'model.bin'
        path.write_bytes(container(nodes=NODES, scales=np.ones(10, np.float32).tobytes()))
        engine = simulator.Simulator()
        return engine, engine.open(path, EngineOptions())

    return open_


def test_error_in_an_answer_is_an_inference_error_and_the_process_is_replaced(opened, processes):
    engine, info = opened()
    for count in (1, 2):
        with pytest.raises(InferenceError, match='BPU simulator: hbrtRiStart: no memory'):
            infer(engine, np.zeros(info.nv12_size, np.uint8))
        assert len(processes) == count
        assert processes[-1].poll() is not None
    engine.close()


def test_close_is_refused_while_the_picture_is_lent(opened, processes):
    engine, _ = opened()
    with engine.slot(), pytest.raises(InferenceError, match='slot is lent'):
        engine.close()
    assert processes[0].poll() is None
    engine.close()
    assert processes[0].poll() is not None


def test_process_has_a_session_of_its_own_which_ctrl_c_does_not_reach(opened, processes):
    engine, _ = opened()
    assert os.getsid(processes[0].pid) == processes[0].pid != os.getsid(0)
    engine.close()


def test_process_that_loaded_another_program_is_ended(opened, processes):
    with pytest.raises(ModelError, match=r"it says \{'width': 64, .* file says \{'width': 32, "):
        opened(width=64)
    assert processes[0].poll() is not None
