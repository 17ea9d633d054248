# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The processor's work is timed for every encoding that the node reads."""

from __future__ import annotations

from edgenext_ros.bench.repeatable import picture
from edgenext_ros.core.frame import ENCODINGS
from edgenext_ros.selftest import fast_host
from edgenext_ros.selftest.finding import Conditions, Verdict
import numpy as np
import pytest


@pytest.mark.parametrize('encoding', [*ENCODINGS, 'jpeg'])
def test_conversion_makes_the_models_input(encoding):
    image = picture(64, 48)
    found = fast_host.conversion(image, encoding)()
    assert found.size == 224 * 224 * 3 // 2
    expected = fast_host.conversion(image, 'bgr8')()[:224 * 224].astype(int)
    assert np.abs(found[:224 * 224] - expected).mean() < 10


def test_quick_check_has_few_encodings_of_one_size():
    found = list(fast_host.check(Conditions((), quick=True)))
    assert [finding.name for finding in found] == ['conversion 640x480', 'postprocessing']
    assert list(found[0].figures) == ['bgr8_ms', 'nv12_ms', 'yuyv_ms', 'jpeg_ms']
    assert all(value > 0 for finding in found for value in finding.figures.values())
    assert {finding.verdict for finding in found} == {Verdict.MEASURED}


@pytest.mark.slow
def test_full_check_has_every_encoding_at_two_sizes():
    found = list(fast_host.check(Conditions(())))
    assert [finding.name for finding in found] == [
        'conversion 640x480', 'conversion 1920x1080', 'postprocessing']
    for finding in found[:2]:
        assert set(finding.figures) == {f'{name}_ms' for name in (*ENCODINGS, 'jpeg')}
