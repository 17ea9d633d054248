# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Check the parameters ``qos_overrides``, with which users override quality of service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from edgenext_ros.ros.settings import ParameterError, QOS_OVERRIDES
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSPolicyKind, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions

OVERRIDES: Final = QoSOverridingOptions((
    QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DURABILITY))
_WORDS: Final = {'history': HistoryPolicy, 'reliability': ReliabilityPolicy,
                 'durability': DurabilityPolicy}
_MOST: Final = 2 ** 31 - 1


def check_overrides(node: Node) -> None:
    """
    Check override values before a topic uses them; rclpy reports wrong ones with a traceback.

    :raises ParameterError: a value is not valid for its policy.
    """
    for name, value in _overrides(node):
        policy = name.rpartition('.')[2]
        if policy in _WORDS:
            words = [word for word in _WORDS[policy].short_keys() if word != 'unknown']
            if value not in words:
                raise ParameterError(
                    f'parameter {name!r} must be one of {", ".join(words)}, got {value!r}')
        elif policy == 'depth' and not (type(value) is int and 1 <= value <= _MOST):
            raise ParameterError(f'parameter {name!r} must be 1 to {_MOST}, got {value!r}')


def warn_of_unused(node: Node) -> None:
    """Warn once of overrides that match no topic of the node; rclpy ignores them silently."""
    unused = [name for name, _ in _overrides(node) if not node.has_parameter(name)]
    if unused:
        known = node.get_parameters_by_prefix(QOS_OVERRIDES.rstrip('.'))
        topics = sorted({name.rpartition('.')[0] for name in known})
        node.get_logger().warning(
            f'ignored: {", ".join(unused)}; expected {QOS_OVERRIDES}TOPIC.POLICY, TOPIC one of '
            f'{", ".join(topics)}, POLICY one of {", ".join((*_WORDS, "depth"))}', once=True)


def _overrides(node: Node) -> Iterator[tuple[str, Any]]:
    for name, parameter in getattr(node, '_parameter_overrides', {}).items():
        if name.startswith(QOS_OVERRIDES):
            yield name, parameter.value
