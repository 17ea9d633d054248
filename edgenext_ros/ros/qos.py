# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What users may change of a topic's quality of service, by the parameters ``qos_overrides``."""

from __future__ import annotations

from edgenext_ros.ros.parameters import QOS_OVERRIDES
from rclpy.node import Node
from rclpy.qos import QoSPolicyKind
from rclpy.qos_overriding_options import QoSOverridingOptions

OVERRIDES = QoSOverridingOptions((
    QoSPolicyKind.HISTORY, QoSPolicyKind.DEPTH, QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DURABILITY))
POLICIES = 'history, depth, reliability, durability'


def warn_of_unused(node: Node) -> None:
    """Say once which ``qos_overrides`` no topic of the node has taken: rclpy says nothing."""
    unused = [name for name in getattr(node, '_parameter_overrides', {})
              if name.startswith(QOS_OVERRIDES) and not node.has_parameter(name)]
    if unused:
        known = node.get_parameters_by_prefix(QOS_OVERRIDES.rstrip('.'))
        topics = sorted({name.rpartition('.')[0] for name in known})
        node.get_logger().warning(
            f'ignored: {", ".join(unused)}; expected {QOS_OVERRIDES}TOPIC.POLICY, TOPIC one of '
            f'{", ".join(topics)}, POLICY one of {POLICIES}', once=True)
