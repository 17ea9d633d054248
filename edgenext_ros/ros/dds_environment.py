# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The middleware's buffers for large images, as launch files set them."""

from __future__ import annotations

import os

from ament_index_python.packages import get_package_share_directory
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitutions import EnvironmentVariable

# Fast DDS 3, which came with Kilted, renamed its variable, and complains where both are set.
_FAST_DDS = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')


def fast_dds_variable() -> str:
    """Return the variable that the Fast DDS of this ROS reads; distros' names are in order."""
    return _FAST_DDS[os.environ.get('ROS_DISTRO', '') >= 'kilted']


def dds_variables() -> dict[str, SomeSubstitutionsType]:
    """
    Return the variables that name the package's profiles, for a Node's ``additional_env``.

    Whoever has set a variable keeps it. They go to single processes, not to the whole launch:
    another package's launch file that runs later should find the environment as it was.
    """
    config = get_package_share_directory('edgenext_ros') + '/config'
    # As rmw_fastrtps decides whether to replace the transports that fastdds.xml is about.
    localhost = os.environ.get('ROS_LOCALHOST_ONLY') == '1' or \
        os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') == 'LOCALHOST'
    fast_dds = 'fastdds_localhost.xml' if localhost else 'fastdds.xml'
    return {fast_dds_variable(): _users(_FAST_DDS, f'{config}/{fast_dds}'),
            'CYCLONEDDS_URI': _users(('CYCLONEDDS_URI',), f'file://{config}/cyclonedds.xml')}


def _users(names: tuple[str, ...], value: SomeSubstitutionsType) -> SomeSubstitutionsType:
    """Return the user's value, where one of the variables has one."""
    for name in names:
        value = EnvironmentVariable(name, default_value=value)
    return value
