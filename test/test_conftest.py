# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a test run prints at its end."""

import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

SKIPPED = """
import pytest
@pytest.mark.parametrize('number', range(3))
def test_missing(number):
    pytest.importorskip('a_module_of_nobody')
def test_reason():
    pytest.skip('no such thing here')
"""


@pytest.mark.slow
def test_skip_reasons_name_the_remedy(tmp_path):
    shutil.copy(Path(__file__).with_name('conftest.py'), tmp_path)
    shutil.copytree(Path(__file__).with_name('helpers'), tmp_path / 'helpers')
    (tmp_path / 'test_skipped.py').write_text(SKIPPED)
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-p', 'no:cacheprovider', '-p', 'no:launch_testing',
         '-p', 'no:launch_ros', '--rootdir', str(tmp_path), str(tmp_path)],
        env={**os.environ, 'PYTEST_ADDOPTS': ''},  # colcon gives its own in it
        cwd=Path(__file__).resolve().parents[1], capture_output=True, text=True, timeout=60)
    lines = list(filter(None, done.stdout.splitlines()))
    at = next(number for number, line in enumerate(lines) if 'skipped tests, by reason' in line)
    assert lines[at + 1:at + 3] == [
        '    3  a_module_of_nobody is not installed: pip install a_module_of_nobody, '
        'or use ./dev test',
        '    1  no such thing here']
