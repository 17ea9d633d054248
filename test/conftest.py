# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What several tests need."""

import importlib.util

import cv2
from edgenext_ros.models.store import resource_folder
import pytest

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
