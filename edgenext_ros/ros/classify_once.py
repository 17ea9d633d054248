# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The service ``~/classify_once``, which returns the result of the next image."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from time import monotonic
from typing import NamedTuple

from edgenext_ros.ros.errors import describe_error
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
from rclpy.timer import Timer
from std_srvs.srv import Trigger

REQUESTS = QoSProfile(depth=100, reliability=ReliabilityPolicy.RELIABLE)
"""QoS of services; the middleware may drop requests if more than ``depth`` of them wait."""
_MISSING_TRANSITIONS = {
    'unconfigured': 'configure" and "activate', 'inactive': 'activate'}


class _Request(NamedTuple):
    since: float
    future: Future


class ClassifyOnce:
    """
    Answer ``~/classify_once`` with the outcome of the next image, even while the node is paused.

    Each request waits in a coroutine of the executor, which blocks neither images nor other
    requests.

    :param node: the node that offers the service.
    :param snapshot: returns the classifier's current state.
    :param statistics: provides the time of the last image.
    :param listen: called when the value of ``waiting`` may have changed; the node subscribes to
        images while it is true.
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
        """Return whether any request waits for an image."""
        return bool(self._requests)

    def on_outcome(self, outcome: Outcome) -> None:
        """Answer the requests that arrived before this image."""
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
        Answer the requests that arrived before an image.

        :param success: whether the image has a result.
        :param text: the result, or the reason why there is none.
        :param received: receive time of the image in monotonic seconds; later requests still wait.
        """
        with self._lock:
            answered = [request for request in self._requests if request.since <= received]
            self._requests = [request for request in self._requests if request not in answered]
        executor = self._node.executor
        if executor is None:  # the process is ending
            return
        for request in answered:
            # The executor's thread runs a task; set_result in this thread would not wake it.
            with suppress(AttributeError, InvalidHandle):  # the executor was shut down
                executor.create_task(request.future.set_result, (success, text))

    async def _on_request(self, request: Trigger.Request,
                          response: Trigger.Response) -> Trigger.Response:
        now = self._snapshot()
        if now.state != 'active':
            response.message = f'the node is {now.state}'
            if now.failure:
                response.message += f', {replace_invalid_utf8(now.failure)}'
            if now.state in _MISSING_TRANSITIONS:
                response.message += (
                    f': "ros2 lifecycle set {self._node.get_fully_qualified_name()} '
                    f'{_MISSING_TRANSITIONS[now.state]}" first')
            return response
        waiting = _Request(monotonic(), Future(executor=self._node.executor))
        timer, timeout = None, now.settings.image_timeout
        try:
            with self._lock:
                self._requests.append(waiting)
            timer = self._node.create_timer(
                timeout, lambda: self._give_up(waiting, timeout),
                clock=Clock(clock_type=ClockType.STEADY_TIME),
                # Each timer has a new group, because a group keeps its entities forever.
                callback_group=ReentrantCallbackGroup())
            self._listen()
            response.success, response.message = await waiting.future
        except Exception as error:  # not GeneratorExit, which comes after the node's end
            response.message = f'no result: {describe_error(error)}'
            self._end(waiting, timer)
            raise
        self._end(waiting, timer)
        return response

    def _end(self, request: _Request, timer: Timer | None) -> None:
        self._remove(request)
        if timer is not None:
            self._node.destroy_timer(timer)
        self._listen()

    def _remove(self, request: _Request) -> bool:
        """Remove a request; return whether it was waiting."""
        with self._lock:
            is_waiting = request in self._requests
            self._requests = [other for other in self._requests if other is not request]
        return is_waiting

    def _give_up(self, request: _Request, timeout: float) -> None:
        if self._remove(request):
            why = 'an image is still in work' if self._statistics.last_image > request.since \
                else f'no image, {why_no_image(self._node, self._snapshot())}'
            request.future.set_result((False, f'no result in {timeout:.1f} s: {why}'))
