# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A shared model that fails, and a user that opens it again while others have it open."""

from pathlib import Path

from edgenext_ros.engines import recovering
from edgenext_ros.engines.base import infer, InferenceError
from edgenext_ros.engines.shared_model import SharedModels
from helpers.fake_engine import FakeEngine
import numpy as np
import pytest


@pytest.fixture
def made(monkeypatch):
    """Replace ``open_model`` below ``Recovering``; list the stand-ins that it makes."""
    made = []

    def opened(model, **_):
        made.append(FakeEngine(answer=lambda picture: np.repeat(picture[:1], 3)))
        return made[-1].open_it()

    monkeypatch.setattr(recovering, 'open_model', opened)
    return made


def value(share, number):
    """Return the first score of a picture; the stand-in answers with the picture's value."""
    return int(infer(share, np.full(6, number, np.uint8))[0])


def test_user_that_comes_again_gets_the_model_of_a_changed_file(made, tmp_path):
    file, models = tmp_path / 'a.bin', SharedModels()
    file.write_bytes(b'first')
    first, second = (models.open(file)[0] for _ in range(2))
    made[0].answer = lambda _: 1 / 0
    file.write_bytes(b'another')
    with pytest.raises(InferenceError, match='broke down'):
        value(first, 1)
    first.close()
    first, _ = models.open(file)
    assert value(first, 2) == 2
    third, _ = models.open(file)
    assert (len(made), [engine.closed for engine in made]) == (2, [0, 0])
    for share in (first, second, third):
        share.close()
    assert [engine.closed for engine in made] == [1, 1]


def test_user_that_comes_again_gets_an_engine_that_is_opened_again(made):
    models = SharedModels()
    first, second = (models.open(Path('a.bin'))[0] for _ in range(2))
    for index, failures in enumerate((1, 2)):
        assert value(first, 1) == 1
        made[index].answer = lambda _: 1 / 0
        for _ in range(failures):
            with pytest.raises(InferenceError, match='broke down'):
                value(first, 1)
    with pytest.raises(InferenceError, match='reopening the engine has not helped'):
        value(second, 1)
    first.close()
    first, _ = models.open(Path('a.bin'))
    assert value(first, 2) == 2
    assert value(second, 3) == 3
    assert [engine.closed for engine in made] == [1, 1, 0]
