# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The service that classifies one image."""

from __future__ import annotations

from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

from edgenext_ros.ros.diagnostics import printable
from edgenext_ros.ros.silence import why_no_image
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import InvalidHandle
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.task import Future
from std_srvs.srv import Trigger


REQUESTS = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
"""Of the services: of more calls at one moment than that the middleware loses some."""
_FIRST = {'unconfigured': 'configure" and "activate', 'inactive': 'activate'}


class _Request(NamedTuple):
    since: float
    future: Future


class ClassifyOnce:
    """
    Answer ``~/classify_once`` with what becomes of the next image, also while the node is paused.

    Who asks waits in a coroutine of the executor, so that images and other requests go on.

    :param node: the classifier; it calls ``answer`` after each image, from any thread.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._lock = Lock()
        self._requests: list[_Request] = []
        node.create_service(Trigger, '~/classify_once', self._on_request, qos_profile=REQUESTS,
                            callback_group=ReentrantCallbackGroup())

    @property
    def waiting(self) -> bool:
        """Somebody waits for an image."""
        return bool(self._requests)

    def answer(self, *, success: bool, text: str, received: float = float('inf')) -> None:
        """
        Answer those who asked before an image was received.

        :param received: steady seconds; what was received earlier is not the next image.
        """
        with self._lock:
            mine = [request for request in self._requests if request.since <= received]
            self._requests = [one for one in self._requests if one not in mine]
        executor = self._node.executor
        for request in mine if executor else ():  # without one the process ends
            # In the executor's thread, which would not wake for a result from another one.
            with suppress(AttributeError, InvalidHandle):  # of an executor that is shut down
                executor.create_task(request.future.set_result, (success, text))

    async def _on_request(self, request: Trigger.Request,
                          response: Trigger.Response) -> Trigger.Response:
        node, timeout = self._node, self._node.settings.image_timeout
        if node.state != 'active':
            response.message = f'the node is {node.state}'
            if node.failure:
                response.message += f', {printable(node.failure)}'
            if node.state in _FIRST:
                response.message += (f': "ros2 lifecycle set {node.get_fully_qualified_name()} '
                                     f'{_FIRST[node.state]}" first')
            return response
        waiting = _Request(monotonic(), Future(executor=node.executor))
        with self._lock:
            self._requests.append(waiting)
        end = node.create_timer(
            timeout, lambda: self._give_up(waiting, timeout),
            clock=Clock(clock_type=ClockType.STEADY_TIME),
            # Its own: a group remembers all that was ever in it.
            callback_group=ReentrantCallbackGroup())
        node.listen()
        response.success, response.message = await waiting.future
        node.destroy_timer(end)
        node.listen()
        return response

    def _give_up(self, request: _Request, timeout: float) -> None:
        with self._lock:
            waits = request in self._requests
            self._requests = [one for one in self._requests if one is not request]
        if waits:
            why = 'an image is still in work' if self._node.statistics.last_image > request.since \
                else f'no image, {why_no_image(self._node)}'
            request.future.set_result((False, f'no result in {timeout:.1f} s: {why}'))
