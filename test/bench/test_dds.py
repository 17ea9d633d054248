# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The DDS benchmark: every role sees the camera's frames and reports its figures."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

from helpers.hbm_images import NEEDS_HBM
import pytest

pytest.importorskip('scipy', reason='the baseline needs it: pip install scipy')
benchmark_ros = import_module('edgenext_ros.bench.dds')
pytestmark = [pytest.mark.dds, pytest.mark.slow]
FEW = replace(benchmark_ros.SMALL, rate=8, frames=24)


@pytest.mark.parametrize('role', ['floor', 'echo', 'plain', 'classifier'])
def test_session_measures_each_role(role: str):
    figures = benchmark_ros.session(role, FEW)
    assert FEW.frames / 2 < figures['results'] <= FEW.frames
    assert figures['frames'] == figures['results']
    assert figures['cpu_ms'] > 0
    assert all(0 < age < 10_000 for age in figures['ages_ms'])


@pytest.mark.skipif(find_spec('hbm_img_msgs') is None, reason=NEEDS_HBM)
def test_session_measures_images_in_shared_memory():
    figures = benchmark_ros.session('classifier', replace(
        benchmark_ros.TROS, rate=8, frames=24, input_type='hbmem'))
    assert 12 < figures['results'] <= 24
    assert figures['frames'] == figures['results']


def test_session_runs_inference_in_a_helper_process(capfd):
    figures = benchmark_ros.session('classifier', FEW, infer_us=5000, helper=True)
    assert FEW.frames / 2 < figures['results'] <= FEW.frames
    assert all(5 < age < 10_000 for age in figures['ages_ms'])
    assert 'Warning' not in capfd.readouterr().err, 'a resource was left behind'


def test_session_names_a_role_that_fails():
    with pytest.raises(RuntimeError, match=r'nobody.*ended with code 1'):
        benchmark_ros.session('nobody', FEW)
