# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Entry points: signals during imports, unread arguments, missing libraries, little memory."""

import shutil
import subprocess
import sys

import pytest

CODE = """
import os, signal
from edgenext_ros.ros import entry_points
entry_points.import_module = lambda name: os.kill(os.getpid(), signal.{number})
entry_points.{node}()
"""


@pytest.mark.parametrize('node', ['camera', 'classifier', 'multi_classifier'])
@pytest.mark.parametrize('number', ['SIGINT', 'SIGTERM'])
def test_signal_during_imports_ends_node_cleanly(node, number):
    done = subprocess.run([sys.executable, '-c', CODE.format(number=number, node=node)],
                          capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')


@pytest.mark.parametrize('words,warning', [
    (['--', 'model=x_small'], 'ignored: model=x_small; expected parameters as'),
    (['-p', 'top_k:=3'], '')])
def test_unread_arguments_give_a_warning(ros, words, warning):
    process = ros.start('node', *words)
    ros.wait(lambda: 'model demo' in process.output, what='the start')
    assert warning in process.output
    assert ('ignored: ' in process.output) == bool(warning)


def test_unread_arguments_are_named_before_the_error_that_they_cause(ros, tmp_path):
    process = ros.run([sys.executable, '-m', 'edgenext_ros.ros.camera.node', '--source',
                       str(tmp_path), '--ros-args', '-p', 'source:=/nowhere'])
    assert process.process.wait(30) == 1
    warning, fatal = process.output.splitlines()
    assert f'ignored: --source {tmp_path}; expected parameters as "--ros-args -p NAME:=' in warning
    assert '[FATAL]' in fatal and "'/nowhere' is neither a picture" in fatal


@pytest.mark.skipif(not shutil.which('prlimit'), reason='needs prlimit: apt has util-linux')
@pytest.mark.parametrize('megabytes', [
    300, 900, *(pytest.param(megabytes, marks=pytest.mark.slow)
                for megabytes in (500, 700, 760, 840, 940, 1000, 1100))])
def test_small_address_space_gives_no_traceback(ros, megabytes):
    code = ('import sys; from edgenext_ros.ros import entry_points;'
            'sys.exit(entry_points.classifier())')
    process = ros.run(['prlimit', f'--as={megabytes * 10 ** 6}', sys.executable, '-c', code])
    ros.wait(lambda: process.process.poll() is not None or 'listening on' in process.output,
             timeout=60, what='an end or a start')
    lines = process.output.splitlines()
    assert f'the address space is limited to {megabytes} MB (ulimit -v)' in lines[0]
    assert not any('Traceback' in line for line in lines)


def test_uncaught_errors_with_little_memory_are_one_line_each():
    code = ('import resource, sys, threading, types\n'
            'from edgenext_ros.ros import entry_points\n'
            'def fail():\n    raise MemoryError("std::bad_alloc")\n'
            'def main():\n'
            '    thread = threading.Thread(target=fail)\n'
            '    thread.start()\n    thread.join()\n    fail()\n'
            'entry_points.import_module = lambda name: types.SimpleNamespace(main=main)\n'
            'resource.getrlimit = lambda which: (10 ** 9, 10 ** 9)\n'
            'entry_points.classifier()')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert done.stderr.splitlines()[1:] == [
        'edgenext_ros: stopped: MemoryError: std::bad_alloc'] * 2


@pytest.mark.slow
@pytest.mark.parametrize('error', [
    'ImportError("libssl.so: failed to map segment\\nmore")', 'MemoryError()',
    'AttributeError("_ARRAY_API not found")', 'SystemError("initialization failed")'])
@pytest.mark.parametrize('node', ['camera', 'classifier', 'multi_classifier', 'results'])
def test_library_that_does_not_load_is_reported_in_one_sentence(node, error):
    code = ('import sys\nfrom edgenext_ros.ros import entry_points\n'
            f'def load(name):\n    raise {error}\n'
            f'entry_points.import_module = load\nsys.exit(entry_points.{node}())')
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith('edgenext_ros: cannot load what the node needs: ')
    assert error.partition('(')[0] in line
