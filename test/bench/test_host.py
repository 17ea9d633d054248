# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The host benchmark: both sides of each case compute the same."""

from __future__ import annotations

import gc
from importlib import import_module
from typing import Any

import cv2
from edgenext_ros.core.frame import Bytes
import numpy as np
import pytest

pytestmark = pytest.mark.slow

pytest.importorskip('scipy', reason='the baseline needs it: pip install scipy')
benchmark = import_module('edgenext_ros.bench.host')
SIZE = benchmark.INPUT_SIZE
NV12_SIZE = SIZE * SIZE * 3 // 2
PREPROCESSING = benchmark.preprocessing()


def decode_full_range(nv12: Bytes) -> Bytes:
    """Decode NV12 of BT.601 full range, for which OpenCV has no code, to BGR."""
    y = nv12[:SIZE * SIZE].reshape(SIZE, SIZE)
    uv = cv2.resize(nv12[SIZE * SIZE:].reshape(SIZE // 2, SIZE // 2, 2), (SIZE, SIZE))
    return cv2.cvtColor(np.dstack([y, uv[..., 1], uv[..., 0]]), cv2.COLOR_YCrCb2BGR)


def decode_limited_range(nv12: Bytes) -> Bytes:
    """Decode NV12 of BT.601 limited range to BGR."""
    return cv2.cvtColor(nv12.reshape(SIZE * 3 // 2, SIZE), cv2.COLOR_YUV2BGR_NV12)


@pytest.mark.parametrize('case', PREPROCESSING, ids=lambda case: case.name)
def test_preprocessing_sides_make_the_same_picture(case: Any):
    ours, theirs = case.ours(), case.theirs()
    assert ours.size == theirs.size == NV12_SIZE
    assert ours.dtype == theirs.dtype == np.uint8
    # At 1920x1080 the zoo's picture is a row lower, so compare blurred pictures.
    ours, theirs = (cv2.blur(bgr, (9, 9)) for bgr in (
        decode_full_range(ours), decode_limited_range(theirs)))
    assert cv2.absdiff(ours, theirs).mean() < 3  # the wrong range differs by more than 4


def test_baseline_writes_limited_range():
    theirs = PREPROCESSING[0].theirs().reshape(-1)
    assert theirs[0] == 125  # the border's grey 127, scaled to 16..235
    ours = PREPROCESSING[0].ours()
    assert ours[0] == 127
    assert np.ptp(theirs[:SIZE * SIZE]) < np.ptp(ours[:SIZE * SIZE])


def test_postprocessing_sides_find_the_same_classes():
    case = benchmark.postprocessing()
    ours, (class_ids, scores) = case.ours(), case.theirs()
    assert list(ours.class_ids) == class_ids
    assert ours.scores == pytest.approx(scores)


def test_preprocessing_has_every_kind_of_frame():
    assert [case.name for case in PREPROCESSING] == [
        *(f'preprocess 640x480 {kind}' for kind in ('bgr8', 'nv12', 'yuyv', 'jpeg')),
        *(f'preprocess 1920x1080 {kind}' for kind in ('bgr8', 'nv12', 'jpeg'))]


RESIZING = benchmark.resizing()


@pytest.mark.parametrize('case', RESIZING, ids=lambda case: case.name)
def test_resizing_sides_make_the_same_picture(case: Any):
    ours, theirs = case.ours(), case.theirs()
    assert ours.shape == theirs.shape
    assert cv2.absdiff(*(cv2.blur(image, (3, 3)) for image in (ours, theirs))).mean() < 3


def test_cases_have_unique_names():
    names = [case.name for case in benchmark.cases()]
    assert len(names) == len(set(names)) == len(PREPROCESSING) + 1 + len(RESIZING)


def test_measure_alternates_sides_without_garbage_collection():
    calls = []

    def side(name: str) -> None:
        calls.append(name)
        assert not gc.isenabled()
        assert cv2.getNumThreads() == 1

    before = cv2.getNumThreads()
    cv2.setNumThreads(2)
    try:
        row = benchmark.Timed('case', ours=lambda: side('ours'),
                              theirs=lambda: side('theirs')).measure(repeat=3)
        assert cv2.getNumThreads() == 2
        assert gc.isenabled()
    finally:
        cv2.setNumThreads(before)
    assert calls == ['ours', 'theirs'] * (len(calls) // 2)
    assert len(calls) >= 2 * 3
    assert row.ours > 0
    assert row.ratio == row.theirs / row.ours


def test_measure_restores_opencv_threads_and_gc_after_failure():
    before = cv2.getNumThreads()
    with pytest.raises(ZeroDivisionError):
        benchmark.Timed('case', ours=lambda: 1 / 0, theirs=lambda: None).measure(repeat=1)
    assert gc.isenabled()
    assert cv2.getNumThreads() == before


def test_picture_is_constant_and_compresses_like_a_photograph():
    image = benchmark.picture(640, 480)
    assert np.array_equal(image, benchmark.picture(640, 480))
    jpeg = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1]
    assert 0.5 < jpeg.size * 8 / (640 * 480) < 4  # bits a pixel
