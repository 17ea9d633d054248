# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A lifecycle node that reports why a transition failed."""

from __future__ import annotations

from collections.abc import Callable
import sys
import traceback
from typing import Any

from edgenext_ros.ros.errors import describe_error, is_expected
from edgenext_ros.ros.settings import ClassifierSettings
from lifecycle_msgs.msg import Transition
from rclpy.lifecycle import LifecycleNode, TransitionCallbackReturn


class SafeLifecycleNode(LifecycleNode):
    """
    A lifecycle node that logs failed transitions and refuses impossible ones.

    Humble's rclpy drops the exception of a transition callback and enters error processing. It
    raises out of the service for an impossible transition (ros2/rclpy#1209). Later releases
    answer the request, each with a different text.
    """

    failure = ''
    """The last failed transition and its reason; empty after a transition that succeeded."""

    @property
    def settings(self) -> ClassifierSettings:
        """The parameters in force."""
        raise NotImplementedError

    def __init__(self, name: str, **arguments: Any) -> None:
        super().__init__(name, **arguments)
        self._change_state = self._service_change_state.callback
        self._service_change_state.callback = self._guard_change_state

    @property
    def state(self) -> str:
        """The current lifecycle state, such as ``unconfigured``, ``inactive`` or ``active``."""
        label: str = self._state_machine.current_state[1]
        return label

    def _guard_change_state(self, request: Any, response: Any) -> Any:
        wanted = request.transition
        possible = [(number, label)
                    for number, label, *_ in self._state_machine.available_transitions]
        # A label, if given, takes precedence over the number, as in rclpy.
        if any(wanted.label == label if wanted.label else wanted.id == number
               for number, label in possible):
            return self._change_state(request, response)
        name = wanted.label or _TRANSITIONS.get(wanted.id, wanted.id)
        hint = ''
        if name == 'configure' and self.settings.autostart:
            hint = (': the node configures itself at its start; with "autostart: false" it waits '
                    'for lifecycle commands, for example from nav2_lifecycle_manager')
        self.get_logger().warning(
            f'transition {name!r} is not possible in state {self.state!r}{hint}')
        response.success = False
        return response

    def autostart(self) -> bool:
        """Configure and activate if ``autostart`` is true; return False if that failed."""
        if not self.settings.autostart:
            command = f'"ros2 lifecycle set {self.get_fully_qualified_name()}'
            self.get_logger().info(
                f'autostart is false: waiting for {command} configure", then {command} activate"')
            return True
        return all(transition() == TransitionCallbackReturn.SUCCESS
                   for transition in (self.trigger_configure, self.trigger_activate))

    def attempt(self, name: str, step: Callable[[], None]) -> TransitionCallbackReturn:
        """Run a transition's work; an exception is logged and fails the transition."""
        try:
            step()
        except (Exception, SystemExit) as error:  # vendor code may even raise SystemExit
            expected, text = is_expected(error), describe_error(error)
            why = f' {text}' if expected else f'\n{traceback.format_exc()}'
            kind = '' if expected else f'{type(error).__name__}: '
            self.failure = f'{name} failed: {kind}{text}'
            try:
                self.get_logger().error(f'{name} failed:{why}')
            except MemoryError:  # the logger needs memory to find its caller
                print(self.failure, file=sys.stderr, flush=True)
        else:
            self.failure = ''
            return TransitionCallbackReturn.SUCCESS
        return TransitionCallbackReturn.FAILURE


_TRANSITIONS = {getattr(Transition, f'TRANSITION_{name.upper()}'): name
                for name in ('configure', 'cleanup', 'activate', 'deactivate')}
