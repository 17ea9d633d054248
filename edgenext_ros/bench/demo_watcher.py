# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The listener of the demo: results of the classifier, by picture of the camera."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.ros.messages import Classification, LabelInfo
import numpy as np
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, qos_profile_sensor_data, QoSProfile
from rclpy.time import Time
from sensor_msgs.msg import Image
from std_msgs.msg import Header

_SURE = 0.5
"""Score of the best class below which a line begins with "unsure"."""
_STAGES = ('convert ms', 'infer ms', 'postprocess ms')


@dataclass
class Played:
    """The results for one picture."""

    picture: str
    results: list[tuple[str, float]] = field(default_factory=list)
    """Name and score of the best classes, best first, in the newest message."""
    classifications: int = 0
    age_ms: float = 0.0
    """Age of the newest result on arrival, from the camera's stamp, in milliseconds."""
    figures: dict[str, str] = field(default_factory=dict)
    """The node's newest diagnostics while the picture was shown."""

    def line(self) -> str:
        """Format the results as two lines of text."""
        best = ', '.join(f'{name} {score:.1%}' for name, score in self.results[:3])
        stages = ', '.join(f'{stage.removesuffix(" ms")} {float(self.figures[stage]):.1f}'
                           for stage in _STAGES if stage in self.figures)
        rate = self.figures.get('fps')
        figures = [f'{self.classifications} results',
                   *([f'{float(rate):.1f} a second'] if rate else []),
                   *([f'{stages} ms'] if stages else []), f'age {self.age_ms:.0f} ms']
        if best and self.results[0][1] < _SURE:
            best = f'unsure: {best}'
        return f'{self.picture:22} {best or "no classification"}\n{"":22} {", ".join(figures)}'


def picture_name(playing: str, *, of_video: bool) -> str:
    """
    Return the picture that the camera plays.

    :param playing: what the camera says, such as ``a.jpg`` or ``clip.mp4 frame 12``.
    :param of_video: frames of a video or a webcam count as one picture.
    """
    return playing.rpartition(' frame ')[0] or playing if of_video else playing


class Watcher(Node):
    """
    Listen to a camera and a classifier in one namespace, and group the results by picture.

    :param namespace: that of the two nodes.
    :param names: the pictures to watch; playback ends at any other. Empty for a video or a webcam.
    :param save: folder for the annotated pictures, or None.
    """

    def __init__(self, namespace: str, *, names: list[str], save: Path | None) -> None:
        super().__init__('watcher', namespace=namespace)
        self.labels: list[str] = []
        self.played: dict[str, Played] = {}
        self.current = ''
        self.ended = False
        self._expected, self._reported = names, 0
        self._names: dict[tuple[int, int], str] = {}
        self._save = save
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(LabelInfo, 'classifier/label_info', self._on_labels, latched)
        self.create_subscription(Header, 'camera/playing', self._on_playing, 100)
        self.create_subscription(DiagnosticArray, '/diagnostics', self._on_diagnostics, 100)

    def finds_camera(self) -> bool:
        """Return whether the camera is in the ROS graph."""
        return bool(self.count_publishers('camera/playing'))

    def listen(self) -> None:
        """Subscribe to the results, for which a lazy classifier subscribes to the camera."""
        self.create_subscription(Classification, 'classification', self._on_result, 100)
        if self._save is not None:
            self.create_subscription(Image, 'classifier/annotated_image', self._on_annotated,
                                     qos_profile_sensor_data)

    def _on_labels(self, message: Any) -> None:
        self.labels = [entry.class_name for entry in message.class_map]

    def _on_playing(self, message: Header) -> None:
        name = picture_name(message.frame_id, of_video=not self._expected)
        self._names[message.stamp.sec, message.stamp.nanosec] = name
        if name != self.current and not self.ended:
            # The camera repeats the folder, or goes on to pictures that are not wanted.
            self.ended = name in self.played or bool(
                self._expected and name not in self._expected)
            if not self.ended:
                self.current = name
                self.played[name] = Played(name)

    def report(self, before: str = '') -> None:
        """Print the results of the pictures that are complete: all, or those before one."""
        names = list(self.played)
        for name in names[self._reported:names.index(before) if before else None]:
            print(self.played[name].line(), flush=True)
            self._reported += 1

    def _on_result(self, message: Any) -> None:
        stamp = message.header.stamp
        played = self.played.get(self._names.get((stamp.sec, stamp.nanosec), ''))
        if played is None:
            return
        if not played.classifications:
            self.report(before=played.picture)  # the earlier pictures are complete
        played.classifications += 1
        played.age_ms = (self.get_clock().now() - Time.from_msg(stamp)).nanoseconds / 1e6
        played.results = [(self.labels[int(r.class_id)], r.score) for r in message.results]

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == f'{self.get_namespace()}/classifier' and self.current:
                self.played[self.current].figures = {v.key: v.value for v in status.values}

    def _on_annotated(self, message: Image) -> None:
        stamp = message.header.stamp
        name = self._names.get((stamp.sec, stamp.nanosec))
        if name is not None:
            image = np.frombuffer(message.data, np.uint8).reshape(message.height, -1, 3)
            self._save.mkdir(parents=True, exist_ok=True)
            flat = '_'.join(Path(name).with_suffix('').parts)
            cv2.imwrite(str(self._save / f'{flat}.jpg'), image)
