# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The catalog of models, their files and published figures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

DOWNLOADS = 'https://archive.d-robotics.cc/downloads/rdk_model_zoo/rdk_x5/'
"""Address of the published files on the model zoo's download server."""
HUB = 'https://huggingface.co/'
"""Address of timm's weights."""

KINDS = MappingProxyType({'bin': '.bin', 'onnx': '.onnx', 'weights': '.safetensors'})
"""Suffix by kind of file: for the BPU, for ONNX Runtime, and for training and compiling."""


@dataclass(frozen=True)
class File:
    """One file of a model."""

    name: str
    """Name on this machine; names from the network are never used."""
    base: str = ''
    """Address of the publisher, ending in a slash; empty for a bundled file."""
    path: str = ''
    """Path below the address of the publisher or of a mirror."""

    @property
    def suffix(self) -> str:
        """Suffix of the name, such as ``.bin``."""
        return Path(self.name).suffix

    @property
    def kind(self) -> str:
        """Kind of file, a key of ``KINDS``."""
        return next(kind for kind, suffix in KINDS.items() if suffix == self.suffix)


@dataclass(frozen=True)
class Figures:
    """Figures that the publisher measured on an RDK X5, for ImageNet-1k at 224 x 224."""

    float_top1: float
    """Top-1 accuracy of the ONNX file, in per cent."""
    top1: float
    """Top-1 accuracy of the ``.bin``, in per cent."""
    latency_ms: float
    """Milliseconds for one picture with one thread."""
    fps: float
    """Pictures per second with several threads."""


@dataclass(frozen=True)
class Entry:
    """One model of the catalog."""

    name: str
    title: str
    files: tuple[File, ...]
    """The files, in the order of preference for ``auto``."""
    labels: str
    """File name of the label list."""
    figures: Figures | None = None
    bundled: bool = False
    """The files are part of this package."""


def _published(size: str, tag: str, figures: Figures) -> Entry:
    binary, onnx = f'EdgeNeXt_{size}_224x224_nv12.bin', f'edgenext_{size}.onnx'
    weights = f'edgenext_{size}.{tag}'
    return Entry(size, f'EdgeNeXt {size}, ImageNet-1k, published by D-Robotics',
                 (File(binary, DOWNLOADS, binary), File(onnx, DOWNLOADS, onnx),
                  File(f'{weights}.safetensors', HUB,
                       f'timm/{weights}/resolve/main/model.safetensors')),
                 'imagenet_1k.txt', figures)


# Figures: the EdgeNeXt page of the model zoo. Tags: timm's defaults, the first of each size in
# default_cfgs of timm/models/edgenext.py (1.0.22). File name on the hub: HF_SAFE_WEIGHTS_NAME of
# timm/models/_hub.py.
CATALOG = MappingProxyType({entry.name: entry for entry in (
    Entry('demo', 'EdgeNeXt-XX-Small, 100 classes of Caltech-101',
          (File('demo.bin'), File('demo.onnx')), 'caltech_101.txt', bundled=True),
    _published('xx_small', 'in1k', Figures(69.50, 64.25, 2.47, 403.49)),
    _published('x_small', 'in1k', Figures(71.75, 66.25, 2.88, 345.73)),
    _published('small', 'usi_in1k', Figures(76.50, 71.75, 4.41, 226.15)),
    _published('base', 'usi_in1k', Figures(78.21, 74.52, 8.80, 113.35)))})
"""Entries by name."""
