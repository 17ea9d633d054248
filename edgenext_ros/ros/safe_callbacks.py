# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Log the exceptions of callbacks, so that they do not end the executor or a thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
import inspect
import sys
import traceback
from typing import Any

from edgenext_ros.ros.log_limits import LogLimiter, replace_invalid_utf8
from rclpy.clock import Clock
from rclpy.node import Node
from rclpy.time import Time

_LAST_STAMP_NS = 2 ** 31 * 10 ** 9 - 1


def stamp_now(clock: Clock) -> Any:
    """Return the time as a stamp; from 19 January 2038 on, the largest possible stamp."""
    return Time(nanoseconds=min(clock.now().nanoseconds, _LAST_STAMP_NS)).to_msg()


def print_exceptions(method: Callable[..., None]) -> Callable[..., None]:
    """Wrap a method that only reports: its exceptions are printed, not raised."""
    @wraps(method)
    def call(*arguments: Any, **options: Any) -> None:
        try:
            method(*arguments, **options)
        except Exception:
            traceback.print_exc(file=sys.stderr)

    return call


class SafeCallbacksNode(Node):
    """
    A node that logs exceptions of its subscriptions, timers and services, and continues.

    In a plain node, an exception of a callback ends the executor's ``spin``. Most exceptions come
    from rclpy itself, which raises on a negative ``/clock``, and in Humble on times after 2038.
    """

    def create_subscription(self, kind: type, topic: str, callback: Callable[..., Any],
                            *arguments: Any, **options: Any) -> Any:
        """
        Create a subscription.

        :param kind: message class.
        :param topic: topic name.
        :param callback: called with each message; exceptions are logged.
        """
        return super().create_subscription(
            kind, topic, log_exceptions(callback, topic, node=self), *arguments, **options)

    def create_timer(self, seconds: float, callback: Callable[..., Any],
                     *arguments: Any, **options: Any) -> Any:
        """Create a timer; exceptions of its callback are logged."""
        return super().create_timer(
            seconds, log_exceptions(callback, 'a timer', node=self), *arguments, **options)

    def create_service(self, kind: type, name: str, callback: Callable[..., Any],
                       *arguments: Any, **options: Any) -> Any:
        """
        Create a service.

        :param kind: service class.
        :param name: service name.
        :param callback: called with request and response; exceptions are logged, and the
            unchanged response is sent.
        """
        return super().create_service(
            kind, name, log_exceptions(callback, name, node=self), *arguments, **options)


def log_exceptions(callback: Callable[..., Any], name: str, *, node: Node) -> Callable[..., Any]:
    """
    Wrap a callback: an exception is logged, and the last argument, the response, is returned.

    :param callback: a function or a coroutine function.
    :param name: topic, service or other caller, for the log.
    :param node: the node whose logger is used. Once its ROS context has ended, exceptions are
        raised as usual.
    """
    limiter = LogLimiter()

    def log(error: Exception, arguments: tuple[Any, ...]) -> Any:
        if not node.context.ok():
            raise error
        # The limit applies to the source line, because a text with a time in it always differs.
        *_, place = traceback.extract_tb(error.__traceback__)
        if limiter.should_log(f'{place.filename}:{place.lineno}'):
            lines = traceback.format_exception(type(error), error, error.__traceback__)
            node.get_logger().error(replace_invalid_utf8(
                f'{name} failed, the node goes on:\n{"".join(lines)}'))
        return arguments[-1] if arguments else None

    # rclpy inspects the arguments of a callback, and whether it is a coroutine function.
    @wraps(callback)
    def call(*arguments: Any) -> Any:
        try:
            return callback(*arguments)
        except Exception as error:
            return log(error, arguments)

    @wraps(callback)
    async def call_later(*arguments: Any) -> Any:
        try:
            return await callback(*arguments)
        except Exception as error:
            return log(error, arguments)

    return call_later if inspect.iscoroutinefunction(callback) else call
