# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The stand-in's one core for all processes: one task at a time, the highest priority first."""

import os
import subprocess
import sys
from time import monotonic

from helpers.standin_model import StandInModel
import pytest

BUSY_S = 0.05
TASK = """
import ctypes, os, sys
from pathlib import Path
from threading import Thread
from edgenext_ros.engines.base import EngineOptions, infer
from edgenext_ros.engines.bpu import libdnn
import numpy as np

libdnn.TIMEOUT_MS = 20_000
standin = ctypes.CDLL(os.environ['EDGENEXT_LIBDNN'])
engine = libdnn.LibDnn()
info = engine.open(Path(sys.argv[1]), EngineOptions(priority=int(sys.argv[2])))
task = Thread(target=infer, args=(engine, np.zeros(info.nv12_size, np.uint8)))
print('ready', flush=True)
sys.stdin.readline()
task.start()
assert standin.standin_wait_for_running(1)
print('queued', flush=True)
sys.stdin.readline()
standin.standin_release()
task.join()
print(standin.standin_count(b'turn'), flush=True)
engine.close()
"""


class TaskProcess:
    """A process that runs one task; every step waits for its answer."""

    def __init__(self, model, priority):
        self.process = subprocess.Popen(
            [sys.executable, '-c', TASK, str(model), str(priority)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answer(self):
        return self.process.stdout.readline().strip()

    def go_on(self):
        self.process.stdin.write('\n')
        self.process.stdin.flush()


@pytest.fixture
def task(monkeypatch, libdnn_path, tmp_path):
    """Return a function that starts a process with a task, which is not submitted yet."""
    monkeypatch.setenv('EDGENEXT_LIBDNN', str(libdnn_path))
    monkeypatch.setenv('STANDIN_CORE', str(tmp_path / 'core'))
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(sys.path))
    processes = []

    def start(*, priority, hang=0):
        model = StandInModel(hang=hang, busy_us=round(BUSY_S * 1e6))
        processes.append(TaskProcess(
            model.write(tmp_path / f'{len(processes)}.bin'), priority))
        return processes[-1]

    yield start
    for started in processes:
        started.process.kill()
        started.process.communicate()


@pytest.mark.parametrize('crash', [False, True], ids=['the first one ends', 'it is killed'])
def test_core_takes_one_task_at_a_time_the_highest_priority_first(task, crash):
    holder = task(priority=255, hang=1)
    low, other, high = (task(priority=priority) for priority in (0, 0, 255))
    for process in (holder, low, other, high):
        assert process.answer() == 'ready'
        process.go_on()
        assert process.answer() == 'queued'
    for process in (low, other, high):
        process.go_on()
    begin = monotonic()
    if crash:
        holder.process.kill()
        holder.process.wait()
    else:
        holder.go_on()
        assert holder.answer() == '1'
    turns = [int(process.answer()) - (not crash) for process in (high, low, other)]
    assert turns == [1, 2, 3]
    assert monotonic() - begin > 3 * BUSY_S
