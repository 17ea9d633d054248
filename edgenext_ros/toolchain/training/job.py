# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A training job and its result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgenext_ros.models.left_out import Account
from edgenext_ros.toolchain.class_folders import TEST_FRACTION
from edgenext_ros.toolchain.training.student import TopAccuracy
from edgenext_ros.toolchain.training.trainer import Epoch, TrainingSettings


@dataclass(frozen=True)
class TrainingJob:
    """What to train, and on which pictures."""

    data: Path
    """Folder with one folder of pictures per class."""
    output: Path
    """Folder for the checkpoint and the results."""
    settings: TrainingSettings
    test_fraction: float = TEST_FRACTION
    validation_fraction: float = 0.1
    """Share of the pictures outside the test; 0 validates nothing and never stops early."""


@dataclass(frozen=True)
class TrainingResult:
    """The trained model and its figures."""

    onnx: Path
    start: str
    """Description of the initial weights."""
    classes: list[str]
    training: int
    validation: int
    test: TopAccuracy
    unreadable: tuple[str, ...]
    """Pictures that do not decode."""
    account: Account
    """Files of the folder that were left out, by reason."""
    teacher: float | None
    """Cross-validated top-1 accuracy of the teacher's probe, in per cent."""
    temperature: float | None
    """Divisor of the logits that calibrates the probabilities."""
    history: list[Epoch]

    @property
    def labels(self) -> Path:
        """Label list, beside the model, where the node looks for it."""
        return self.onnx.with_suffix('.labels.txt')
