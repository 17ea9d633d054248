# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Message classes by name, and the choice among several by the publishers of a topic."""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module

from edgenext_ros.ros.errors import describe_error
from edgenext_ros.ros.optional_interfaces import OPTIONAL_INTERFACES
from edgenext_ros.ros.settings import ParameterError
from rclpy.type_support import check_for_type_support


def message_class(name: str) -> type:
    """
    Import a message class by its name in the ROS graph, such as ``sensor_msgs/msg/Image``.

    :raises ParameterError: its package is optional, and not installed or not of this ROS.
    """
    package, _, kind = name.split('/')
    try:
        found: type = getattr(import_module(f'{package}.msg'), kind)
        check_for_type_support(found)
    except Exception as error:  # of another ROS or Python, its import or type support may fail
        if package not in OPTIONAL_INTERFACES:
            raise
        of_apt = f'tros-humble-{package.replace("_", "-")}'
        raise ParameterError(
            f'the message package {package} is not available ({describe_error(error)}): expected '
            f'the one of TROS and of this ROS; on an RDK X5, "sudo apt install {of_apt}", then '
            f'"source /opt/tros/humble/setup.bash"') from error
    return found


def choose_type(types: tuple[str, ...], published: Collection[str], *, current: str | None,
                silent: bool) -> str | None:
    """
    Return the message type to subscribe to.

    A killed publisher remains in the graph for some seconds. Therefore the next type is taken if
    the current one brings no image and another is published too.

    :param types: the types that can be read; the only one is taken without publishers too.
    :param published: the types that the topic's publishers have.
    :param current: the type of the present subscription; None without one.
    :param silent: whether the present subscription has brought no image for a while.
    :return: one of ``types``; ``current`` without a publisher of any of them.
    """
    if len(types) == 1:
        return types[0]
    found = [name for name in types if name in published]
    if not found or (current in found and not silent):
        return current
    if current not in found:
        return found[0]
    return found[(found.index(current) + 1) % len(found)]
