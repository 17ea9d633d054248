# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The first week's nodes start quickly."""

import importlib.util
import os
from pathlib import Path

import pytest

HAS_ROS = importlib.util.find_spec('rclpy') is not None
collect_ignore_glob = [] if HAS_ROS else ['test_week_[!p]*.py']  # the page needs none


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
