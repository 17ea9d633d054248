# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the network says of one picture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float32]


def softmax(logits: Values) -> Values:
    """Return the probabilities of logits, float32 (classes,), without overflow."""
    exponentials = np.exp(logits - logits.max())
    result: Values = exponentials / exponentials.sum()
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
        values = output if probabilities else softmax(output)
        count = min(top_k, values.size)
        # A partition finds the best k without sorting the other classes.
        best = np.argpartition(values, values.size - count)[values.size - count:]
        # Equal scores in the order of their class, so that equal pictures give equal lists.
        best = best[np.lexsort((best, -values[best]))]
        best = best[values[best] >= threshold]
        return cls(tuple(best.tolist()), tuple(values[best].tolist()))
