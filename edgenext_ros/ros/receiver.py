# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The image subscription, which bypasses rclpy's executor.

For each message, rclpy's executor builds a wait set of all entities of a node in Python. It also
waits for the subscription's events, and Fast DDS wakes it once more for them. Both together cost
as much CPU time as the classification without inference. Here a thread waits for the subscription
alone and takes the message itself. ``rclpy.wait_for_message`` uses the same classes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import copy
from threading import Lock
from time import monotonic, sleep, time_ns
from typing import Any

from edgenext_ros.core.frame import FrameError
from edgenext_ros.core.lost_frames import LostFrames
from edgenext_ros.ros.qos import OVERRIDES, warn_of_unused
from edgenext_ros.ros.serialised_images import read_stamp
from rclpy.callback_groups import CallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.guard_condition import GuardCondition
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.signals import SignalHandlerGuardCondition
from rclpy.subscription import Subscription

try:
    from rclpy.event_handler import SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import SubscriptionEventCallbacks

# This is copied for each use, because rclpy writes QoS overrides into a given profile.
# The depth is 1, because a longer queue would deliver its oldest image first.
_NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
_PAUSE_S = 0.1
_ALREADY_WAITING_S = 1e-3
"""A message within this time may have been available before the wait began."""
_RELEASE_S = 1.0
"""Maximum time for the waiting thread to release a subscription after it was woken."""


class _IgnoredByExecutor(CallbackGroup):
    """A callback group whose entities the executor never runs."""

    def can_execute(self, entity: Any) -> bool:
        """Return False, so that the executor skips the entity."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Return False, because no entity may begin."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Do nothing, because no entity ever begins."""


class Receiver:
    """
    The ``Source`` of a pipeline; it delivers the serialised messages of one topic.

    :param node: the node that subscribes.
    :param on_message: called with each message and its subscription, by the waiting thread or
        by an EventsExecutor.
    :param read_stamp: returns stamp in nanoseconds and ``frame_id`` of a message.
    """

    def __init__(self, node: Node, on_message: Callable[[bytes, Subscription], None], *,
                 read_stamp: Callable[[bytes], tuple[int, str]] = read_stamp) -> None:
        self._node, self._on_message = node, on_message
        self._read_stamp = read_stamp
        self._closed = False
        self._wake = GuardCondition(None, None, context=node.context)
        # rclpy's signal handler triggers this, and ends the context without calling on_shutdown.
        self._signal = SignalHandlerGuardCondition(node.context)
        self._wait_set = _rclpy.WaitSet(1, 2, 0, 0, 0, 0, node.context.handle)
        self.subscription: Subscription | None = None
        self._ready: Subscription | None = None
        self._in_use = Lock()  # held while a thread waits for a subscription
        self._taken_elsewhere = False
        self.lost = LostFrames()
        self.message_bytes = 0
        """Size of the last serialised message in bytes."""
        # _begun and _ended are the times of the last wait. _absent are the seconds before it in
        # which no thread waited.
        self._begun = self._ended = monotonic()
        self._begun_ns, self._absent = time_ns(), 0.0
        node.context.on_shutdown(self.close)

    def subscribe(self, kind: type, topic: str) -> None:
        """
        Subscribe to a topic.

        :param kind: message class.
        :param topic: topic name.
        """
        made: list[Subscription] = []

        def on_message(message: bytes) -> None:
            # EventsExecutor ignores callback groups and calls this. The waiting thread then stops
            # taking messages, because two threads could deliver messages out of order.
            if not self._taken_elsewhere:
                self._taken_elsewhere = True
                self.wake()
            self.lost.interrupt()
            if self.subscription in made:
                self._on_message(message, made[0])

        self._taken_elsewhere = False
        self.lost.interrupt()
        self.subscription = self._node.create_subscription(
            kind, topic, on_message, copy(_NEWEST), raw=True,
            callback_group=_IgnoredByExecutor(),
            event_callbacks=SubscriptionEventCallbacks(use_default_callbacks=False),
            qos_overriding_options=OVERRIDES)
        made.append(self.subscription)
        warn_of_unused(self._node)
        self.wake()

    def unsubscribe(self) -> None:
        """
        End the subscription, in the middleware too.

        Fast DDS refuses another type for a topic while a subscription with the former type exists.
        """
        subscription, self.subscription = self.subscription, None
        if subscription is not None:
            self._node.destroy_subscription(subscription)
        self.wake()
        if subscription is not None and self._in_use.acquire(timeout=_RELEASE_S):
            self._in_use.release()

    def close(self) -> None:
        """End waiting permanently; also called when the ROS context ends."""
        self._closed = True
        self.wake()

    def wake(self) -> None:
        """End the current or the next ``wait``; any thread may call this."""
        with suppress(InvalidHandle):  # destroyed
            self._wake.trigger()

    def wait(self) -> bool:
        """Wait for a message or ``wake``; return False after ``close`` or the end of ROS."""
        self._ready = None
        ended, self._begun, self._begun_ns = self._ended, monotonic(), time_ns()
        self._absent = self._begun - ended
        try:
            return self._wait()
        except _rclpy.RCLError as error:
            return self._log_and_pause(error)
        finally:
            self._ended = monotonic()

    def _wait(self) -> bool:
        subscription, wait_set = self.subscription, self._wait_set
        if self._closed or not self._node.context.ok():
            return False
        wait_set.clear_entities()
        wait_set.add_guard_condition(self._wake.handle)
        signalled = wait_set.add_guard_condition(self._signal.handle)
        if subscription is None or self._taken_elsewhere:
            wait_set.wait(-1)
        else:
            try:
                with self._in_use, subscription.handle:  # keeps it alive during the wait
                    wait_set.add_subscription(subscription.handle)
                    wait_set.wait(-1)
                    if wait_set.is_ready('subscription', 0):
                        self._ready = subscription
            except InvalidHandle:  # unsubscribed, or the node is destroyed
                return subscription is not self.subscription
        return not wait_set.is_ready('guard_condition', signalled)

    def take(self) -> None:
        """Deliver the message that ``wait`` found, if there is one."""
        subscription = self._ready
        if subscription is None:
            return
        try:
            with subscription.handle:
                taken = subscription.handle.take_message(subscription.msg_type, True)
        except InvalidHandle:  # unsubscribed after the wait
            return
        except Exception as error:  # from rcl, or no memory: the next message may be smaller
            self._log_and_pause(error)
            return
        if taken is not None:
            self._note(*taken)
            self._on_message(taken[0], subscription)

    def _note(self, message: bytes, info: dict[str, Any]) -> None:
        """Record the stamp, and the time in which this frame may have replaced an earlier one."""
        self.message_bytes = len(message)
        try:
            stamp, frame_id = self._read_stamp(message)
        except FrameError:  # the pipeline reports it
            self.lost.interrupt()
            return
        # Some middlewares give 0, or the time at which the message was taken.
        received = info['received_timestamp']
        there = 0 < received < self._begun_ns or self._ended - self._begun < _ALREADY_WAITING_S
        late = max(0.0, (time_ns() - received) / 1e9) if received > 0 else 0.0
        self.lost.note(stamp, arrived=monotonic(), stream=frame_id,
                       sequence=info.get('publication_sequence_number'),  # since Jazzy
                       unattended=late + (self._absent if there else 0.0))

    def _log_and_pause(self, error: Exception) -> bool:
        """Log an error and pause briefly; return False if the ROS context has ended."""
        if not self._node.context.ok():
            return False
        self._node.get_logger().error(
            f'an image was not received: {type(error).__name__}: {error}',
            throttle_duration_sec=5.0)
        sleep(_PAUSE_S)
        return True
