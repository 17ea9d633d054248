# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Environment variables that launch files set, so that DDS has buffers for large images."""

from __future__ import annotations

import os

from ament_index_python.packages import get_package_share_directory
from edgenext_ros.ros.dds_profiles import (
    fast_dds_profile,
    FAST_DDS_PROFILES,
    fast_dds_variable,
    FAST_DDS_VARIABLES,
    ZERO_COPY_VARIABLE,
)
from launch.some_substitutions_type import SomeSubstitutionsType
from launch.substitutions import EnvironmentVariable


def dds_variables(*, shared_memory: bool = False) -> dict[str, SomeSubstitutionsType]:
    """
    Return the variables that name the package's profiles, for a Node's ``additional_env``.

    A variable that the user has set keeps its value. The variables apply to single processes, not
    to the whole launch, so that launch files of other packages see an unchanged environment.

    :param shared_memory: whether the node reads TROS' messages for shared memory; then the profile
        of Fast DDS applies to its topics too, unless the user has chosen a profile of another
        package, which may hold nothing for them.
    """
    config = get_package_share_directory('edgenext_ros') + '/config'
    variables = {
        fast_dds_variable(): _unless_set(FAST_DDS_VARIABLES, f'{config}/{fast_dds_profile()}'),
        'CYCLONEDDS_URI': _unless_set(('CYCLONEDDS_URI',), f'file://{config}/cyclonedds.xml')}
    chosen = {os.environ[name] for name in FAST_DDS_VARIABLES if name in os.environ}
    if shared_memory and chosen <= {f'{config}/{name}' for name in FAST_DDS_PROFILES}:
        variables[ZERO_COPY_VARIABLE] = _unless_set((ZERO_COPY_VARIABLE,), '1')
    return variables


def _unless_set(names: tuple[str, ...], value: SomeSubstitutionsType) -> SomeSubstitutionsType:
    """Return a substitution for the user's value of one of these variables, else ``value``."""
    for name in names:
        value = EnvironmentVariable(name, default_value=value)
    return value
