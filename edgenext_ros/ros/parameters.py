# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Parameters from one declarative table: a frozen dataclass.

Its fields say name, type, default, range or choices, description, and when a change takes
effect. Declaration, refusal, ``ros2 param describe`` and the README's table come from it.
"""

from __future__ import annotations

from dataclasses import dataclass, Field, field, fields, replace
import difflib
import json
import re
import shlex
from typing import Any, Generic, TYPE_CHECKING, TypeVar

from edgenext_ros.choices import DEFAULT_FIT, ENGINES, FITS, YUV_RANGES

if TYPE_CHECKING:
    from rclpy.node import Node
    from rclpy.parameter import Parameter

Settings = TypeVar('Settings')
_PLAIN = re.compile(r'(?!(true|false|yes|no|on|off|null|y|n)$)[a-z_/][\w./+-]*', re.IGNORECASE)
"""Text that YAML reads as such without quotes."""
QOS_OVERRIDES = 'qos_overrides.'
"""What rclpy's own parameters for the quality of service begin with."""


class ParameterError(ValueError):
    """A parameter value is refused; the text names parameter, rule and value."""


@dataclass(frozen=True)
class Rule:
    """What a parameter may be."""

    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    live: bool = False
    """A change applies to the next frame; else only while the node is unconfigured."""

    @property
    def constraint(self) -> str:
        """The rule in words, for people."""
        if self.choices:
            return f'one of {", ".join(self.choices)}'
        if self.low is None:
            return ''
        return f'{self.low} to {self.high}'


def parameter(default: Any, description: str, **rule: Any) -> Any:
    """Declare one field of a table; see ``Rule`` for the keywords."""
    return field(default=default, metadata={'rule': Rule(description, **rule)})


@dataclass(frozen=True)
class ClassifierSettings:
    """Parameters of ``classifier_node``."""

    model: str = parameter(
        'demo', 'Catalog name (edgenext models list) or path of a .bin or .onnx file')
    runtime: str = parameter(
        'auto', 'Inference engine; auto takes the first that works here',
        choices=('auto', *ENGINES))
    labels: str = parameter(
        '', "Path of a label file, text or JSON; empty takes the model's own")
    input_type: str = parameter(
        'raw', 'Message type of the image topic: sensor_msgs Image or CompressedImage',
        choices=('raw', 'compressed'))
    fit: str = parameter(
        DEFAULT_FIT, 'How a picture of another shape is fitted into the model',
        choices=FITS, live=True)
    yuv_range: str = parameter(
        'limited', "What a YUV camera's bytes mean: 16..235 as in V4L2 and OpenCV, or 0..255",
        choices=YUV_RANGES, live=True)
    top_k: int = parameter(5, 'Classes in a result, at most', low=1, high=100, live=True)
    score_threshold: float = parameter(
        0.0, 'Leave out classes with a lower score', low=0.0, high=1.0, live=True)
    class_id: str = parameter(
        'index', "What a result's class_id holds: the index in label_info, or the name",
        choices=('index', 'name'), live=True)
    max_rate: float = parameter(
        0.0, 'Classify at most so many frames a second; 0 means all', low=0.0, high=1000.0,
        live=True)
    skip_repeated: bool = parameter(
        False, 'Leave out an image with the stamp of the one before, unless it is zero', live=True)
    image_timeout: float = parameter(
        2.0, 'Diagnostics warn after so many seconds without an image', low=0.1, high=3600.0,
        live=True)
    bpu_core: int = parameter(0, 'BPU core: 0 any, 1 the first', low=0, high=1)
    priority: int = parameter(0, 'BPU task priority', low=0, high=255)
    autostart: bool = parameter(
        True, 'Configure and activate at start; else wait for lifecycle commands')


@dataclass(frozen=True)
class CameraSettings:
    """Parameters of ``camera_node``."""

    source: str = parameter(
        '0', 'Picture, folder of pictures, video file, or webcam number or device')
    rate: float = parameter(10.0, 'Frames a second', low=0.1, high=240.0)
    hold: float = parameter(
        1.0, 'Seconds that each picture of a folder is shown', low=0.0, high=3600.0)
    loop: bool = parameter(True, 'Start again at the end; else exit there')
    encoding: str = parameter('bgr8', 'Encoding of raw images, as in sensor_msgs')
    output_type: str = parameter(
        'raw', 'Publish sensor_msgs Image or CompressedImage (JPEG)',
        choices=('raw', 'compressed'))
    width: int = parameter(0, 'Resize to this width; 0 follows the height', low=0, high=8192)
    height: int = parameter(0, 'Resize to this height; 0 follows the width', low=0, high=8192)
    frame_id: str = parameter('camera', 'Frame of the header')


def rule_of(entry: Field[Any]) -> Rule:
    """Return the rule of one field of a table."""
    rule: Rule = entry.metadata['rule']
    return rule


def is_fixed(table: Any) -> bool:
    """Say whether a node reads this table at its start only: nothing in it is live."""
    return not any(rule_of(entry).live for entry in fields(table))


def check(entry: Field[Any], value: Any) -> Any:
    """
    Return ``value`` in the field's type.

    :raises ParameterError: wrong type, out of range, or not one of the choices.
    """
    rule, kind = rule_of(entry), type(entry.default)
    if kind in (float, str) and type(value) is int:
        value = kind(value)  # As YAML reads 1 for 1.0, and a webcam's number.
    if type(value) is not kind:
        raise ParameterError(f'parameter {entry.name!r} expects {kind.__name__}, '
                             f'got {type(value).__name__} {value!r}')
    wrong = value not in rule.choices if rule.choices else (
        rule.low is not None and not rule.low <= value <= rule.high)
    if wrong:
        raise ParameterError(f'parameter {entry.name!r} must be {rule.constraint}, got {value!r}')
    return value


class Parameters(Generic[Settings]):
    """
    The parameters of one node, declared from its table.

    :param table: a settings dataclass with its defaults.
    :raises ParameterError: an initial value (YAML, command line) is refused.
    """

    def __init__(self, node: Node, table: Settings) -> None:
        from edgenext_ros.ros.qos import check_overrides
        from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
        check_overrides(node)
        self._node = node
        self._entries = {entry.name: entry for entry in fields(table)}  # type: ignore[arg-type]
        values = {}
        for name, entry in self._entries.items():
            rule = rule_of(entry)
            descriptor = ParameterDescriptor(
                description=rule.description, additional_constraints=rule.constraint)
            descriptor.read_only = is_fixed(table)
            if not rule.live and not descriptor.read_only:
                descriptor.additional_constraints = '; '.join(filter(None, (
                    rule.constraint, 'changed only while the node is unconfigured')))
            if rule.low is not None:
                kind = IntegerRange if type(entry.default) is int else FloatingPointRange
                bounds = kind(from_value=rule.low, to_value=rule.high)
                if kind is IntegerRange:
                    bounds.step = 1
                    descriptor.integer_range = [bounds]
                else:
                    descriptor.floating_point_range = [bounds]
            # A YAML file that says 1 for 1.0 should not stop the node, so the type is ours to
            # check.
            descriptor.dynamic_typing = True
            values[name] = self._declare(entry, descriptor)
        self.settings: Settings = replace(table, **values)  # type: ignore[type-var]
        self._warn_of_unknown()

    def _declare(self, entry: Field[Any], descriptor: Any) -> Any:
        # The range comes second: rclpy would refuse a wrong value with a text of its own.
        found = self._node.declare_parameter(
            entry.name, entry.default, type(descriptor)(dynamic_typing=True))
        value = check(entry, found.value)
        self._node.set_descriptor(entry.name, descriptor)
        return value

    def _warn_of_unknown(self) -> None:
        overrides = getattr(self._node, '_parameter_overrides', {})
        for name in overrides:
            if self._node.has_parameter(name) or name.startswith(QOS_OVERRIDES):
                continue
            near = difflib.get_close_matches(name, self._entries, 1)
            hint = f'; did you mean {near[0]!r}?' if near else ''
            self._node.get_logger().warning(f'unknown parameter {name!r} is ignored{hint}')

    def _commands(self, name: str, value: Any) -> str:
        """Return what a shell takes as it is, from the node's present state back to it."""
        node = self._node.get_fully_qualified_name()
        active = getattr(self._node, 'state', 'active') == 'active'
        # JSON, which YAML reads as the same value, wherever it could be read as another one.
        text = value if isinstance(value, str) and _PLAIN.fullmatch(value) \
            else json.dumps(value, ensure_ascii=False)
        lifecycle = f'ros2 lifecycle set {node}'
        return ' && '.join((
            *([f'{lifecycle} deactivate'] if active else []), f'{lifecycle} cleanup',
            f'ros2 param set {node} {name} {shlex.quote(text)}', f'{lifecycle} configure',
            *([f'{lifecycle} activate'] if active else [])))

    def change(self, changes: list[Parameter], *, configured: bool) -> Settings:
        """
        Return the settings with these changes; nothing is kept when one of them is refused.

        Names that are not in the table (``use_sim_time``, QoS overrides) are left alone.

        :param configured: the node holds a model, so what needs a reload is refused.
        :raises ParameterError: the first refused change.
        """
        values = {}
        for change in changes:
            entry = self._entries.get(change.name)
            if entry is None:
                continue
            value = check(entry, change.value)
            if configured and not rule_of(entry).live and value != getattr(
                    self.settings, change.name):
                raise ParameterError(
                    f'parameter {change.name!r} can be changed only while the node is '
                    f'unconfigured: {self._commands(change.name, value)}')
            values[change.name] = value
        return replace(self.settings, **values)  # type: ignore[type-var]
