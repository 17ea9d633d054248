# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Message packages that are used if they are installed.

They come with D-Robotics' TROS, not with ROS from apt. rosdep has no keys for them, so if
package.xml listed them, ``rosdep install`` would fail on every machine. Import them in functions
only, and report a missing one where a user asks for it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

OPTIONAL_INTERFACES: Final = MappingProxyType({
    'ai_msgs': "PerceptionTargets, which TROS' detectors publish and its web page shows",
    'hbm_img_msgs': 'HbmMsg1080P and others, images of TROS cameras in shared memory'})
"""Message packages, and their use. docs/robot.md names them."""
