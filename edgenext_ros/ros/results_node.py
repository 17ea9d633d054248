# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A node that prints the results of a classifier."""

from __future__ import annotations

import sys
from time import monotonic
from typing import Any

from edgenext_ros.ros.process import run
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header
from vision_msgs.msg import Classification, LabelInfo

_SECONDS = 1.0
_CLASSES = 3
_MOST_NAMES = 1000
_LABELS_S = 5.0
"""Seconds with results but without labels, after which the log names the remapping."""


class ResultsNode(Node):
    """
    Print the newest result of ``classification`` once a second, with the names of its classes.

    The labels come from ``classifier/label_info``. The names of pictures that ``camera_node``
    plays come from ``camera/playing``.
    """

    def __init__(self, **arguments: Any) -> None:
        super().__init__('results', **arguments)
        self._labels: dict[str, str] = {}
        """Names of the classes by their index as decimal text."""
        self._names: frozenset[str] = frozenset()
        """The names of ``_labels``."""
        self._are_names: bool | None = None
        """Whether the classifier publishes names as ``class_id``; None: unknown."""
        self._newest: Classification | None = None
        self._count = 0
        self._unnamed_since: float | None = None
        self._hinted = False
        self._pictures: dict[tuple[int, int], str] = {}
        labels = self.create_subscription(
            LabelInfo, 'classifier/label_info', self._on_labels,
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self._label_topic: str = labels.topic_name
        self.create_subscription(Header, 'camera/playing', self._on_playing, 10)
        self.create_subscription(Classification, 'classification', self._on_result, 10)
        self.create_timer(_SECONDS, self._print, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _on_labels(self, message: LabelInfo) -> None:
        self._labels = {str(entry.class_id): entry.class_name for entry in message.class_map}
        self._names = frozenset(self._labels.values())

    def _on_playing(self, message: Header) -> None:
        self._pictures[message.stamp.sec, message.stamp.nanosec] = message.frame_id
        if len(self._pictures) > _MOST_NAMES:
            del self._pictures[next(iter(self._pictures))]

    def _on_result(self, message: Classification) -> None:
        self._newest = message
        self._count += 1
        if not self._labels:
            return
        ids = [result.class_id for result in message.results]
        if any(each not in self._labels for each in ids):
            self._are_names = True
        elif any(each not in self._names for each in ids):
            self._are_names = False

    def _name(self, class_id: str) -> str:
        """
        Return the name of a class.

        A class may be named "7" and another one have the index 7. Unless a result has shown what
        the classifier publishes, the text says that it may be either.
        """
        name = self._labels.get(class_id, class_id)
        if self._are_names or name == class_id:
            return class_id
        return name if self._are_names is False else f'{class_id} (index or name)'

    def _print(self) -> None:
        message, self._newest = self._newest, None
        count, self._count = self._count, 0
        if message is None:
            return
        stamp = message.header.stamp
        picture = self._pictures.get((stamp.sec, stamp.nanosec), '')
        best = ', '.join(f'{self._name(result.class_id)} {result.score:.1%}'
                         for result in message.results[:_CLASSES])
        self.get_logger().info(f'{picture}{": " if picture else ""}'
                               f'{best or "no class above the threshold"} '
                               f'({count} result{"s" if count > 1 else ""} in {_SECONDS:.0f} s)')
        if not self._labels and any(result.class_id.isdecimal() for result in message.results):
            self._hint_at_labels()

    def _hint_at_labels(self) -> None:
        """Log once that no labels come, because a classifier with another name publishes them."""
        if self._unnamed_since is None:
            self._unnamed_since = monotonic()
        if self._hinted or monotonic() - self._unnamed_since < _LABELS_S:
            return
        self._hinted = True
        topics = sorted(name for name, kinds in self.get_topic_names_and_types()
                        if 'vision_msgs/msg/LabelInfo' in kinds and name != self._label_topic)
        where = topics[0] if topics else 'NAME/label_info'
        self.get_logger().warning(
            f'no labels on {self._label_topic}, so classes are printed as indices; for a '
            f'classifier with another name: --ros-args -r classifier/label_info:={where}')


def main(args: list[str] | None = None) -> int:
    """Run the node."""
    return run(lambda finish: ResultsNode(), args)


if __name__ == '__main__':
    sys.exit(main())
