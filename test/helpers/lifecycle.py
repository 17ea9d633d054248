# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lifecycle transitions of the classifier through its services."""

from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState

CONFIGURE, CLEANUP, ACTIVATE, DEACTIVATE = (
    Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_CLEANUP,
    Transition.TRANSITION_ACTIVATE, Transition.TRANSITION_DEACTIVATE)


def change(ros, transition):
    """Request a transition; return whether it succeeded."""
    return ros.call(ChangeState, '/classifier/change_state',
                    transition=Transition(id=transition)).success


def state(ros):
    """Return the name of the classifier's state."""
    return ros.call(GetState, '/classifier/get_state').current_state.label
