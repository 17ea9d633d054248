# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A lifecycle node that says why a transition failed."""

from __future__ import annotations

from collections.abc import Callable
import sys
import traceback
from typing import Any

from edgenext_ros.ros.errors import describe_error, is_expected
from lifecycle_msgs.msg import Transition
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn


class SafeLifecycleNode(LifecycleNode):
    """
    A lifecycle node whose transitions fail loudly and that survives illegal ones.

    rclpy of Humble turns an exception in a transition into ERROR without a word, and raises
    out of the service on a transition that is illegal in the present state (rclpy 1209). Later
    ones answer, each with a text of its own.
    """

    settings: Any
    """The parameters in force, with ``autostart`` among them."""
    failure = ''
    """Which transition failed last, and why; empty after one that succeeded."""

    def __init__(self, name: str, **arguments: Any) -> None:
        super().__init__(name, **arguments)
        self._change_state = self._service_change_state.callback
        self._service_change_state.callback = self._guard_change_state

    @property
    def state(self) -> str:
        """The present lifecycle state: unconfigured, inactive, active or finalized."""
        label: str = self._state_machine.current_state[1]
        return label

    def _guard_change_state(self, request: Any, response: Any) -> Any:
        wanted = request.transition
        possible = [(number, label)
                    for number, label, *_ in self._state_machine.available_transitions]
        # As rclpy does: a label, where there is one, counts more than the number.
        if any(wanted.label == label if wanted.label else wanted.id == number
               for number, label in possible):
            return self._change_state(request, response)
        name = wanted.label or _TRANSITIONS.get(wanted.id, wanted.id)
        hint = ''
        if name == 'configure' and self.settings.autostart:
            hint = (': it has been configured by itself; with "autostart: false" it waits for '
                    'lifecycle commands, of nav2_lifecycle_manager for example')
        self.get_logger().warning(
            f'transition {name!r} is not possible in state {self.state!r}{hint}')
        response.success = False
        return response

    def autostart(self) -> bool:
        """Configure and activate if the parameter says so; False when that failed."""
        if not self.settings.autostart:
            command = f'"ros2 lifecycle set {self.get_fully_qualified_name()}'
            self.get_logger().info(
                f'autostart is false: waiting for {command} configure", then {command} activate"')
            return True
        return (self.trigger_configure() == TransitionCallbackReturn.SUCCESS
                and self.trigger_activate() == TransitionCallbackReturn.SUCCESS)

    def attempt(self, name: str, step: Callable[[], None]) -> TransitionCallbackReturn:
        """Do the work of a transition; on an error log its cause and fail the transition."""
        try:
            step()
        except Exception as error:
            expected, text = is_expected(error), describe_error(error)
            why = f' {text}' if expected else f'\n{traceback.format_exc()}'
            kind = '' if expected else f'{type(error).__name__}: '
            self.failure = f'{name} failed: {kind}{text}'
            try:
                self.get_logger().error(f'{name} failed:{why}')
            except MemoryError:  # the logger looks for its caller's source
                print(self.failure, file=sys.stderr, flush=True)
        else:
            self.failure = ''
            return TransitionCallbackReturn.SUCCESS
        return TransitionCallbackReturn.FAILURE

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Return to unconfigured, so that the node can be configured again."""
        return TransitionCallbackReturn.SUCCESS


_TRANSITIONS = {getattr(Transition, f'TRANSITION_{name.upper()}'): name
                for name in ('configure', 'cleanup', 'activate', 'deactivate')}
