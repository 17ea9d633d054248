# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Callbacks whose exceptions are logged and end nothing."""

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

_LAST = 2 ** 31 * 10 ** 9 - 1


def stamp_now(clock: Clock) -> Any:
    """Return the time as a stamp; after 19 January 2038, the last one that a stamp can hold."""
    return Time(nanoseconds=min(clock.now().nanoseconds, _LAST)).to_msg()


def print_exceptions(method: Callable[..., None]) -> Callable[..., None]:
    """Print an exception of a method that only reports, instead of raising it."""
    @wraps(method)
    def call(*arguments: Any, **options: Any) -> None:
        try:
            method(*arguments, **options)
        except Exception:
            traceback.print_exc(file=sys.stderr)

    return call


class SafeCallbacksNode(Node):
    """
    A node that logs exceptions of its subscriptions, timers and services, and goes on.

    Otherwise such an exception ends rclpy's executor, and with it the node's other work. Most are
    not ours: rclpy itself raises on a negative ``/clock``, and in Humble on times after 2038.
    """

    def create_subscription(self, kind: type, topic: str, callback: Callable[..., Any],
                            *arguments: Any, **options: Any) -> Any:
        """Make a subscription."""
        return super().create_subscription(
            kind, topic, log_exceptions(callback, topic, node=self), *arguments, **options)

    def create_timer(self, seconds: float, callback: Callable[..., Any],
                     *arguments: Any, **options: Any) -> Any:
        """Make a timer."""
        return super().create_timer(
            seconds, log_exceptions(callback, 'a timer', node=self), *arguments, **options)

    def create_service(self, kind: type, name: str, callback: Callable[..., Any],
                       *arguments: Any, **options: Any) -> Any:
        """Make a service; one that raises answers with the response as it is."""
        return super().create_service(
            kind, name, log_exceptions(callback, name, node=self), *arguments, **options)


def log_exceptions(callback: Callable[..., Any], name: str, *, node: Node) -> Callable[..., Any]:
    """
    Return a callback that logs an exception and returns its last argument, the response.

    :param callback: a function or a coroutine function.
    :param name: what calls it, for the log.
    :param node: has the log.
    """
    logged = LogLimiter()

    def log(error: Exception, arguments: tuple[Any, ...]) -> Any:
        if not node.context.ok():
            raise error
        # The place tells errors apart; a text with a time in it would be new each time.
        *_, place = traceback.extract_tb(error.__traceback__)
        if logged.should_log(f'{place.filename}:{place.lineno}'):
            lines = traceback.format_exception(type(error), error, error.__traceback__)
            node.get_logger().error(replace_invalid_utf8(
                f'{name} failed, the node goes on:\n{"".join(lines)}'))
        return arguments[-1] if arguments else None

    # rclpy counts the arguments of a subscription's callback, and asks whether to await it.
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
