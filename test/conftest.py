# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What several tests need."""

import importlib.util
from pathlib import Path
import shutil
import subprocess
import sys

import cv2
from edgenext_ros.models.store import resource_folder
import pytest

STAND_INS = Path(__file__).parent / 'stand_ins'
sys.path.append(str(STAND_INS))  # for the tests' own import of standin_model

# Without ROS the other tests still run; the header below says what is left out.
HAS_ROS = importlib.util.find_spec('rclpy') is not None
collect_ignore = [] if HAS_ROS else ['launch', 'ros']


def pytest_report_header():
    """Say when the tests on ROS are left out."""
    return [] if HAS_ROS else ['ROS 2 is not here: test/ros and test/launch are left out']


@pytest.fixture(scope='session')
def photograph():
    """Read a photograph with colour in it: BGR, uint8, 240 x 320."""
    image = cv2.imread(str(resource_folder() / 'pictures' / 'coffee.jpg'))
    return cv2.resize(image, (320, 240), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope='session')
def libdnn_path(tmp_path_factory):
    """Compile the stand-in of libdnn.so."""
    compiler = shutil.which('cc') or shutil.which('gcc')
    if compiler is None:
        pytest.skip('no C compiler for the stand-in of libdnn.so')
    path = tmp_path_factory.mktemp('libdnn') / 'libdnn.so'
    subprocess.run(
        [compiler, '-shared', '-fPIC', '-O1', '-Wall', '-Wextra', '-Werror', '-pthread',
         '-o', str(path), *map(str, sorted(STAND_INS.glob('*.c')))], check=True)
    return path
