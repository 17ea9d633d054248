# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The image subscription of a session, with the message type that the topic's publishers have."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from edgenext_ros.ros.errors import describe_error
from edgenext_ros.ros.log_limits import LogLimiter
from edgenext_ros.ros.receiver import Receiver
from edgenext_ros.ros.topic_type import choose_type, message_class
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.node import Node

_LEAST_SILENCE_S = 1.0


class ImageSubscription:
    """
    Subscribe a receiver to the topic ``image``; the session's lock is held during each call.

    :param node: the node that subscribes.
    :param receiver: delivers the messages.
    :param types: names of the types that can be read; with several, the publishers decide.
    :param on_change: called before each new subscription.
    :param last_image: returns the arrival of the last image in monotonic seconds.
    :param busy: returns the seconds since the work in progress began; 0 without one.
    """

    def __init__(self, node: Node, receiver: Receiver, *, types: tuple[str, ...],
                 on_change: Callable[[], None], last_image: Callable[[], float],
                 busy: Callable[[], float]) -> None:
        self._node, self._receiver, self._types = node, receiver, types
        self._on_change, self._last_image, self._busy = on_change, last_image, busy
        self._chosen, self._refused, self._since = '', '', 0.0
        self._limiter = LogLimiter()

    @property
    def seconds(self) -> float:
        """Seconds since the subscription was made; 0 without one."""
        return monotonic() - self._since if self._chosen else 0.0

    def update(self, *, image_timeout: float) -> None:
        """
        Subscribe with the type that the publishers have, unless that is done.

        :param image_timeout: seconds without an image after which another published type is tried.
        """
        topic = self._node.resolve_topic_name('image')
        published = [] if len(self._types) == 1 else [
            info.topic_type for info in self._node.get_publishers_info_by_topic(topic)]
        chosen = choose_type(
            self._types, published, current=self._chosen or self._refused or None,
            silent=not self._chosen or self._is_silent(image_timeout))
        if chosen is None or chosen == self._chosen:
            return
        before = self._chosen
        self.end()
        self._on_change()
        try:
            self._receiver.subscribe(message_class(chosen), 'image')
        except _rclpy.RCLError as error:
            if len(self._types) == 1:
                raise
            # Fast DDS refuses a second type while another node of the process has the first.
            self._refused = chosen
            text = f'no subscription to {topic} as {chosen} is possible yet'
            if self._limiter.should_log(text):
                self._node.get_logger().warning(f'{text}: {describe_error(error)}')
            return
        self._chosen, self._refused, self._since = chosen, '', monotonic()
        found = f'{topic} is published as {chosen}{f", before as {before}" if before else ""}'
        # The log is limited, because two publishers that send nothing are tried in turn.
        if len(self._types) > 1 and self._limiter.should_log(found):
            self._node.get_logger().info(found)

    def end(self) -> None:
        """Unsubscribe."""
        self._chosen = ''
        self._receiver.unsubscribe()

    def _is_silent(self, image_timeout: float) -> bool:
        """Return whether the subscription has brought no image for a while, and could have."""
        silent = monotonic() - max(self._since, self._last_image())
        # ``Pipeline`` may have no thread that receives while an image is in work.
        return silent > max(_LEAST_SILENCE_S, image_timeout) \
            and self._busy() <= silent - _LEAST_SILENCE_S
