# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read the classifier's status from messages on /diagnostics."""


def status(diagnostics):
    """Return the newest status of the classifier: level, message, values."""
    for message in reversed(diagnostics):
        for entry in message.status:
            if entry.name == '/classifier':
                return entry.level[0] if isinstance(entry.level, bytes) else entry.level, \
                    entry.message, {v.key: v.value for v in entry.values}
    return None


def count(diagnosed, name):
    """Return a count of a status; 0 without a status or a count."""
    return int((diagnosed or (0, '', {}))[2].get(name, 0))


def age(diagnosed):
    """Return the age of the newest result in a status; None without one."""
    return (diagnosed or (0, '', {}))[2].get('result age ms')
