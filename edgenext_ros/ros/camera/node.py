# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A camera node that plays a picture, a folder of pictures, a video or a webcam."""

from __future__ import annotations

from array import array
from collections.abc import Callable
import sys
from typing import Any

import cv2
from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import Bytes, FrameError
from edgenext_ros.ros.camera.sources import open_source, SourcePicture
from edgenext_ros.ros.messages import image_message
from edgenext_ros.ros.parameters import Parameters
from edgenext_ros.ros.process import run
from edgenext_ros.ros.publishers import check_topics
from edgenext_ros.ros.qos import OVERRIDES, warn_of_unused
from edgenext_ros.ros.safe_callbacks import stamp_now
from edgenext_ros.ros.settings import CameraSettings, ParameterError
import numpy as np
from rcl_interfaces.msg import SetParametersResult
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header


class CameraNode(Node):
    """
    Publish pictures on ``image`` at a steady rate, with stamps, as a camera driver does.

    Playback begins when ``image`` has its first subscriber. ``~/playing`` maps stamps to pictures:
    each Header has the stamp of an image, and the name of its picture as ``frame_id``.

    :param finish: called once when the source has ended; the node publishes nothing after that.
    """

    def __init__(self, *, finish: Callable[[], None] | None = None, **arguments: Any) -> None:
        super().__init__('camera', **arguments)
        self._finish = finish
        self._table = Parameters(self, CameraSettings())
        self.settings = settings = self._table.settings
        check_topics(self, ('image', '~/playing'))
        source = open_source(
            settings.source, repeat=max(1, round(settings.rate * settings.hold)),
            loop=settings.loop, notice=self.get_logger().warning)
        self._pictures = source.pictures
        self._last: tuple[Bytes, Image | CompressedImage | None] | None = None
        self._header = Header(frame_id=settings.frame_id)
        try:
            self._message(np.zeros((8, 8, 3), np.uint8))
        except FrameError as error:
            raise ParameterError(f"parameter 'encoding': {error}") from error
        # A reliable publisher, as in most drivers, matches reliable and best-effort subscribers.
        self._publisher = self.create_publisher(
            CompressedImage if settings.output_type == 'compressed' else Image, 'image',
            QoSProfile(depth=5, reliability=ReliabilityPolicy.RELIABLE),
            qos_overriding_options=OVERRIDES)
        warn_of_unused(self)
        self._playing = self.create_publisher(Header, '~/playing', 10)
        self._timer = self.create_timer(1 / settings.rate, self._on_timer,
                                        clock=Clock(clock_type=ClockType.STEADY_TIME))
        kind = 'CompressedImage' if settings.output_type == 'compressed' else 'Image'
        self.get_logger().info(
            f'playing {source.name} on {self._publisher.topic_name} (sensor_msgs/msg/{kind}) at '
            f'{settings.rate:g} Hz; waits for a subscriber')

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """Refuse an unknown parameter by its name; the others are read-only."""
        self._table.check_declared(parameter_list)
        return super().set_parameters_atomically(parameter_list)

    def _on_timer(self) -> None:
        # The first picture waits for a subscriber.
        if self._last is None and not self._publisher.get_subscription_count():
            return
        picture = next(self._pictures, None)
        if picture is None:
            self.get_logger().info(f'{self.settings.source} has ended')
            self._timer.cancel()
            if self._finish is not None:
                self._finish()
            return
        # A folder repeats each picture. It is encoded once, to leave CPU time for the classifier.
        if self._last is None or self._last[0] is not picture.image:
            self._last = picture.image, self._try_message(picture)
        message = self._last[1]
        if message is None:
            return
        message.header = Header(stamp=stamp_now(self.get_clock()),
                                frame_id=self.settings.frame_id)
        self._playing.publish(Header(stamp=message.header.stamp, frame_id=picture.name))
        self._publisher.publish(message)

    def _try_message(self, picture: SourcePicture) -> Image | CompressedImage | None:
        try:
            return self._message(picture.image)
        except (FrameError, cv2.error) as error:
            self.get_logger().error(f'{picture.name} is left out: {error}')
            return None

    def _message(self, image: Bytes) -> Image | CompressedImage:
        """Resize and encode one picture according to the parameters."""
        settings = self.settings
        if settings.width or settings.height:
            height, width = image.shape[:2]
            size = (settings.width or max(1, round(width * settings.height / height)),
                    settings.height or max(1, round(height * settings.width / width)))
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        if settings.output_type == 'compressed':
            _, data = cv2.imencode('.jpg', image)
            return CompressedImage(format='jpeg', data=array('B', data.tobytes()))
        return image_message(encode(image, settings.encoding), self._header)


def main(args: list[str] | None = None) -> int:
    """Run the node; the exit code is 1 if there is nothing to play."""
    return run(lambda finish: CameraNode(finish=finish), args)


if __name__ == '__main__':
    sys.exit(main())
