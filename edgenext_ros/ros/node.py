# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The classifier node: subscribes to a camera topic, and publishes classifications."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
import itertools
import sys
from threading import RLock
from time import monotonic
from typing import Any

from edgenext_ros.engines.recovering import open_recovering
from edgenext_ros.ros.classify_once import ClassifyOnce
from edgenext_ros.ros.demand import Demand
from edgenext_ros.ros.health import Health
from edgenext_ros.ros.image_log import ImageLog
from edgenext_ros.ros.lifecycle import SafeLifecycleNode
from edgenext_ros.ros.live_model import LiveModel
from edgenext_ros.ros.loaded_model import LoadedModel, Opener
from edgenext_ros.ros.messages import check_input_type
from edgenext_ros.ros.parameters import Parameters
from edgenext_ros.ros.process import run
from edgenext_ros.ros.safe_callbacks import SafeCallbacksNode
from edgenext_ros.ros.session import Session
from edgenext_ros.ros.settings import ClassifierSettings, ParameterError
from edgenext_ros.ros.snapshot import Snapshot
from edgenext_ros.ros.statistics import Statistics
from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter

LOAD_SECONDS = 1.0
"""Longest time that a node's destruction waits for a model that is being loaded."""


class ClassifierNode(SafeCallbacksNode, SafeLifecycleNode):
    """
    Classify the newest image of a camera.

    From configure to cleanup the node has a ``Session``, which holds the model. The session
    subscribes to images while they are needed, see ``Demand``.

    :param opener: opens the model; see ``LoadedModel.open``.
    """

    _is_constructed = False

    def __init__(self, *, opener: Opener = open_recovering, **arguments: Any) -> None:
        super().__init__('classifier', **arguments)
        self._opener = opener
        self._table = Parameters(self, ClassifierSettings())
        self.add_on_set_parameters_callback(self._on_parameters)
        # Held while parameters are set and during transitions, because a MultiThreadedExecutor may
        # run both concurrently.
        self._changing = RLock()
        self.session: Session | None = None
        self._versions = itertools.count(1)
        self._live = LiveModel(self, opener=opener)
        self.statistics = Statistics(now_ns=self._now_ns)
        topic = self.resolve_topic_name('image')
        self._demand = Demand(self, session=lambda: self.session, changing=self._changing,
                              is_requested=lambda: self._once.waiting())
        self._once = ClassifyOnce(self, snapshot=self.snapshot, statistics=self.statistics,
                                  listen=self._demand.update)
        self._log = ImageLog(self.get_logger(), topic=topic)
        self.health = Health(self, topic=topic, snapshot=self.snapshot,
                             statistics=self.statistics, images=self._log,
                             restart_counts=self._restart_counts)
        self._is_constructed = True

    @property
    def settings(self) -> ClassifierSettings:
        """The parameters in force."""
        return self._table.settings

    def snapshot(self) -> Snapshot:
        """Return the current state."""
        session = self.session
        now = Snapshot(state=self.state, enabled=self._demand.enabled, failure=self.failure,
                       settings=self.settings)
        if session is None:
            return now
        return replace(
            now, model=session.model.info, subscription=session.subscription,
            listens=session.listens, idle=self._demand.is_idle,
            waited=monotonic() - session.wanted_at, subscribed=session.subscribed_seconds,
            busy=session.pipeline.busy_seconds, dropped=session.pipeline.dropped,
            message_bytes=session.receiver.message_bytes, lost=session.receiver.lost)

    def _now_ns(self) -> int:
        nanoseconds: int = self.get_clock().now().nanoseconds
        return nanoseconds

    # Lifecycle ------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and create the publishers."""
        return self.attempt('configure', self._configure)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Subscribe to the camera."""
        super().on_activate(state)  # first, else the first result would not be published
        result = self.attempt('activate', lambda: self._demand.update(active=True))
        if result == TransitionCallbackReturn.SUCCESS:
            assert self.session is not None
            self.session.log_topics(pause=self._demand.pause(self.session))
        else:
            super().on_deactivate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Unsubscribe; the image in work gives no result."""
        result = self.attempt('deactivate', lambda: self._demand.update(active=False))
        self._once.answer(success=False, text='the node was deactivated')
        super().on_deactivate(state)
        if result == TransitionCallbackReturn.SUCCESS:
            self.get_logger().info('deactivated: no image is taken until "activate"')
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the model, threads and publishers."""
        return self.attempt('cleanup', self._release)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the session, if there is one."""
        return self.attempt('shutdown', self._release)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the session, if there is one, and return to unconfigured."""
        return self.attempt('recovery from an error', self._release)

    def destroy_node(self) -> None:
        """Free the session in any state; nothing is published after that."""
        if self._is_constructed:  # rclpy 9 calls this even if the constructor raised
            self.attempt('destruction', self._release)
            self._live.join(LOAD_SECONDS)
            self._live.close()  # frees a model that this load has left
        super().destroy_node()

    def attempt(self, name: str, step: Callable[[], None]) -> TransitionCallbackReturn:
        """Run a transition's work while no other thread sets parameters."""
        with self._changing:
            return super().attempt(name, step)

    def _configure(self) -> None:
        check_input_type(self.settings.input_type)
        model = LoadedModel.open(self.settings, opener=self._opener)
        try:
            self.statistics.reset()
            self.session = Session(
                self, model, versions=self._versions, statistics=self.statistics,
                observers=(self.statistics, self._log, self._once),
                is_asked_for=self._once.waiting, changing=self._changing)
        except BaseException:
            model.close(self.get_logger())
            raise
        try:
            model.log_to(self.get_logger())
        except BaseException:  # no memory for a line: the next attempt makes another session
            self._release()
            raise

    def _release(self) -> None:
        self._once.answer(success=False, text='the node was shut down')
        self._demand.stop()
        session, self.session = self.session, None
        try:
            self._live.close()
        finally:
            if session is not None:
                session.close()

    def _restart_counts(self) -> None:
        self.statistics.reset_counts()
        session = self.session
        if session is not None:
            session.restart_counts()

    # Parameters -----------------------------------------------------------------------------

    def create_service(self, kind: type, name: str, callback: Callable[..., Any],
                       *arguments: Any, **options: Any) -> Any:
        """
        Create a service; rclpy's services that set parameters become coroutines.

        A service call therefore awaits the load of a model, and the executor serves other calls.

        :param kind: service class.
        :param name: service name.
        :param callback: called with request and response.
        """
        if kind not in (SetParameters, SetParametersAtomically):
            return super().create_service(kind, name, callback, *arguments, **options)

        async def set_parameters(request: Any, response: Any) -> Any:
            if kind is SetParametersAtomically:
                return await self._set(callback, request, response)
            for parameter in request.parameters:  # one by one, like rclpy
                single = SetParameters.Request(parameters=[parameter])
                done = await self._set(callback, single, SetParameters.Response())
                response.results += done.results
            return response

        # The node's default group is mutually exclusive and would block while a model loads.
        options['callback_group'] = ReentrantCallbackGroup()
        return super().create_service(kind, name, set_parameters, *arguments, **options)

    async def _set(self, callback: Callable[..., Any], request: Any, response: Any) -> Any:
        """Load the model that a request names, if it is a new one, then answer the request."""
        session, load = self.session, None
        if session is not None:
            changes = [Parameter.from_parameter_msg(message) for message in request.parameters]
            with suppress(ParameterError):  # ``callback`` reports it
                load = await self._live.prepare(
                    session, self._table.change(changes, configured=True))
        with self._changing:
            self._live.offer(load)
            try:
                return callback(request, response)
            finally:
                self._live.discard()

    def set_parameters(self, parameter_list: list[Parameter]) -> list[SetParametersResult]:
        """Set parameters one by one, like rclpy."""
        return [self.set_parameters_atomically([parameter]) for parameter in parameter_list]

    def set_parameters_atomically(self, parameter_list: list[Parameter]) -> SetParametersResult:
        """
        Set all parameters or none, and use them from the next image on.

        They take effect only after all parameter callbacks, including rclpy's, have agreed.
        """
        with self._changing:
            try:
                self._table.check_declared(parameter_list)
                result = super().set_parameters_atomically(parameter_list)
                if result.successful:
                    self._apply(self._table.change(parameter_list, configured=False))
            finally:
                self._live.discard()
        return result

    def _on_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            settings = self._table.change(changes, configured=self.session is not None)
            if self.session is not None:
                self._live.check(self.session, settings)
        except ParameterError as error:
            return SetParametersResult(successful=False, reason=str(error))
        return SetParametersResult(successful=True)

    def _apply(self, settings: ClassifierSettings) -> None:
        before, self._table.settings = self.settings, settings
        if self.session is not None and before != settings:
            self.session.apply(settings)
            self._live.apply(self.session)
            if before.lazy != settings.lazy:
                self._demand.update()


def main(args: list[str] | None = None) -> int:
    """Run the node; the exit code is 1 if it cannot start."""
    return run(lambda finish: ClassifierNode(), args, start=ClassifierNode.autostart)


if __name__ == '__main__':
    sys.exit(main())
