# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The exponential mean of the probabilities of successive images."""

from __future__ import annotations

from collections.abc import Hashable
from math import expm1

from edgenext_ros.core.prediction import Values

LONGEST_GAP = 3.0
"""Longest gap between two images that are averaged, in multiples of the time constant."""


class ProbabilityMean:
    """
    Average the probabilities of all classes over the time of the images' stamps.

    An image that came ``seconds`` before the newest one counts about a third of it (1/e). The
    first images count equally, because the mean would otherwise follow the first image for
    ``seconds``.

    The mean begins anew with an image whose stamp is earlier than the one before, or later by more
    than ``LONGEST_GAP`` times ``seconds``, and with an image of another source. An image with the
    stamp of the one before replaces it: no time has passed in which both could count. An image
    without a stamp is not averaged.

    >>> import numpy as np
    >>> mean = ProbabilityMean()
    >>> for stamp_ns, cat in ((1_000_000_000, 0.9), (1_100_000_000, 0.1), (1_200_000_000, 0.8)):
    ...     values = mean.update(np.array([cat, 1 - cat], np.float32), stamp_ns=stamp_ns,
    ...                          source='front', seconds=1.0)
    >>> [round(value, 2) for value in values.tolist()]
    [0.6, 0.4]
    """

    def __init__(self) -> None:
        self._source: Hashable = None
        self._mean: Values | None = None
        # Mean without the newest image, that image's share in the new mean, and its stamp.
        self._before: Values | None = None
        self._share, self._stamp_ns, self._count = 1.0, 0, 0

    def reset(self) -> None:
        """Forget all images; the next one begins a new mean."""
        self._mean = self._before = None

    def update(self, probabilities: Values, *, stamp_ns: int, source: Hashable,
               seconds: float) -> Values:
        """
        Add an image, and return the mean, which the caller must not change.

        :param probabilities: of all classes, float32 (classes,).
        :param stamp_ns: the image's stamp in nanoseconds; 0 means no stamp.
        :param source: the origin of the image, such as camera, size and model; images of
            different sources are never averaged.
        :param seconds: time constant of the mean, more than 0; a change keeps the mean so far.
        """
        if not stamp_ns:
            self.reset()
            return probabilities
        passed = (stamp_ns - self._stamp_ns) / 1e9
        if self._mean is None or source != self._source \
                or not 0 <= passed <= LONGEST_GAP * seconds:
            self._before, self._share, self._count = None, 1.0, 1
        elif passed:
            self._count += 1
            self._before, self._share = self._mean, max(
                1 / self._count, -expm1(-passed / seconds))
        self._stamp_ns, self._source = stamp_ns, source
        self._mean = probabilities if self._before is None else \
            self._before + self._share * (probabilities - self._before)
        return self._mean
