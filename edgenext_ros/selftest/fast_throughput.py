# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Count the pictures a second that an engine runs for one, two and four threads."""

from __future__ import annotations

from threading import Barrier, Lock, Thread
from time import perf_counter

from edgenext_ros.engines.base import Engine, InferenceError, ModelInfo
import numpy as np


def pictures_a_second(engine: Engine, info: ModelInfo, *, threads: int, seconds: float) -> float:
    """
    Let each of several threads run one picture after the other.

    :param engine: an engine with an open model; a thread waits while all of its slots are lent.
    :param info: facts about the model.
    :param threads: number of threads.
    :param seconds: duration.
    :return: pictures a second of all threads together.
    :raises InferenceError: an inference failed, or had not returned after ``info.hang_timeout_s``.
    """
    picture = np.random.default_rng(0).integers(0, 256, info.nv12_size, np.uint8)
    ready, lock = Barrier(threads + 1), Lock()
    counts, errors, lasts = [0], list[BaseException](), list[float]()

    def work() -> None:
        done = 0
        ready.wait()
        end = perf_counter() + seconds
        try:
            while perf_counter() < end:
                with engine.slot() as slot:
                    np.copyto(slot.picture, picture)
                    slot.run()
                done += 1
        except (Exception, SystemExit) as error:  # the main thread reports what ends a worker
            errors.append(error)
        with lock:
            counts[0] += done
            lasts.append(perf_counter())

    workers = [Thread(target=work, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    ready.wait()
    begin = perf_counter()
    for worker in workers:
        worker.join(max(0.0, begin + seconds + threads * info.hang_timeout_s - perf_counter()))
    if errors:
        raise InferenceError(f'with {threads} threads: {errors[0]}') from errors[0]
    if any(worker.is_alive() for worker in workers):
        raise InferenceError(f'with {threads} threads: an inference had not returned after '
                             f'{threads * info.hang_timeout_s:.0f} s')
    return counts[0] / (max(lasts) - begin)
