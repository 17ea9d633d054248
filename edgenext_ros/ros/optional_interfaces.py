# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Message packages that are used where they are installed, and missed nowhere else.

D-Robotics' TROS brings them and apt's ROS does not. rosdep has no keys for them, so as
dependencies in package.xml they would make ``rosdep install`` fail on every machine. Import them
in functions, and say what is missing where a user has asked for them.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

OPTIONAL_INTERFACES: Final = MappingProxyType({
    'ai_msgs': "PerceptionTargets, which TROS' detectors publish and its web page shows",
    'hbm_img_msgs': 'HbmMsg1080P and others, images of TROS cameras in shared memory'})
"""ROS packages of messages, and what they are for. README.md names them under "On the robot"."""
