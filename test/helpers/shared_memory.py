# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Remove what killed processes leave in the shared memory of Fast DDS.

Tests kill nodes, which then leave their memory, up to 26 MB each, and the ports that they listened
to. A later process that gets such a port may receive nothing. ``fastdds shm clean`` does the same,
but the wheels of ROS do not have it.
"""

from contextlib import suppress
import fcntl
from pathlib import Path
import re

FOLDER = Path('/dev/shm')
_SEGMENT_LOCK = re.compile(r'fast(rtps|dds)_[0-9a-f]{16}_el')
_PORT = re.compile(r'(sem\.)?fast(rtps|dds)_port(\d+)(_\w+)?')


def remove_ports(domain, folder=FOLDER):
    """Remove the ports of a ROS domain; no process may use it."""
    first = 7400 + 250 * domain  # OMG DDS-RTPS 2.3, 9.6.1
    for path in folder.glob('*fast*_port*'):
        found = _PORT.fullmatch(path.name)
        if found and first <= int(found[3]) < first + 250:
            _remove(path)


def remove_segments(folder=FOLDER):
    """Remove the memory of ended processes; a living one holds a lock on the file ``_el``."""
    for path in folder.glob('fast*_el'):
        if not _SEGMENT_LOCK.fullmatch(path.name):
            continue
        with suppress(OSError), path.open('rb') as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(path.with_name(path.name.removesuffix('_el')))
            _remove(path)


def _remove(path):
    with suppress(OSError):  # another test was faster, or it belongs to another user
        path.unlink()
