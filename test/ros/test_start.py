# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Signals while the modules still load; arguments that are none."""

import subprocess
import sys

import pytest

CODE = """
import os, signal
from edgenext_ros.ros import start
start.import_module = lambda name: os.kill(os.getpid(), signal.{number})
start.{node}()
"""


@pytest.mark.parametrize('node', ['camera', 'classifier', 'multi_classifier'])
@pytest.mark.parametrize('number', ['SIGINT', 'SIGTERM'])
def test_a_signal_while_modules_load_ends_it_cleanly(node, number):
    done = subprocess.run([sys.executable, '-c', CODE.format(number=number, node=node)],
                          capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


@pytest.mark.parametrize('words,told', [
    (['--', 'model=x_small'], 'ignored: model=x_small; expected parameters as'),
    (['-p', 'top_k:=3'], '')])
def test_arguments_that_nobody_reads_are_told(ros, words, told):
    process = ros.start('node', *words)
    ros.wait(lambda: 'model demo' in process.output, what='the start')
    assert told in process.output
    assert ('ignored: ' in process.output) == bool(told)
