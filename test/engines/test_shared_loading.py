# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A shared model is loaded once, also when users come or leave at the same time."""

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event

from edgenext_ros.engines import recovering, shared_model
from edgenext_ros.engines.shared_model import SharedModels
from helpers.fake_engine import FakeEngine, hang
import pytest

MODEL = Path('a.bin')


@pytest.fixture
def engines(monkeypatch):
    """Replace ``open_model`` below ``Recovering``; list the stand-ins that it makes."""
    made = []

    def opened(model, **_):
        result = FakeEngine().open_it()
        made.append(result[0])
        return result

    monkeypatch.setattr(recovering, 'open_model', opened)
    return made


def test_users_that_open_a_loading_model_share_it(engines, monkeypatch):
    models, begun, go, count = SharedModels(), Event(), Event(), []
    load = shared_model.open_recovering

    def slow(*arguments, **options):
        count.append(arguments)
        hang(begun, go)
        return load(*arguments, **options)

    monkeypatch.setattr(shared_model, 'open_recovering', slow)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(models.open, MODEL)
        assert begun.wait(10)
        second = threads.submit(models.open, MODEL)
        try:
            assert not wait([second], 0.05).done
        finally:
            go.set()
        shares = [future.result(10)[0] for future in (first, second)]
    assert (len(count), len(engines)) == (1, 1)
    for share in shares:
        share.close()
    assert engines[0].closed == 1


def test_engine_is_asked_to_retry_outside_of_the_lock_of_the_models(engines, monkeypatch):
    models, free = SharedModels(), []
    share, _ = models.open(MODEL)

    def retry(self):
        free.append(models._lock.acquire(blocking=False))
        if free[-1]:
            models._lock.release()

    monkeypatch.setattr(recovering.Recovering, 'retry', retry)
    again, _ = models.open(MODEL)
    assert free == [True]
    again.close()
    share.close()


def test_model_that_its_last_user_leaves_is_closed_before_it_is_loaded_again(
        engines, monkeypatch):
    models, closed = SharedModels(), []
    close = shared_model.close_or_defer

    def overtaken(engine):
        """Another user opens the model just before it is closed."""
        monkeypatch.setattr(shared_model, 'close_or_defer', close)
        again, _ = models.open(MODEL)
        closed.append(engines[0].closed)
        close(engine)
        again.close()

    share, _ = models.open(MODEL)
    monkeypatch.setattr(shared_model, 'close_or_defer', overtaken)
    share.close()
    assert closed == [1]
    assert [engine.closed for engine in engines] == [1, 1]
