# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What /diagnostics says of the classifier."""


def status(diagnostics):
    """Return the newest status of the classifier: level, message, values."""
    for message in reversed(diagnostics):
        for entry in message.status:
            if entry.name == '/classifier':
                return entry.level[0] if isinstance(entry.level, bytes) else entry.level, \
                    entry.message, {v.key: v.value for v in entry.values}
    return None


def count(diagnosed, name):
    """Return a count in the newest diagnostics, 0 when there are none yet."""
    return int((diagnosed or (0, '', {}))[2].get(name, 0))


def age(diagnosed):
    """Return the age of the newest result as the diagnostics tell it; None when there is none."""
    return (diagnosed or (0, '', {}))[2].get('result age ms')
