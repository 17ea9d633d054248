# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A classifier at one moment, for whoever reports on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edgenext_ros.core.lost_frames import LostFrames
from edgenext_ros.engines.base import ModelInfo
from edgenext_ros.ros.settings import ClassifierSettings


@dataclass(frozen=True)
class Snapshot:
    """The state of a classifier; what belongs to a session is empty without one."""

    state: str
    """Lifecycle state, such as ``active``."""
    enabled: bool
    """``set_enabled`` has not paused it."""
    failure: str
    """Which transition failed last, and why; empty after one that succeeded."""
    settings: ClassifierSettings
    model: ModelInfo | None = None
    subscription: Any = None
    """The subscription of the images (rclpy); None while the node does not listen."""
    waited: float = 0.0
    """Seconds since the subscription was made."""
    busy: float = 0.0
    """Seconds that the oldest image in work has taken so far."""
    dropped: int = 0
    """Images that a newer one replaced, or a pause, before work on them began."""
    lost: LostFrames | None = None
    """What is known of frames that were lost before they arrived."""
    message_bytes: int = 0
    """Size of the last message, serialised."""
