# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Callbacks whose exceptions are told and end nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
import inspect
import sys
import traceback
from typing import Any

from edgenext_ros.ros.diagnostics import printable
from edgenext_ros.ros.log_limits import Complaints
from rclpy.clock import Clock
from rclpy.time import Time

_LAST = 2 ** 31 * 10 ** 9 - 1


def stamp_now(clock: Clock) -> Any:
    """Return the time as a stamp; after 19 January 2038, the last one that a stamp can hold."""
    return Time(nanoseconds=min(clock.now().nanoseconds, _LAST)).to_msg()


def harmless(method: Callable[..., None]) -> Callable[..., None]:
    """Print an exception of a method that only reports, instead of raising it."""
    @wraps(method)
    def call(*arguments: Any, **options: Any) -> None:
        try:
            method(*arguments, **options)
        except Exception:
            traceback.print_exc(file=sys.stderr)

    return call


class GuardedCallbacks:
    """
    A node, in which an exception of a subscription, timer or service is logged and no more.

    Else rclpy's executor ends with it, and the node's other work too. Most are not ours: rclpy
    itself raises on a negative ``/clock``, and its Humble on times after 2038.
    """

    def create_subscription(self, kind: type, topic: str, callback: Callable[..., Any],
                            *arguments: Any, **options: Any) -> Any:
        """Make a subscription."""
        base: Any = super()
        return base.create_subscription(
            kind, topic, self.guard(callback, topic), *arguments, **options)

    def create_timer(self, seconds: float, callback: Callable[..., Any],
                     *arguments: Any, **options: Any) -> Any:
        """Make a timer."""
        base: Any = super()
        return base.create_timer(
            seconds, self.guard(callback, 'a timer'), *arguments, **options)

    def create_service(self, kind: type, name: str, callback: Callable[..., Any],
                       *arguments: Any, **options: Any) -> Any:
        """Make a service; one that raises answers with the response as it is."""
        base: Any = super()
        return base.create_service(
            kind, name, self.guard(callback, name), *arguments, **options)

    def guard(self, callback: Callable[..., Any], name: str) -> Callable[..., Any]:
        """
        Return a callback that logs an exception and returns its last argument, the response.

        :param name: of what calls it, for the log.
        """
        told = Complaints()

        def tell(error: Exception, arguments: tuple[Any, ...]) -> Any:
            node: Any = self
            if not node.context.ok():
                raise error
            # Its place tells it apart; a text with a time in it would be new each time.
            *_, place = traceback.extract_tb(error.__traceback__)
            if told.deserves_a_line(f'{place.filename}:{place.lineno}'):
                lines = traceback.format_exception(type(error), error, error.__traceback__)
                node.get_logger().error(printable(
                    f'{name} failed, the node goes on:\n{"".join(lines)}'))
            return arguments[-1] if arguments else None

        # rclpy counts the arguments of a subscription's callback, and asks whether to await it.
        @wraps(callback)
        def call(*arguments: Any) -> Any:
            try:
                return callback(*arguments)
            except Exception as error:
                return tell(error, arguments)

        @wraps(callback)
        async def call_later(*arguments: Any) -> Any:
            try:
                return await callback(*arguments)
            except Exception as error:
                return tell(error, arguments)

        return call_later if inspect.iscoroutinefunction(callback) else call
