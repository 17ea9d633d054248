# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Quick starts for the nodes of these tests."""

import importlib.util
import os
from pathlib import Path

import cv2
import pytest

HAS_ROS = importlib.util.find_spec('rclpy') is not None
collect_ignore_glob = [] if HAS_ROS else ['test_week_[!p]*.py']  # test_week_page needs no ROS


@pytest.fixture(scope='session')
def _byte_code(tmp_path_factory):
    return str(tmp_path_factory.mktemp('byte_code'))


@pytest.fixture(autouse=True, scope='module')  # session scope would affect other folders
def _quick_start(_byte_code):
    """Save four of five seconds for each start: cache byte code, and speed up discovery."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv('PYTHONDONTWRITEBYTECODE', raising=False)
        patch.setenv('PYTHONPYCACHEPREFIX', _byte_code)
        # Kilted brought Fast DDS 3, which warns if the former name is set.
        former = os.environ.get('ROS_DISTRO', '') < 'kilted'
        patch.setenv(f'FAST{"RTPS" if former else "DDS"}_DEFAULT_PROFILES_FILE',
                     str(Path(__file__).with_name('discovery.xml')))
        yield


@pytest.fixture
def picture(photograph, tmp_path):
    """Write the photograph to a file for the camera node."""
    path = tmp_path / 'picture.png'
    cv2.imwrite(str(path), photograph)
    return path
