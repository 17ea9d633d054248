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


# These are named tuples, because each image needs two objects, and a frozen dataclass takes five
# times as long to construct.
class ReceivedImage(NamedTuple):
    """A serialised image, with its subscription and time."""

    message: bytes
    subscription: Any
    """The rclpy subscription that received it; results of earlier subscriptions are dropped."""
    received: float
    """Receive time in monotonic seconds."""


class Outcome(NamedTuple):
    """
    The outcome of one image: a result, an error, or neither if the image was skipped.

    A result implies that ``picture`` and ``frame`` are set.
    """

    image: ReceivedImage
    model: LoadedModel
    """The model, labels and parameters that this image was processed with."""
    ready: float
    """Monotonic seconds at the end of the work."""
    picture: CameraData | None = None
    frame: Frame | None = None
    result: Classification | None = None
    error: BaseException | None = None


class Observer(Protocol):
    """An observer receives the outcome of each image, in order, one at a time."""

    def on_outcome(self, outcome: Outcome) -> None:
        """Process an outcome; called by the thread that worked on the image."""


def describe_problem(error: BaseException) -> str:
    """Return the text of an expected error, or the traceback of any other error."""
    if isinstance(error, (FrameError, InferenceError)):
        return str(error)
    return ''.join(traceback.format_exception(type(error), error, error.__traceback__))
