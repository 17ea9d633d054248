# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Find a free ROS domain, so that a measurement is alone in its ROS graph."""

from __future__ import annotations

import os
import socket

_PORT_BASE = 7400
_PORTS_PER_DOMAIN = 250
_PARTICIPANTS = 32
_DOMAINS = range(215, 233)
"""ROS domains to try; their ports are above the ephemeral ones, and few people use them."""


def environment() -> dict[str, str]:
    """
    Return this process's environment with a ROS domain of its own, on this machine only.

    :raises RuntimeError: every domain of ``_DOMAINS`` is in use.
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
    Check whether a port of the domain is in use on this machine.

    RTPS (2.5, section 9.6.2) fixes the ports of a domain. Participants share the port of multicast
    discovery. With ``ROS_LOCALHOST_ONLY`` they have none, but a port each for unicast discovery.
    """
    first = _PORT_BASE + _PORTS_PER_DOMAIN * domain
    return any(_is_taken(port) for port in (
        first, *(first + 10 + 2 * participant for participant in range(_PARTICIPANTS))))


def _is_taken(port: int) -> bool:
    # Without SO_REUSEADDR, bind fails even if the middleware's socket allows sharing.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(('', port))
        except OSError:
            return True
    return False
