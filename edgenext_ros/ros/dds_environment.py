# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Environment variables that launch files set, so that DDS has buffers for large images."""

from __future__ import annotations

from ament_index_python.packages import get_package_share_directory
from edgenext_ros.ros.dds_profiles import (
    fast_dds_profile,
    fast_dds_variable,
    FAST_DDS_VARIABLES,
)
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitutions import EnvironmentVariable


def dds_variables() -> dict[str, SomeSubstitutionsType]:
    """
    Return the variables that name the package's profiles, for a Node's ``additional_env``.

    A variable that the user has set keeps its value. The variables apply to single processes, not
    to the whole launch, so that launch files of other packages see an unchanged environment.
    """
    config = get_package_share_directory('edgenext_ros') + '/config'
    return {fast_dds_variable(): _unless_set(FAST_DDS_VARIABLES, f'{config}/{fast_dds_profile()}'),
            'CYCLONEDDS_URI': _unless_set(('CYCLONEDDS_URI',), f'file://{config}/cyclonedds.xml')}


def _unless_set(names: tuple[str, ...], value: SomeSubstitutionsType) -> SomeSubstitutionsType:
    """Return a substitution for the user's value of one of these variables, else ``value``."""
    for name in names:
        value = EnvironmentVariable(name, default_value=value)
    return value
