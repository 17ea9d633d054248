# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The time of publishing a result, measured with real subscribers."""

import subprocess
import sys

from helpers.tros import HAS_AI_MSGS
import pytest

pytest.importorskip('rclpy')
QUESTION = 'only the question whether there are any'
pytestmark = pytest.mark.dds


def test_every_case_has_a_time():
    done = subprocess.run(
        [sys.executable, '-m', 'edgenext_ros.bench.publishing', '--count', '5'],
        capture_output=True, text=True, timeout=90)
    assert (done.returncode, done.stderr) == (0, '')
    _, *cases = (line.rpartition(' ') for line in done.stdout.splitlines())
    names = [QUESTION, 'none', '/classification', '/classification, /classifier/targets']
    assert [name.strip() for name, _, _ in cases] == names[:4 if HAS_AI_MSGS else 3]
    assert all(0 < float(time_us) < 1e6 for _, _, time_us in cases)
