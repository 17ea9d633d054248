# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the network says of one picture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]

_FEW: Final = 16
"""So many times, to find the largest takes less time than to sort."""
_HARMLESS: Final = 50.0
"""The exponential of a logit up to this, and the sum of a million, stay finite in float32."""


def softmax(logits: Values) -> Values:
    """
    Return the probabilities of logits without overflow, for whole evaluations.

    ``Prediction.from_output`` needs only a few of one picture's and does not call this: it divides
    no more than those.

    :param logits: float32 (..., classes), at least one picture's.
    :return: the same shape; each picture's sum is 1.
    """
    exponentials = np.exp(logits - logits.max(-1, keepdims=True))
    result: Values = exponentials / exponentials.sum(-1, keepdims=True)
    return result


@dataclass(frozen=True)
class Prediction:
    """The best classes of one picture, best first."""

    class_ids: tuple[int, ...]
    """Class indices."""
    scores: tuple[float, ...]
    """Probabilities of these classes, 0..1, falling."""

    def __len__(self) -> int:
        return len(self.class_ids)

    @classmethod
    def from_output(cls, output: Values, *, top_k: int, threshold: float = 0.0,
                    probabilities: bool = False) -> Prediction:
        """
        Take the best classes of a network's output.

        :param output: one value per class, float32 (classes,).
        :param top_k: how many classes at most, at least 1.
        :param threshold: leave out classes with a lower probability.
        :param probabilities: the output is probabilities already; else it is logits.
        """
        best = int(output.argmax())
        values, total = (output.copy(), 1.0) if probabilities else _exponentials(output, best)
        least = float(np.float32(threshold)) if threshold else 0.0
        if top_k > _FEW:
            return cls._by_sorting(values / np.float32(total), top_k, least)
        class_ids, scores = [], []
        cells: Any = values.data  # Reads and writes one number in a third of an array's time.
        for rank in range(min(top_k, values.size)):
            # Of equal ones it is the first, so that equal pictures give equal lists.
            if rank:
                best = int(values.argmax())
            score = cells[best] / total
            if not score >= least:
                break
            class_ids.append(best)
            scores.append(score)
            cells[best] = -1.0
        return cls(tuple(class_ids), tuple(scores))

    @classmethod
    def _by_sorting(cls, values: Values, top_k: int, least: float) -> Prediction:
        best = np.argsort(-values, kind='stable')[:top_k]
        best = best[values[best] >= least]
        return cls(tuple(best.tolist()), tuple(values[best].tolist()))


def _exponentials(logits: Values, best: int) -> tuple[Values, float]:
    """Return the exponentials of logits, scaled by anything, and their sum; best is highest."""
    peak = logits.item(best)
    values: Values = np.exp(logits if abs(peak) < _HARMLESS else logits - peak)
    return values, float(values.dot(_ones(values.size)))


@lru_cache(maxsize=4)
def _ones(count: int) -> Values:
    """
    Return ones: a dot product with them is the fastest sum.

    Reference BLAS, which apt installs by default, adds one value after the other: of 1000 the sum
    is then off by up to 2e-6 of itself, OpenBLAS' by 2e-7. A score is published with fewer digits.
    """
    return np.ones(count, np.float32)
