# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The service that classifies one image."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import NamedTuple

from edgenext_ros.ros.log_limits import replace_invalid_utf8
from edgenext_ros.ros.messages import describe_prediction
from edgenext_ros.ros.missing_images import why_no_image
from edgenext_ros.ros.outcome import Outcome
from edgenext_ros.ros.snapshot import Snapshot
from edgenext_ros.ros.statistics import Statistics
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import InvalidHandle
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.task import Future
from std_srvs.srv import Trigger

REQUESTS = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
"""For services: of more calls at one moment than its depth, the middleware loses some."""
_FIRST = {'unconfigured': 'configure" and "activate', 'inactive': 'activate'}


class _Request(NamedTuple):
    since: float
    future: Future


class ClassifyOnce:
    """
    Answer ``~/classify_once`` with what becomes of the next image, also while the node is paused.

    A request waits in a coroutine of the executor, so that images and other requests go on.

    :param node: has the service.
    :param snapshot: returns the classifier's present state.
    :param statistics: know when the last image arrived.
    :param listen: called when ``waiting`` may have changed: the node listens while it is true.
    """

    def __init__(self, node: Node, *, snapshot: Callable[[], Snapshot],
                 statistics: Statistics, listen: Callable[[], None]) -> None:
        self._node, self._snapshot, self._listen = node, snapshot, listen
        self._statistics = statistics
        self._lock = Lock()
        self._requests: list[_Request] = []
        node.create_service(Trigger, '~/classify_once', self._on_request, qos_profile=REQUESTS,
                            callback_group=ReentrantCallbackGroup())

    def waiting(self) -> bool:
        """Say whether a request waits for an image."""
        return bool(self._requests)

    def on_outcome(self, outcome: Outcome) -> None:
        """Answer the requests that came before this image was received."""
        if not self._requests:
            return
        received, result = outcome.image.received, outcome.result
        if result is not None:
            self.answer(success=True, received=received,
                        text=describe_prediction(result.prediction, outcome.model.labels))
        elif outcome.error is not None:
            self.answer(success=False, received=received, text=str(outcome.error))

    def answer(self, *, success: bool, text: str, received: float = float('inf')) -> None:
        """
        Answer the requests that came before an image was received.

        :param success: whether the image has a result.
        :param text: the result, or why there is none.
        :param received: steady seconds; an image of an earlier time is not the next one.
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
        now = self._snapshot()
        if now.state != 'active':
            response.message = f'the node is {now.state}'
            if now.failure:
                response.message += f', {replace_invalid_utf8(now.failure)}'
            if now.state in _FIRST:
                response.message += (
                    f': "ros2 lifecycle set {self._node.get_fully_qualified_name()} '
                    f'{_FIRST[now.state]}" first')
            return response
        waiting = _Request(monotonic(), Future(executor=self._node.executor))
        with self._lock:
            self._requests.append(waiting)
        timeout = now.settings.image_timeout
        end = self._node.create_timer(
            timeout, lambda: self._give_up(waiting, timeout),
            clock=Clock(clock_type=ClockType.STEADY_TIME),
            # Its own: a group remembers all that was ever in it.
            callback_group=ReentrantCallbackGroup())
        self._listen()
        response.success, response.message = await waiting.future
        self._node.destroy_timer(end)
        self._listen()
        return response

    def _give_up(self, request: _Request, timeout: float) -> None:
        with self._lock:
            waits = request in self._requests
            self._requests = [one for one in self._requests if one is not request]
        if waits:
            why = 'an image is still in work' if self._statistics.last_image > request.since \
                else f'no image, {why_no_image(self._node, self._snapshot())}'
            request.future.set_result((False, f'no result in {timeout:.1f} s: {why}'))
