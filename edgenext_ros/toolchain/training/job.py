# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What to train on what, and what has become of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgenext_ros.models.left_out import Account
from edgenext_ros.toolchain.class_folders import TEST_FRACTION
from edgenext_ros.toolchain.training.student import TopAccuracy
from edgenext_ros.toolchain.training.trainer import Epoch, TrainingSettings


@dataclass(frozen=True)
class TrainingJob:
    """What to train on what."""

    data: Path
    """Folder with one folder of pictures per class."""
    output: Path
    """Folder for the checkpoint and the results."""
    settings: TrainingSettings
    test_fraction: float = TEST_FRACTION
    validation_fraction: float = 0.1
    """Of what is left of the test; 0 trains to the end and validates nothing."""


@dataclass(frozen=True)
class TrainingResult:
    """What has become of it."""

    onnx: Path
    start: str
    """Where the first weights came from."""
    classes: list[str]
    training: int
    validation: int
    test: TopAccuracy
    unreadable: tuple[str, ...]
    """Pictures that do not decode."""
    account: Account
    """All that was left out of the folder."""
    teacher: float | None
    """Top-1 of the teacher on pictures that it was not fitted to, in per cent."""
    temperature: float | None
    """What the logits were divided by to calibrate the probabilities."""
    history: list[Epoch]

    @property
    def labels(self) -> Path:
        """Label list, where the node looks for it."""
        return self.onnx.with_suffix('.labels.txt')
