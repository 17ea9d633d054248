# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A received image, and the outcome of the work on it."""

from __future__ import annotations

import traceback
from typing import Any, NamedTuple, Protocol

from edgenext_ros.core.classifier import Classification
from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.engines.base import InferenceError
from edgenext_ros.ros.loaded_model import LoadedModel
from edgenext_ros.ros.serialised_images import CameraData


# Named tuples: building one takes a fifth of the time of a frozen dataclass, and each image
# needs two.
class ReceivedImage(NamedTuple):
    """A serialised image, with its subscription and time."""

    message: bytes
    subscription: Any
    """The subscription that received it (rclpy); images of earlier subscriptions are dropped."""
    received: float
    """Steady seconds."""


class Outcome(NamedTuple):
    """
    The outcome of one image: a result, an error, or neither if it was left out on purpose.

    With a result, ``picture`` and ``frame`` are set too.
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
    """Gets the outcome of each image, in the order of the images, one at a time."""

    def on_outcome(self, outcome: Outcome) -> None:
        """Process an outcome; called by the thread that worked on the image."""


def describe_problem(error: BaseException) -> str:
    """Return the sentence of an expected error, or the traceback of any other."""
    if isinstance(error, (FrameError, InferenceError)):
        return str(error)
    return ''.join(traceback.format_exception(type(error), error, error.__traceback__))
