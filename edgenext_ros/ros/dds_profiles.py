# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The middleware profiles for large images: which file applies, and which variable names it."""

from __future__ import annotations

from contextlib import suppress
import os
from pathlib import Path
from typing import Final

from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
from edgenext_ros.ros.log_limits import limit_length
from rclpy.utilities import get_rmw_implementation_identifier

FAST_DDS_VARIABLES: Final = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
"""Variables of Fast DDS 2, and of Fast DDS 3 (since Kilted), which warns if both are set."""
ZERO_COPY_VARIABLE: Final = 'RMW_FASTRTPS_USE_QOS_FROM_XML'
"""With 1, rmw_fastrtps takes data sharing, which is TROS' zero copy, from the profile."""
FAST_DDS_PROFILES: Final = ('fastdds.xml', 'fastdds_localhost.xml')
_FILES_IN_WORKING_FOLDER = ('DEFAULT_FASTRTPS_PROFILES.xml', 'DEFAULT_FASTDDS_PROFILES.xml')


def fast_dds_variable() -> str:
    """Return the variable from which the Fast DDS of this ROS reads its profile."""
    return FAST_DDS_VARIABLES[_is_fast_dds_3()]


def _is_fast_dds_3() -> bool:
    distro = os.environ.get('ROS_DISTRO', '')
    if distro:
        return distro >= 'kilted'  # distributions are named in order
    loaded = ''
    with suppress(OSError):
        loaded = Path('/proc/self/maps').read_text(errors='replace')
    return 'libfastdds' in loaded


def fast_dds_profile() -> str:
    """Return the name of the Fast DDS profile that fits ROS' discovery settings."""
    # With either setting, rmw_fastrtps replaces the transports that fastdds.xml configures.
    localhost = os.environ.get('ROS_LOCALHOST_ONLY') == '1' or \
        os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE') == 'LOCALHOST'
    return FAST_DDS_PROFILES[localhost]


def profile_in_force() -> str:
    """
    Return the profiles that are set for this process, as ``VARIABLE=FILE``, or ``none``.

    A profile in the working folder counts too; ``ZERO_COPY_VARIABLE`` is added where it is 1.
    """
    if _is_cyclone_dds():
        return _assignment('CYCLONEDDS_URI') or 'none'
    is_3 = _is_fast_dds_3()
    # rmw_fastrtps of Kilted reads the former variable as well.
    found = [_assignment(name) for name in FAST_DDS_VARIABLES[:1 + is_3][::-1]]
    local = Path(_FILES_IN_WORKING_FOLDER[is_3])
    with suppress(OSError):  # the working folder may be closed to this user
        if os.environ.get('SKIP_DEFAULT_XML_FILE') != '1' and local.is_file():
            found.append(f'{local} in the working folder')
    if os.environ.get(ZERO_COPY_VARIABLE) == '1':
        found.append(f'{ZERO_COPY_VARIABLE}=1')
    return ', '.join(filter(None, found)) or 'none'


def _assignment(name: str) -> str:
    """Return ``NAME=VALUE`` of a variable, which may name a missing file; empty if not set."""
    value, note = os.environ.get(name, ''), ''
    if value.startswith('/'):
        try:
            note = '' if Path(value).is_file() else ' (missing)'
        except OSError as error:  # its folder may be closed to this user
            note = f' ({error.strerror})'
    return f'{name}={limit_length(value)}{note}' if value else ''


def profile_assignment() -> str:
    """Return ``VARIABLE=VALUE``, which gives a camera's process larger buffers."""
    if _is_cyclone_dds():
        return f'CYCLONEDDS_URI=file://{_config("cyclonedds.xml")}'
    return _fast_dds_assignment()


def shared_memory_remedy() -> str:
    """Return which process to start with which variables, so that no hbm_img_msgs are lost."""
    variables = f'{ZERO_COPY_VARIABLE}=1 {_fast_dds_assignment()}'
    if _is_cyclone_dds():  # it shares no memory with TROS' cameras
        return f'start this node with RMW_IMPLEMENTATION=rmw_fastrtps_cpp {variables}'
    which = 'the camera' if os.environ.get(ZERO_COPY_VARIABLE) == '1' else 'this node'
    return f'start {which} with {variables}'


def _is_cyclone_dds() -> bool:
    return 'cyclonedds' in get_rmw_implementation_identifier()


def _fast_dds_assignment() -> str:
    return f'{fast_dds_variable()}={_config(fast_dds_profile())}'


def _config(name: str) -> str:
    try:
        return f'{get_package_share_directory("edgenext_ros")}/config/{name}'
    except (PackageNotFoundError, OSError):  # OSError: AMENT_PREFIX_PATH is not set
        return f'config/{name}'
