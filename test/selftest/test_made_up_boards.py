# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The whole command on made-up boards: the report alone tells what is wrong with each."""

import json
from pathlib import Path
import re
import subprocess
import sys

from helpers.made_up_boards import environment
import pytest

CAUSES = {
    'healthy': (),
    'A': (r'The answers of libdnn are wrong \(stored pictures, pictures in a row, two '
          r'threads, range of NV12\): the engine answers from the picture before: .* Do not use '
          r'libdnn on this machine until that is mended; no other engine for a robot loads here',
          r'libdnn: latency: BPU shared with another user: .* stop the other users of the BPU'),
    'B': (r'The answers of libdnn are wrong \(stored pictures, pictures in a row, two '
          r'threads, range of NV12\): the padding of the output tensor \(its stride\) is not '
          r'skipped\. Do not use libdnn .*; no other engine for a robot loads here',
          r'libdnn: latency: slow core or clock: .* at a BPU clock of 100 of 1000 MHz '
          r'\(governor powersave\); set the governor of the BPU to performance, with "echo '
          r'performance \| sudo tee /sys/devices/system/bpu/bpu0/devfreq/\*\.bpu/governor"\.$'),
    'C': (r'The answers of libdnn are wrong \(stored pictures, range of NV12\): the '
          r'engine reads the picture as NV21, V before U\. Do not use libdnn .*; use hobot_dnn, '
          r'whose answers are right \(-p runtime:=hobot_dnn\); hobot_dnn holds the GIL',
          r'libdnn: GIL: its library is called as a Python function')}
"""Likely causes that the report of each board names, and no other."""
PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'selftest.md'


@pytest.mark.slow
@pytest.mark.parametrize('name', CAUSES)
def test_report_of_a_board_names_its_faults_and_no_other(tmp_path, name):
    root = tmp_path / 'root'
    root.mkdir()
    done = subprocess.run(
        [sys.executable, '-m', 'edgenext_ros.cli', 'selftest', '--quick'], cwd=tmp_path,
        env=environment(name, root), capture_output=True, text=True, timeout=300)
    report = json.loads((tmp_path / 'edgenext_selftest.json').read_text())
    assert done.returncode == bool(CAUSES[name]), (done.stdout, done.stderr)
    assert len(report['likely_causes']) == len(CAUSES[name]), report['likely_causes']
    for words, cause in zip(CAUSES[name], report['likely_causes'], strict=True):
        assert re.match(words, cause), cause
        assert f'  likely cause: {cause}' in done.stdout.splitlines()
    wrong = [found for found in report['findings'] if found['verdict'] == 'wrong']
    assert bool(wrong) == bool(CAUSES[name]), wrong
    summary, _, rest = (tmp_path / 'edgenext_selftest.md').read_text().partition('\n## Machine')
    assert summary.count('\n1. ') == bool(CAUSES[name])
    assert 'RDK X5' in summary and 'libdnn 1.24.5' in rest
    (row,) = [line for line in PAGE.read_text().splitlines() if line.startswith(f'| {name} | ')]
    for quoted in re.findall('"(.+?)"', row):
        assert quoted in summary
