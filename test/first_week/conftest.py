# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The first week's tests stand on the fixtures and helpers of test/ros."""

import importlib.util
import os
from pathlib import Path
import sys

import pytest

HAS_ROS = importlib.util.find_spec('rclpy') is not None
collect_ignore_glob = [] if HAS_ROS else ['test_week_[!p]*.py']  # the page needs none

ROS_TESTS = Path(__file__).parents[1] / 'ros'

if HAS_ROS:
    # By its path: two modules cannot both be called conftest. What it defines is then found here,
    # also by the modules of test/ros whose helpers the tests import.
    spec = importlib.util.spec_from_file_location('ros_conftest', ROS_TESTS / 'conftest.py')
    ros_conftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ros_conftest)
    globals().update({name: value for name, value in vars(ros_conftest).items()
                      if not name.startswith('__')})
    sys.path.append(str(ROS_TESTS))


@pytest.fixture(scope='session')
def _byte_code(tmp_path_factory):
    return str(tmp_path_factory.mktemp('byte_code'))


@pytest.fixture(autouse=True, scope='module')  # what a session sets, other folders' tests get too
def _quick_start(_byte_code):
    """Save four of a node's five seconds: compile its imports once, and have it found at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv('PYTHONDONTWRITEBYTECODE', raising=False)
        patch.setenv('PYTHONPYCACHEPREFIX', _byte_code)
        # Fast DDS 3, which came with Kilted, complains where it finds the former name.
        former = os.environ.get('ROS_DISTRO', '') < 'kilted'
        patch.setenv(f'FAST{"RTPS" if former else "DDS"}_DEFAULT_PROFILES_FILE',
                     str(Path(__file__).with_name('discovery.xml')))
        yield
