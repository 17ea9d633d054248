# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The calls of nav2_lifecycle_manager without a bond, in its order and with its time limits.

As in nav2_lifecycle_manager and nav2_util of Humble to Kilted: a transition is requested by its
number; whether it worked is not read from the answer, but from the state that follows.
"""

from time import monotonic

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState

STATE_SECONDS = 2.0
"""Limit for the answer of get_state; nav2 sets none for a transition."""
_STATES = {
    Transition.TRANSITION_CONFIGURE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_ACTIVATE: State.PRIMARY_STATE_ACTIVE,
    Transition.TRANSITION_DEACTIVATE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_CLEANUP: State.PRIMARY_STATE_UNCONFIGURED,
    Transition.TRANSITION_UNCONFIGURED_SHUTDOWN: State.PRIMARY_STATE_FINALIZED}


class Nav2Manager:
    """
    A manager of nodes.

    :param ros: the graph.
    :param node_names: as its parameter: relative to its namespace, in the order of the start.
    """

    def __init__(self, ros, node_names):
        self._ros = ros
        self._clients = {}
        for name in node_names:
            self._clients[name] = [ros.node.create_client(kind, f'{name}/{service}')
                                   for kind, service in ((ChangeState, 'change_state'),
                                                         (GetState, 'get_state'))]
            ros.wait(self._clients[name][1].service_is_ready, what=f'{name}/get_state')

    def startup(self):
        """Handle the command STARTUP; also what ``autostart`` of the manager does."""
        return (self._change_all(Transition.TRANSITION_CONFIGURE)
                and self._change_all(Transition.TRANSITION_ACTIVATE))

    def pause(self):
        """Handle the command PAUSE."""
        return self._change_all(Transition.TRANSITION_DEACTIVATE)

    def resume(self):
        """Handle the command RESUME."""
        return self._change_all(Transition.TRANSITION_ACTIVATE)

    def reset(self):
        """Handle the command RESET."""
        return (self._change_all(Transition.TRANSITION_DEACTIVATE)
                and self._change_all(Transition.TRANSITION_CLEANUP))

    def shutdown(self):
        """Handle the command SHUTDOWN, whose steps do not depend on each other's success."""
        return [self._change_all(transition) for transition in (
            Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP,
            Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)]

    def state(self, name):
        """Return the number of a node's state, or None if it does not answer in time."""
        future = self._clients[name][1].call_async(GetState.Request())
        end = monotonic() + STATE_SECONDS
        while not future.done() and monotonic() < end:
            self._ros.executor.spin_once(timeout_sec=0.05)
        return future.result().current_state.id if future.done() else None

    def _change_all(self, transition):
        names = list(self._clients)
        if transition not in (Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE):
            names.reverse()
        return all(self._change(name, transition) for name in names)

    def _change(self, name, transition):
        client, _ = self._clients[name]
        self._ros.wait(client.service_is_ready, timeout=5.0, what=f'{name}/change_state')
        future = client.call_async(ChangeState.Request(transition=Transition(id=transition)))
        self._ros.wait(future.done, what=f'the answer of {name}/change_state')
        return self.state(name) == _STATES[transition]
