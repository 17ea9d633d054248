# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Start and observe the nodes of the tests in first_week."""

from pathlib import Path
import subprocess
import sys

import pytest


def resources(process):
    """Return a process's memory in MB, its threads, and its open descriptors."""
    folder = Path('/proc', str(process.process.pid))
    lines = (line.split(':') for line in (folder / 'status').read_text().splitlines())
    found = {key: value.split()[0] for key, value in lines if value.split()}
    return int(found['VmRSS']) / 1024, int(found['Threads']), len(list((folder / 'fd').iterdir()))


SLOW_NODE = """
import os, sys, time
from edgenext_ros.ros import node
from edgenext_ros.engines.onnx import OnnxSlot
run = OnnxSlot.run
def slow(self):
    print('inference begins', '' if self.picture[:1000].any() else 'on black', flush=True)
    {wait}
    return run(self)
OnnxSlot.run = slow
sys.exit(node.main())
"""


WORLDS = {
    # A home of 16 kB that is full; other folders are unchanged.
    'full disk': ('unshare', '-rm', 'sh', '-c', 'mount -t tmpfs -o size=16k tmpfs "$HOME" && '
                  '! dd if=/dev/zero of="$HOME/all" 2>/dev/null && exec "$@"', 'sh'),
    'no rights': ('unshare', '-U'),  # The user is nobody, and has no capability.
}


def node_in(ros, world):
    """Start a classifier in one of the worlds."""
    probe = subprocess.run([*WORLDS[world], 'true'], env=ros.environment, capture_output=True,
                           text=True)
    if probe.returncode:
        pytest.skip(f'this kernel does not lend a {world}: {probe.stderr.strip()}')
    return ros.run([*WORLDS[world], sys.executable, '-m', 'edgenext_ros.ros.node'])


def slow_node(ros, *, seconds=0.0, gate=None):
    """Start a classifier whose inference takes ``seconds``, or waits for a file on black."""
    wait = f'time.sleep({seconds})' if gate is None else (
        f'while not (self.picture[:1000].any() or os.path.exists({str(gate)!r})): '
        'time.sleep(0.01)')
    return ros.run([sys.executable, '-c', SLOW_NODE.format(wait=wait)])


def tcp_sockets(process):
    """Return the TCP sockets of a process: DDS has none, a download would."""
    folder = Path('/proc', str(process.process.pid))
    mine = {str(link.readlink()) for link in (folder / 'fd').iterdir()}
    rows = [row.split() for name in ('tcp', 'tcp6')
            for row in (folder / 'net' / name).read_text().splitlines()[1:]]
    return [row for row in rows if f'socket:[{row[9]}]' in mine]
