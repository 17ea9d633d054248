# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Export a trained checkpoint: ONNX for any machine and for the BPU compiler."""

from __future__ import annotations

import argparse
from pathlib import Path
import warnings

import timm
import torch

SIZE = 224
OPSET = 11
"""The newest that the vendor's compiler reads."""


def trained_network(checkpoint: Path, *, model: str) -> torch.nn.Module:
    """Load the averaged network of a ``checkpoint.pt``, without the training heads."""
    state = torch.load(checkpoint, weights_only=True, map_location='cpu')['average']
    prefix = 'module.network.'
    weights = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
    network = timm.create_model(model, num_classes=weights['head.fc.bias'].numel())
    network.load_state_dict(weights)
    return network.eval()


def export(network: torch.nn.Module, output: Path) -> None:
    """
    Write an ONNX file that takes normalised RGB, float32 (1, 3, 224, 224), and gives logits.

    It appears under its name only when it is complete.
    """
    temporary = output.with_suffix('.part')
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(network, (torch.zeros(1, 3, SIZE, SIZE),), str(temporary),
                          input_names=['image'], output_names=['logits'],
                          opset_version=OPSET, dynamo=False)
    temporary.replace(output)


def main() -> None:
    """Read the arguments and export."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', type=Path, help='checkpoint.pt of the training')
    parser.add_argument('--output', type=Path, required=True, help='the .onnx file to write')
    parser.add_argument('--model', default='edgenext_xx_small', help='timm name')
    arguments = parser.parse_args()
    export(trained_network(arguments.checkpoint, model=arguments.model), arguments.output)
    print(f'{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB')


if __name__ == '__main__':
    main()
