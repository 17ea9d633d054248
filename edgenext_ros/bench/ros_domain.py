# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A ROS graph that nobody else is in, for what measures itself."""

from __future__ import annotations

import os
import socket

_DISCOVERY = 7400
_OF_A_DOMAIN = 250
_PARTICIPANTS = 32
_DOMAINS = range(215, 233)
"""Above the ephemeral ports, where few choose theirs."""


def environment() -> dict[str, str]:
    """
    Return this process's environment with a ROS domain of its own, on this machine only.

    :raises RuntimeError: somebody is in each of the domains that are tried.
    """
    first = os.getpid() % len(_DOMAINS)
    free = next((domain for domain in (*_DOMAINS[first:], *_DOMAINS[:first])
                 if not is_used(domain)), None)
    if free is None:
        raise RuntimeError(f'every ROS domain from {_DOMAINS[0]} to {_DOMAINS[-1]} is in use on '
                           'this machine: end nodes of earlier measurements')
    result = {**os.environ, 'ROS_DOMAIN_ID': str(free)}
    if result.get('ROS_DISTRO') == 'humble':
        return result | {'ROS_LOCALHOST_ONLY': '1'}
    return result | {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}


def is_used(domain: int) -> bool:
    """
    Say whether a port of the domain is taken; RTPS gives each a fixed number (9.6.2 of its 2.5).

    Participants share the port of multicast discovery. Those of one machine only (as with
    ``ROS_LOCALHOST_ONLY``) have no such port, but one each for unicast discovery.
    """
    first = _DISCOVERY + _OF_A_DOMAIN * domain
    return any(_is_taken(port) for port in (
        first, *(first + 10 + 2 * participant for participant in range(_PARTICIPANTS))))


def _is_taken(port: int) -> bool:
    # Without SO_REUSEADDR, which the middlewares set, no second socket is bound to a port.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', port))
        except OSError:
            return True
    return False
