# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Whether somebody on this machine already is in a ROS domain."""

import socket

_DISCOVERY = 7400
_OF_A_DOMAIN = 250
_PARTICIPANTS = 32


def is_used(domain):
    """
    Say whether a port of the domain is taken; RTPS gives each a fixed number (9.6.2 of its 2.5).

    Participants share the port of multicast discovery. Those of one machine only (as with
    ``ROS_LOCALHOST_ONLY``) have no such port, but one each for unicast discovery.
    """
    first = _DISCOVERY + _OF_A_DOMAIN * domain
    return any(_is_taken(port) for port in (
        first, *(first + 10 + 2 * participant for participant in range(_PARTICIPANTS))))


def _is_taken(port):
    # Without SO_REUSEADDR, which the middlewares set, no second socket is bound to a port.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', port))
        except OSError:
            return True
    return False
