# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Distinguish the output of a classifier from a feature map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def is_class_vector(shape: Sequence[int]) -> bool:
    """Return whether a shape has one value per class: (1, C), (1, C, 1, 1) or (C,)."""
    return min(shape, default=0) > 0 and sum(side != 1 for side in shape) <= 1


def wrong_output(shapes: Mapping[str, Sequence[int]]) -> str:
    """
    Return the error for a first output that is not a class vector, and name one that is.

    :param shapes: shapes of all outputs by name, in order; the first one is wrong.
    """
    (first, shape), *others = shapes.items()
    fitting = [f'{name} {_text(other)}' for name, other in others
               if is_class_vector(other) and max(other) > 1]
    remedy = f'; {" and ".join(fitting[:3])} would be one: export the model with it as first or ' \
        'only output' if fitting else ''
    return (f'expected one value per class as first output, found {first[:80]} {_text(shape)}'
            f'{", which is a map" if sum(side > 1 for side in shape) > 1 else ""}{remedy}')


def _text(shape: Sequence[int]) -> str:
    return 'x'.join(map(str, shape[:8])) or 'without a shape'
