# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Estimate the period of a camera from the gaps between the frames that arrived."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_Values = npt.NDArray[np.float64]

LEAST_GAPS = 12
"""Minimum number of gaps for an estimate."""
_LEAST_SINGLES, _SINGLES_SHARE = 3, 0.08
"""Minimum number and share of gaps of one period; at 80 % losses, 20 % of the gaps are."""
_NOISE, _DOUBT = 0.24, 0.35
"""Maximum RMS distance of gaps from whole periods, in periods. ``_DOUBT`` divided by the square
root of the number of gaps lowers it, because few random gaps may have less than the expected 0.29
by chance."""
_STEADY_NOISE, _NOISE_RATIO = 0.06, 2.0
_BIAS, _BIAS_DOUBT = 0.06, 0.2
"""Maximum mean of the signed distances: jitter averages to 0, a wrong period does not."""


def period_of(gaps: _Values) -> float | None:
    """
    Return the period that all gaps are multiples of, within their jitter.

    :param gaps: seconds between stamps, float64 of shape (n,).
    :return: seconds; None when the gaps have no common period or too few are of a single period.
    """
    if len(gaps) < LEAST_GAPS:
        return None
    best, least = None, float('inf')
    for first in np.unique(np.quantile(gaps, np.linspace(0.02, 0.5, 12))):
        period = _refined(float(first), gaps)
        periods = np.maximum(1, np.rint(gaps / period))
        single = periods == 1
        if np.count_nonzero(single) < max(_LEAST_SINGLES, _SINGLES_SHARE * len(gaps)):
            continue
        noise = gaps / period - periods
        # Outliers are ignored: a clock that is set makes a gap of any length.
        level = _rms(_usual(noise, 20))
        steady = max(_STEADY_NOISE, _NOISE_RATIO * _rms(noise[single]))
        if level < min(least, _limit(len(gaps))) and (
                _is_jitter(noise[single]) and _is_jitter(_usual(noise[~single], 10), steady)):
            best, least = period, level
    return best


def _refined(period: float, gaps: _Values) -> float:
    """Fit a period by least squares, first to short gaps, whose multiples are certain."""
    for most in (1, 2, 4, 10, 100):
        periods = np.maximum(1, np.rint(gaps / period))
        near = periods <= most
        if near.any():
            period = float(np.dot(gaps[near], periods[near]) / np.dot(periods[near],
                                                                      periods[near]))
    return period


def _limit(number: int) -> float:
    return _NOISE - _DOUBT / float(np.sqrt(number))


def _is_jitter(noise: _Values, most: float = _NOISE) -> bool:
    """Return whether these distances from whole periods are small enough to be jitter."""
    return not len(noise) or (
        _rms(noise) < min(most, _NOISE)
        and abs(float(noise.mean())) < _BIAS + _BIAS_DOUBT / float(np.sqrt(len(noise))))


def _usual(noise: _Values, part: int) -> _Values:
    """Remove the largest values, one in ``part``."""
    return noise[np.argsort(np.abs(noise))][:len(noise) - len(noise) // part]


def _rms(values: _Values) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
