# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Another user of the BPU: a process that keeps an engine busy for 20 ms, rests, and so on.

``python -m edgenext_ros.selftest.fast_neighbour ENGINE MODEL`` prints ``ready``, works until its
standard input ends, and prints the number of its pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import subprocess
import sys
from threading import Event, Thread, Timer
from time import perf_counter

from edgenext_ros.engines.select import open_model
import numpy as np

BUSY_S = REST_S = 0.02
_START_S = 60.0


class NeighbourError(RuntimeError):
    """The second process has not started; the text has its last line."""


@contextmanager
def neighbour(engine: str, model: Path) -> Iterator[None]:
    """
    Keep the BPU busy from another process during the block.

    :param engine: name of the engine.
    :param model: the model file.
    :raises NeighbourError: the process has not started.
    """
    process = subprocess.Popen(
        [sys.executable, '-m', 'edgenext_ros.selftest.fast_neighbour', engine, str(model)],
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    watchdog = Timer(_START_S, process.kill)
    watchdog.start()
    try:
        assert process.stdout is not None and process.stderr is not None
        if not any(line == 'ready\n' for line in process.stdout):  # vendors' lines may precede it
            last = (process.stderr.read().strip().splitlines() or ['no message'])[-1]
            raise NeighbourError(f'the second process has not started on {engine}: {last}')
        watchdog.cancel()
        yield
    finally:
        watchdog.cancel()
        process.kill()
        process.communicate()


def main(runtime: str, model: str) -> None:
    """Run pictures until standard input ends."""
    engine, info = open_model(Path(model), runtime=runtime)
    picture, ended = np.zeros(info.nv12_size, np.uint8), Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        ended.set()

    Thread(target=wait_for_end, daemon=True).start()
    print('ready', flush=True)
    pictures = 0
    while not ended.wait(REST_S):
        end = perf_counter() + BUSY_S
        while perf_counter() < end:
            with engine.slot() as slot:
                np.copyto(slot.picture, picture)
                slot.run()
            pictures += 1
    engine.close()
    print(pictures, flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:3])
