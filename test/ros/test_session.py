# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The session of a node whose model is swapped for another one."""

from dataclasses import replace
from threading import Semaphore

from helpers.hostile_engine import GOOD, INFO

pytest_plugins = ['helpers.hostile_engine']


def test_swapped_model_works_on_as_many_images_as_it_has_slots(engine, node, give):
    begun = Semaphore(0)

    def hang():
        begun.release()
        assert engine.go.wait(20)
        return GOOD

    session = node.session
    engine.info, engine.answer = replace(INFO, slots=2), hang
    engine.open_it()
    assert session.pipeline.hold(20)
    session.swap(replace(session.model, info=engine.info))
    session.pipeline.release()
    for _ in range(2):
        give(node)
        assert begun.acquire(timeout=10)
    engine.go.set()
    assert session.pipeline.drain(20)
