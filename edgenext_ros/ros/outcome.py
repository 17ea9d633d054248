# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""One image on its way: what was received, and what became of it."""

from __future__ import annotations

import traceback
from typing import Any, NamedTuple, Protocol

from edgenext_ros.core.classifier import Classification
from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.engines.base import InferenceError
from edgenext_ros.ros.loaded_model import LoadedModel
from edgenext_ros.ros.serialised_images import CameraData


# Tuples: building one takes a fifth of the time of a frozen dataclass, and each image has two.
class ReceivedImage(NamedTuple):
    """A serialised image, and where it came from."""

    message: bytes
    subscription: Any
    """The subscription of that time (rclpy); an image of a former one is dropped."""
    received: float
    """Steady seconds."""


class Outcome(NamedTuple):
    """
    What became of one image: a result, an error, or neither where it was left out on purpose.

    A result has a picture and a frame.
    """

    image: ReceivedImage
    model: LoadedModel
    """The model, labels and parameters of this image."""
    ready: float
    """Steady seconds at the end of the work."""
    picture: CameraData | None = None
    frame: Frame | None = None
    result: Classification | None = None
    error: BaseException | None = None


class Observer(Protocol):
    """Whoever learns what became of each image, in their order, one at a time."""

    def on_outcome(self, outcome: Outcome) -> None:
        """Take note of an outcome; called by the thread that worked on the image."""


def describe_problem(error: BaseException) -> str:
    """Return an error's sentence, or the traceback of what only a bug of ours raises."""
    if isinstance(error, (FrameError, InferenceError)):
        return str(error)
    return ''.join(traceback.format_exception(type(error), error, error.__traceback__))
