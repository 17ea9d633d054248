# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The usage that --help prints."""

import re
import subprocess
import sys

from edgenext_ros.ros.settings import CameraSettings, ClassifierSettings
import pytest

CODE = """
import sys
from edgenext_ros.ros import entry_points
entry_points.import_module = None
code = entry_points.{entry}()
assert not [name for name in ('rclpy', 'cv2') if name in sys.modules]
sys.exit(code)
"""


@pytest.mark.parametrize('word', ['--help', '-h'])
@pytest.mark.parametrize('entry,table', [
    ('camera', CameraSettings), ('classifier', ClassifierSettings),
    ('multi_classifier', ClassifierSettings), ('results', None)])
def test_help_prints_the_usage_without_ros(entry, table, word):
    done = subprocess.run([sys.executable, '-c', CODE.format(entry=entry), word],
                          capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, '')
    first, _, rest = done.stdout.partition('\n')
    assert first.startswith(f'usage: ros2 run edgenext_ros {entry}_node ')
    assert '-r ' in done.stdout and 'edgenext parameters' in rest
    assert all(len(line) < 100 for line in done.stdout.splitlines())
    used = re.findall(r'-p ([a-z_]+):=\S', rest)
    assert bool(used) == (table is not None)
    assert all(hasattr(table, name) for name in used)
