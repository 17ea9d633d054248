# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a test run prints at its end, and what it leaves in shared memory."""

import fcntl
import os
from pathlib import Path
import shutil
import subprocess
import sys

from helpers import shared_memory
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


def test_memory_of_killed_nodes_is_removed(tmp_path):
    dead, living = 'fastrtps_0123456789abcdef', 'fastdds_fedcba9876543210'
    others = {'fast_datasharing_01.0f', 'my_fastrtps_notes', 'fastrtps_port7411_el'}
    for name in (dead, f'{dead}_el', living, f'{living}_el', *others):
        (tmp_path / name).touch()
    with (tmp_path / f'{living}_el').open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shared_memory.remove_segments(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {living, f'{living}_el', *others}


def test_ports_of_a_domain_are_removed(tmp_path):
    ports = ['fastrtps_port7910', 'fastdds_port8149_el', 'sem.fastrtps_port7900_mutex',
             'fastrtps_port7911_sl']
    others = {'fastrtps_port7899', 'fastdds_port8150_el', 'fastrtps_0123456789abcdef', 'port7910'}
    for name in (*ports, *others):
        (tmp_path / name).touch()
    shared_memory.remove_ports(2, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == others
