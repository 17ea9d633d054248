# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The state of a classifier at one moment, for diagnostics and services."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgenext_ros.core.lost_frames import LostFrames
from edgenext_ros.engines.base import ModelInfo
from edgenext_ros.ros.settings import ClassifierSettings


@dataclass(frozen=True)
class Snapshot:
    """The state of a classifier; the fields from ``model`` on need a session."""

    state: str
    """Lifecycle state, such as ``active``."""
    enabled: bool
    """False while ``~/set_enabled`` pauses the node."""
    failure: str
    """The last failed transition and its reason; empty after a transition that succeeded."""
    settings: ClassifierSettings
    model: ModelInfo | None = None
    subscription: Any = None
    """The image subscription (rclpy); None while the node is not subscribed."""
    listens: bool = False
    """Images are wanted; with ``input_type`` hbmem, the subscription may wait for a publisher."""
    idle: bool = False
    """The node is not subscribed because, with ``lazy``, no result has a listener."""
    waited: float = 0.0
    """Seconds since images are wanted."""
    subscribed: float = 0.0
    """Seconds since the subscription was made; 0 without one."""
    busy: float = 0.0
    """Seconds since the work on the oldest image in progress began; 0 without one."""
    dropped: int = 0
    """Images that a newer image or a pause replaced or removed before work on them began."""
    lost: LostFrames | None = None
    """Counter of frames that were lost before they arrived."""
    message_bytes: int = 0
    """Size of the last serialised message in bytes."""
