# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Export a network as ONNX, for ONNX Runtime and for the BPU's compiler."""

from __future__ import annotations

import contextlib
from pathlib import Path
import sys
import warnings

from edgenext_ros.models.atomic_file import atomic_write
from edgenext_ros.toolchain.network.sizes import INPUT_SIZE
import torch
from torch import nn

_OPSET = 11
"""The newest opset that hb_mapper reads."""


def export(network: nn.Module, output: Path, *,
           size: tuple[int, int] = (INPUT_SIZE, INPUT_SIZE)) -> None:
    """
    Write an ONNX file that maps normalised RGB, float32 (1, 3, *size), to logits.

    :param network: the network; it is left in eval mode.
    :param output: the file; it appears under its name only when it is complete.
    :param size: height and width of the input, in pixels.
    """
    options = {} if torch.__version__ < '2.5' else {'dynamo': False}
    with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
        warnings.simplefilter('ignore')
        with atomic_write(output) as part:
            torch.onnx.export(
                network.eval(), (torch.zeros(1, 3, *size),), str(part), input_names=['image'],
                output_names=['logits'], opset_version=_OPSET, **options)
