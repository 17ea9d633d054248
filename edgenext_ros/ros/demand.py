# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Subscribe to the camera only while somebody needs its images."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from threading import Event, Thread
from typing import Any

from edgenext_ros.core.backoff import Backoff
from edgenext_ros.engines.base import InferenceError
from edgenext_ros.ros.classify_once import REQUESTS
from edgenext_ros.ros.lifecycle import SafeLifecycleNode
from edgenext_ros.ros.log_limits import LogLimiter
from edgenext_ros.ros.safe_callbacks import log_exceptions
from edgenext_ros.ros.session import Session
from rclpy.exceptions import InvalidHandle
from std_srvs.srv import SetBool

POLL_S = 0.1
"""Seconds between two counts of a lazy node's listeners; a part of the first one's wait."""
_STOP_S = 1.0


class Demand:
    """
    Subscribe and unsubscribe a session, according to who needs images.

    The session is subscribed while the node is active, and a request waits, or the node is
    enabled and, with the parameter ``lazy``, a result has a listener.

    Humble has no events for matched subscriptions, so a thread counts the listeners. A timer would
    cost far more, because for each call the executor builds a wait set of the whole node. The
    thread leaves the change itself to the executor, which also runs transitions and services.

    :param node: the node; offers ``~/set_enabled``.
    :param session: returns the node's session; None while unconfigured.
    :param changing: the lock of transitions and parameter changes, which is reentrant.
    :param is_requested: returns whether a request waits for an image.
    """

    def __init__(self, node: SafeLifecycleNode, *, session: Callable[[], Session | None],
                 changing: AbstractContextManager[Any],
                 is_requested: Callable[[], bool]) -> None:
        self._node, self._session, self._changing = node, session, changing
        self._is_requested = is_requested
        self.enabled = True
        """False while ``~/set_enabled`` pauses the node."""
        self.is_idle = False
        """With ``lazy``, no result of the active node has a listener."""
        self._is_active = False
        self._backoff = Backoff()
        self._limiter = LogLimiter()
        self._thread: Thread | None = None
        self._ended = Event()
        self._executor: Any = None
        self._task: Any = None
        self._check = log_exceptions(self._update_if_due, 'the count of listeners', node=node)
        self._retry = log_exceptions(self._update, 'the subscription', node=node)
        node.create_service(SetBool, '~/set_enabled', self._on_set_enabled, qos_profile=REQUESTS)

    def update(self, *, active: bool | None = None) -> None:
        """
        Subscribe or unsubscribe, as the demand is now.

        :param active: whether the node will be active, for calls during a transition.
        :raises InferenceError: the node becomes active without a session.
        """
        with self._changing:
            session = self._session()
            if session is None:
                if active:
                    raise InferenceError('no model is loaded, because the cleanup failed; '
                                         'expected another cleanup, then configure')
                return
            before = self._is_active
            # Another thread may call during the transition, before the node's state changes.
            self._is_active = before if active is None else active
            try:
                self._poll(self._is_active and self._is_lazy())
                self._log(session, is_new=active is not None)
                session.listen(self._is_active and self._is_wanted(session))
            except BaseException:
                self._is_active = before
                raise

    def stop(self) -> None:
        """Stop counting the listeners; the thread never waits for the caller."""
        with self._changing:
            thread = self._thread
            self._is_active = self.is_idle = False
            self._poll(False)
        if thread is not None:
            thread.join(_STOP_S)

    def pause(self, session: Session) -> str:
        """Return what the subscription of an active node waits for, as a part of a sentence."""
        if session.listens:
            return ''
        return ' once somebody listens to a result' if self.enabled else \
            ' once ~/set_enabled enables the node'

    def _is_lazy(self) -> bool:
        return self.enabled and self._node.settings.lazy

    def _is_wanted(self, session: Session) -> bool:
        if self._is_lazy():
            return self._is_requested() or bool(session.publishers.listened())
        return self.enabled or self._is_requested()

    def _log(self, session: Session, *, is_new: bool) -> None:
        """Log that the node became idle or ceased to be, unless a transition logs its state."""
        is_lazy = self._is_active and self._is_lazy()
        listened = session.publishers.listened() if is_lazy else ()
        before, self.is_idle = self.is_idle, is_lazy and not listened
        if is_new or before == self.is_idle:
            return
        topics = ' or '.join(session.publishers.results)
        text = f'idle: lazy is true, and nobody listens to {topics}' if self.is_idle else \
            f'no longer idle: {listened[0]} has a listener' if listened else ''
        # The log is limited, because a listener may come and go, as in a loop of "echo --once".
        if text and self._limiter.should_log(text):
            self._node.get_logger().info(text)

    def _on_set_enabled(self, request: SetBool.Request,
                        response: SetBool.Response) -> SetBool.Response:
        before, self.enabled = self.enabled, request.data
        self.update()
        state = self._node.state
        response.success = True
        response.message = f'{"enabled" if request.data else "paused"}, {state}'
        if before != request.data:
            word = 'resumed' if request.data else 'paused'
            self._node.get_logger().info(f'{word} by set_enabled, {state}')
        return response

    # Listeners ------------------------------------------------------------------------------

    def _poll(self, is_needed: bool) -> None:
        """Start or end the thread that counts the listeners."""
        if not is_needed:
            self._ended.set()
            self._thread = None
        elif self._thread is None:
            ended = Event()
            thread = Thread(target=self._count, args=(ended,), name='listeners', daemon=True)
            thread.start()  # may raise
            self._thread, self._ended = thread, ended

    def _count(self, ended: Event) -> None:
        while not ended.wait(POLL_S) and self._node.context.ok():
            with suppress(Exception):  # logged, unless the ROS context has ended
                self._check()

    def _update_if_due(self) -> None:
        """Let the executor subscribe or unsubscribe if the demand has changed."""
        session, executor = self._session(), self._node.executor
        if session is None or executor is None or self._backoff.rest or not self._is_due(session):
            return
        if self._executor is executor and not self._task.done():
            return  # the executor is busy
        with suppress(AttributeError, InvalidHandle):  # the executor was shut down
            self._executor, self._task = executor, executor.create_task(self._retry)

    def _update(self) -> None:
        try:
            self.update()
        except Exception:
            self._backoff.fail()
            raise
        self._backoff.succeed()

    def _is_due(self, session: Session) -> bool:
        """Return whether the subscription of an active node differs from the demand."""
        try:
            return self._is_active and self._is_wanted(session) != session.listens
        except InvalidHandle:  # the session or the node was destroyed
            return False
