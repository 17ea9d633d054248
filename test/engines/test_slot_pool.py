# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""SlotPool: threads that wait for a slot, which the contract of engines does not test."""

from threading import Condition, Semaphore, Thread

from edgenext_ros.engines import slot_pool
from edgenext_ros.engines.base import InferenceError, ModelInfo
import pytest

INFO = ModelInfo('net', 'stand-in', width=2, height=2, classes=3)


@pytest.fixture
def waits(monkeypatch):
    """Count the threads that wait for a slot."""
    semaphore = Semaphore(0)

    class Told(Condition):

        def wait(self, timeout=None):
            semaphore.release()
            return super().wait(timeout)

    monkeypatch.setattr(slot_pool, 'Condition', Told)
    return semaphore


def test_close_ends_the_wait_of_every_thread(waits):
    pool = slot_pool.SlotPool(INFO)  # a pool without slots, so that each thread waits
    refused = []

    def take():
        try:
            pool.take()
        except InferenceError as error:
            refused.append(str(error))

    threads = [Thread(target=take, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert all(waits.acquire(timeout=20) for _ in threads)
    pool.close()
    for thread in threads:
        thread.join(5)
    assert refused == ['no model is open; call open first'] * 2


def test_returned_slot_ends_the_wait_of_a_thread(waits):
    pool, found = slot_pool.SlotPool(INFO, ['only']), []
    slot = pool.take()
    thread = Thread(target=lambda: found.append(pool.take()), daemon=True)
    thread.start()
    assert waits.acquire(timeout=20)
    pool.give_back(slot)
    thread.join(5)
    assert found == ['only']


def test_preferred_slot_is_lent_once():
    pool = slot_pool.SlotPool(INFO, ['late', 'other'], first={'late'}.__contains__)
    assert [pool.take(), pool.take()] == ['late', 'other']
