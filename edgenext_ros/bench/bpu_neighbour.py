# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Use the BPU as another program of the robot does, for ``edgenext bench shared``.

``python -m edgenext_ros.bench.bpu_neighbour neighbour JSON`` prints ``ready``, runs a model
through libdnn until its standard input ends, and prints in JSON when each inference ended.
"""

from __future__ import annotations

import json
from pathlib import Path
import sys
from threading import Event, Lock, Thread
from time import monotonic

from edgenext_ros.engines.base import Engine
from edgenext_ros.engines.select import open_model

IN_FLIGHT = 2
"""Tasks that wait or run at a time: the default of TROS' dnn_node, and the slots of ``libdnn``."""


class Neighbour:
    """
    Run a model at a steady rate, with ``IN_FLIGHT`` tasks at a time.

    :param engine: engine with an open model.
    :param rate: inferences a second; 0 starts one whenever another has ended.
    """

    def __init__(self, engine: Engine, *, rate: float) -> None:
        self._engine, self._period = engine, 1 / rate if rate else 0.0
        self._ends: list[float] = []
        self._due, self._lock, self._stopping = monotonic(), Lock(), Event()

    def run(self) -> list[float]:
        """Work until standard input ends; return the monotonic times of the ends."""
        threads = [Thread(target=self._work) for _ in range(IN_FLIGHT)]
        for thread in threads:
            thread.start()
        print('ready', flush=True)
        sys.stdin.read()
        self._stopping.set()
        for thread in threads:
            thread.join()
        return sorted(self._ends)

    def _work(self) -> None:
        while not self._stopping.wait(self._pause()):
            with self._engine.slot() as slot:
                slot.run()
            self._ends.append(monotonic())

    def _pause(self) -> float:
        """Return the seconds until the next inference is due; frames that are late are skipped."""
        with self._lock:
            now = monotonic()
            due, self._due = self._due, max(self._due, now) + self._period
            return max(0.0, due - now)


def main(options: str) -> None:
    """Run the model that the options name."""
    settings = json.loads(options)
    engine, _ = open_model(Path(settings['model']), runtime='libdnn')
    try:
        ends = Neighbour(engine, rate=settings['rate']).run()
    finally:
        engine.close()
    print(json.dumps({'ends': ends}), flush=True)


if __name__ == '__main__':
    main(sys.argv[2])
