# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The middleware profiles for large images: which file applies, and which variable names it."""

from __future__ import annotations

from contextlib import suppress
import os
from pathlib import Path
from typing import Final

from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
from rclpy.utilities import get_rmw_implementation_identifier

FAST_DDS_VARIABLES: Final = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
"""Variables of Fast DDS 2, and of Fast DDS 3 (since Kilted), which warns if both are set."""


def fast_dds_variable() -> str:
    """Return the variable from which the Fast DDS of this ROS reads its profile."""
    distro = os.environ.get('ROS_DISTRO', '')
    if distro:
        return FAST_DDS_VARIABLES[distro >= 'kilted']  # distributions are named in order
    loaded = ''
    with suppress(OSError):
        loaded = Path('/proc/self/maps').read_text(errors='replace')
    return FAST_DDS_VARIABLES['libfastdds' in loaded]


def fast_dds_profile() -> str:
    """Return the name of the Fast DDS profile that fits ROS' discovery settings."""
    # With either setting, rmw_fastrtps replaces the transports that fastdds.xml configures.
    localhost = os.environ.get('ROS_LOCALHOST_ONLY') == '1' or \
        os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') == 'LOCALHOST'
    return 'fastdds_localhost.xml' if localhost else 'fastdds.xml'


def profile_assignment() -> str:
    """Return ``VARIABLE=VALUE``, which gives a camera's process larger buffers."""
    if 'cyclonedds' in get_rmw_implementation_identifier():
        return f'CYCLONEDDS_URI=file://{_config("cyclonedds.xml")}'
    return f'{fast_dds_variable()}={_config(fast_dds_profile())}'


def _config(name: str) -> str:
    try:
        return f'{get_package_share_directory("edgenext_ros")}/config/{name}'
    except (PackageNotFoundError, OSError):  # OSError: AMENT_PREFIX_PATH is not set
        return f'config/{name}'
