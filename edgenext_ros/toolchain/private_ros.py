# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A ROS graph that nobody else is in, for what measures itself."""

from __future__ import annotations

import os


def environment() -> dict[str, str]:
    """Return this process's environment with a ROS domain of its own, on this machine only."""
    # Above the ephemeral ports, where few choose theirs.
    result = {**os.environ, 'ROS_DOMAIN_ID': str(215 + os.getpid() % 18)}
    if result.get('ROS_DISTRO') == 'humble':
        return result | {'ROS_LOCALHOST_ONLY': '1'}
    return result | {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
