# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Declare and check parameters from one table, which is a frozen dataclass.

Its fields hold name, type, default, range or choices, description, and the time at which a change
takes effect. Declaration, checks, ``ros2 param describe`` and the documentation use this table.
"""

from __future__ import annotations

from dataclasses import Field, fields, replace
import json
from typing import Any, Generic, TYPE_CHECKING, TypeVar

from edgenext_ros.core.did_you_mean import did_you_mean
from edgenext_ros.ros.settings import (
    CameraSettings,
    checked_value,
    ClassifierSettings,
    is_fixed,
    ParameterError,
    QOS_OVERRIDES,
    rule_of,
)

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.parameter import Parameter

SettingsTable = TypeVar('SettingsTable', ClassifierSettings, CameraSettings)


class Parameters(Generic[SettingsTable]):
    """
    The parameters of one node, declared from its table.

    :param node: the node that declares them.
    :param table: a settings dataclass with its defaults.
    :raises ParameterError: an initial value from YAML or the command line is refused.
    """

    def __init__(self, node: Node, table: SettingsTable) -> None:
        from edgenext_ros.ros.qos import check_overrides
        from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
        check_overrides(node)
        self._node = node
        self._entries = {entry.name: entry for entry in fields(table)}
        values: dict[str, Any] = {}
        for name, entry in self._entries.items():
            rule = rule_of(entry)
            descriptor = ParameterDescriptor(
                description=rule.description, additional_constraints=rule.constraint)
            descriptor.read_only = is_fixed(table)
            if not rule.live and not descriptor.read_only:
                descriptor.additional_constraints = '; '.join(filter(None, (
                    rule.constraint, 'changed only while the node is unconfigured')))
            if rule.reloads:
                descriptor.additional_constraints = '; '.join(filter(None, (
                    rule.constraint, 'a change loads the model beside the present one')))
            if rule.low is not None:
                kind = IntegerRange if type(entry.default) is int else FloatingPointRange
                bounds = kind(from_value=rule.low, to_value=rule.high)
                if kind is IntegerRange:
                    bounds.step = 1
                    descriptor.integer_range = [bounds]
                else:
                    descriptor.floating_point_range = [bounds]
            # rclpy would refuse 1 for 1.0 in YAML, so ``checked_value`` checks the types instead.
            descriptor.dynamic_typing = True
            values[name] = self._declare(entry, descriptor)
        self.settings: SettingsTable = replace(table, **values)
        self._warn_of_unknown()

    def _declare(self, entry: Field[Any], descriptor: Any) -> Any:
        # The range is set later, because rclpy would refuse a wrong value with its own text.
        found = self._node.declare_parameter(
            entry.name, entry.default, type(descriptor)(dynamic_typing=True))
        value = checked_value(entry, found.value)
        self._node.set_descriptor(entry.name, descriptor)
        return value

    def _warn_of_unknown(self) -> None:
        overrides = getattr(self._node, '_parameter_overrides', {})
        for name in overrides:
            if self._node.has_parameter(name) or name.startswith(QOS_OVERRIDES):
                continue
            self._node.get_logger().warning(
                f'unknown parameter {name!r} is ignored{self._nearest(name)}')

    def _nearest(self, name: str) -> str:
        return did_you_mean(name, self._entries)

    def check_declared(self, changes: list[Parameter]) -> None:
        """
        Check that the node has these parameters; rclpy's own refusal names none of them.

        :raises ParameterNotDeclaredException: one is unknown.
        """
        from rclpy.exceptions import ParameterNotDeclaredException
        if getattr(self._node, '_allow_undeclared_parameters', False):
            return
        for change in changes:
            if not self._node.has_parameter(change.name):
                error = ParameterNotDeclaredException(change.name)
                # Humble's text is a tuple.
                error.args = (f'Invalid access to undeclared parameter(s): {change.name!r}'
                              f'{self._nearest(change.name)}',)
                raise error

    def change(self, changes: list[Parameter], *, configured: bool) -> SettingsTable:
        """
        Return the settings with these changes; ``self.settings`` is not modified.

        Names that are not in the table (``use_sim_time``, QoS overrides) are ignored.

        :param configured: whether the node has a session, which refuses changes that are not live.
        :raises ParameterError: a change is refused.
        """
        values: dict[str, Any] = {}
        for change in changes:
            entry = self._entries.get(change.name)
            if entry is None:
                continue
            value = checked_value(entry, change.value)
            if configured and not rule_of(entry).live and value != getattr(
                    self.settings, change.name):
                raise ParameterError(
                    f'parameter {change.name!r} can be changed only while the node is '
                    f'unconfigured: {_commands(self._node, change.name, value)}')
            values[change.name] = value
        return replace(self.settings, **values)


def _commands(node: Node, name: str, value: Any) -> str:
    """Return shell commands that set a parameter and restore the node's current state."""
    active = getattr(node, 'state', 'active') == 'active'
    # A text value needs no quotes, because it is one of a rule's choices.
    text = value if isinstance(value, str) else json.dumps(value)
    node_name = node.get_fully_qualified_name()
    lifecycle = f'ros2 lifecycle set {node_name}'
    commands = [f'{lifecycle} cleanup', f'ros2 param set {node_name} {name} {text}',
                f'{lifecycle} configure']
    if active:
        commands = [f'{lifecycle} deactivate', *commands, f'{lifecycle} activate']
    return ' && '.join(commands)
