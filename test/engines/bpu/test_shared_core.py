# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The stand-in's one core for all processes: one task at a time, the highest priority first."""

import subprocess
import sys
from time import monotonic

import pytest

BUSY_S = 0.05
TASK = f"""
import ctypes, os, sys, time
standin = ctypes.CDLL(os.environ['EDGENEXT_LIBDNN'])
print('ready', flush=True)
sys.stdin.readline()
place = standin.core_queue(int(sys.argv[1]))
print('queued', flush=True)
standin.core_take(place)
print('running', flush=True)
sys.stdin.readline()
time.sleep({BUSY_S})
print(standin.core_give(place), flush=True)
"""
"""What hbDNNInfer of the stand-in does, and its thread; no engine, which starts slowly."""


class TaskProcess:
    """A process that runs one task; it waits before it joins the queue and before its end."""

    def __init__(self, priority):
        self.process = subprocess.Popen(
            [sys.executable, '-S', '-c', TASK, str(priority)], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def answer(self):
        """Return the next line of its output."""
        return self.process.stdout.readline().strip()

    def go_on(self):
        """End its wait."""
        self.process.stdin.write('\n')
        self.process.stdin.flush()


@pytest.fixture
def task(monkeypatch, libdnn_path, tmp_path):
    """Return a function that starts a process with a task, which is not submitted yet."""
    monkeypatch.setenv('EDGENEXT_LIBDNN', str(libdnn_path))
    monkeypatch.setenv('STANDIN_CORE', str(tmp_path / 'core'))
    processes = []

    def start(priority):
        processes.append(TaskProcess(priority))
        return processes[-1]

    yield start
    for started in processes:
        started.process.kill()
        started.process.communicate()


@pytest.mark.parametrize('crash', [False, True], ids=['the first one ends', 'it is killed'])
def test_core_takes_one_task_at_a_time_the_highest_priority_first(task, crash):
    processes = holder, low, other, high = [task(priority) for priority in (0, 0, 0, 255)]
    for process in processes:
        assert process.answer() == 'ready'
        process.go_on()
        assert process.answer() == 'queued'
        if process is holder:
            assert holder.answer() == 'running'
        else:
            process.go_on()  # it ends as soon as it has had the core
    begin = monotonic()
    if crash:
        holder.process.kill()
        holder.process.wait()
    else:
        holder.go_on()
        assert holder.answer() == '1'
    assert [process.answer() for process in (high, low, other)] == ['running'] * 3
    turns = [int(process.answer()) - (not crash) for process in (high, low, other)]
    assert turns == [1, 2, 3]
    assert monotonic() - begin > 3 * BUSY_S
