# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Another user of an engine: a process that keeps it busy for 20 ms, rests, and so on.

``python -m edgenext_ros.selftest.fast_neighbour ENGINE MODEL`` prints ``ready``, works until its
standard input ends, and closes the engine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
import os
from pathlib import Path
import select
import subprocess
import sys
from tempfile import TemporaryFile
from threading import Timer
from time import perf_counter
from typing import IO

from edgenext_ros.engines.select import open_model
import numpy as np

BUSY_S = REST_S = 0.02
_START_S = 60.0
_CLOSE_S = 3.0
"""Seconds that the process has to close the engine, before it is killed."""


class NeighbourError(RuntimeError):
    """The second process has not started, or has ended early; the text has its last line."""


@contextmanager
def neighbour(engine: str, model: Path) -> Iterator[None]:
    """
    Keep an engine busy from another process during the block.

    :param engine: name of the engine.
    :param model: the model file.
    :raises NeighbourError: the process has not started, or has ended before the block.
    """
    with TemporaryFile() as errors, subprocess.Popen(
            [sys.executable, '-m', 'edgenext_ros.selftest.fast_neighbour', engine, str(model)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors) as process:
        watchdog = Timer(_START_S, process.kill)
        watchdog.start()
        try:
            assert process.stdin is not None and process.stdout is not None
            # The vendor's lines may precede it.
            if not any(line.endswith(b'ready\n') for line in process.stdout):
                raise NeighbourError(
                    f'the second process has not started on {engine}: {_last_line(errors)}')
            watchdog.cancel()
            yield
            if process.poll() is not None:
                raise NeighbourError(f'the second process has ended early on {engine}, so '
                                     f'nothing is timed beside it: {_last_line(errors)}')
            process.stdin.close()
            with suppress(subprocess.TimeoutExpired):
                process.wait(_CLOSE_S)
        finally:
            watchdog.cancel()
            process.kill()


def _last_line(file: IO[bytes]) -> str:
    """Return the last line that a process wrote to a file."""
    file.seek(0)
    lines = file.read().decode(errors='replace').strip().splitlines()
    return lines[-1] if lines else 'no message'


def main(runtime: str, model: str) -> None:
    """Run pictures until standard input ends."""
    engine, info = open_model(Path(model), runtime=runtime)
    picture = np.zeros(info.nv12_size, np.uint8)
    print('ready', flush=True)
    # Nobody reads standard output after this line, and a full pipe would stop a library that
    # prints.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while not select.select([sys.stdin], [], [], REST_S)[0]:
        end = perf_counter() + BUSY_S
        while perf_counter() < end:
            with engine.slot() as slot:
                np.copyto(slot.picture, picture)
                slot.run()
    engine.close()


if __name__ == '__main__':
    main(*sys.argv[1:3])
