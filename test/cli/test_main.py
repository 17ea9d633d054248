# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What all verbs have in common: figures, arguments, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys

from edgenext_ros.cli import main
import pytest


def test_figures_go_through_a_link_and_replace_nothing_else(tmp_path):
    target, link, pipe = (tmp_path / name for name in ('figures.json', 'link', 'pipe'))
    target.write_text('before')
    link.symlink_to(target)
    assert main(['models', 'list', '--json', str(link)]) == 0
    assert link.is_symlink()
    json.loads(target.read_text())
    os.mkfifo(pipe)
    reader = subprocess.Popen(['cat', str(pipe)], stdout=subprocess.PIPE)
    assert main(['models', 'list', '--json', str(pipe)]) == 0
    json.loads(reader.communicate(timeout=20)[0])
    assert pipe.is_fifo()


@pytest.mark.parametrize('seconds', ['0', '-1', 'nan', '1e9'])
def test_a_demo_needs_some_seconds(seconds, capsys):
    with pytest.raises(SystemExit) as stop:
        main(['demo', '--seconds', seconds])
    assert stop.value.code == 2
    assert f'expected 1 to 86400 seconds, got {seconds}' in capsys.readouterr().err


def test_ctrl_c_while_modules_load_is_no_traceback():
    code = ('import sys, signal; from edgenext_ros import cli;'
            'cli.import_module = lambda name: signal.raise_signal(signal.SIGINT);'
            "sys.exit(cli.main(['runtimes']))")
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (128 + signal.SIGINT, '')
