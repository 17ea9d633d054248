# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Message packages that are used if they are installed.

D-Robotics' TROS provides them, ROS from apt does not. rosdep has no keys for them, so package.xml
does not list them: ``rosdep install`` would fail. Only functions may import them, and a feature
reports a missing package when a user requests the feature. Nobody requests ``~/targets``: it
exists where ai_msgs does.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

OPTIONAL_INTERFACES: Final = MappingProxyType({
    'ai_msgs': "PerceptionTargets, which TROS' detectors publish and its web page shows",
    'hbm_img_msgs': 'HbmMsg1080P and others, images of TROS cameras in shared memory'})
"""Optional message packages and their use, which docs/robot.md lists."""
