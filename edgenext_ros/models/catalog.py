# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The models that have a name."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Entry:
    """One model of the catalog."""

    name: str
    title: str
    files: tuple[str, ...]
    """Its files in order of preference for ``auto``; each suffix names a kind of engine."""
    labels: str
    """Its label list."""
    bundled: bool = False
    """The files are part of this package."""


def _published(size: str) -> Entry:
    return Entry(size, f'EdgeNeXt {size}, ImageNet-1k, published by D-Robotics',
                 (f'EdgeNeXt_{size}_224x224_nv12.bin', f'edgenext_{size}.onnx'),
                 'imagenet_1k.txt')


CATALOG = MappingProxyType({entry.name: entry for entry in (
    Entry('demo', 'EdgeNeXt-XX-Small, 100 classes of Caltech-101', ('demo.bin', 'demo.onnx'),
          'caltech_101.txt', bundled=True),
    *map(_published, ('xx_small', 'x_small', 'small', 'base')))})
"""Entries by name."""
