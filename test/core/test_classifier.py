# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A frame through converter, engine and post-processing; every encoding the same answer."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from edgenext_ros.core.classifier import Classifier
from edgenext_ros.core.encode import encode, to_bgr
from edgenext_ros.core.frame import ENCODINGS
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.engines.select import open_model
from edgenext_ros.models.store import locate
import numpy as np
import pytest

TOLERANCE = 0.08
"""Stated in the README: largest difference of a score between encodings of one picture."""


@pytest.fixture(scope='module')
def demo(onnxruntime):
    runtime, info = open_model(locate('demo', suffixes=('.onnx',)).path)
    yield Classifier(infer=runtime.infer, probabilities=info.probabilities,
                     converter=Nv12Converter(width=info.width, height=info.height))
    runtime.close()


@pytest.mark.parametrize('encoding', [e for e in ENCODINGS if not e.startswith('mono')])
def test_every_encoding_gives_the_same_answer(demo, encoding, photograph):
    expected = demo.classify(encode(photograph, 'bgr8'), top_k=100).prediction
    found = demo.classify(encode(photograph, encoding), top_k=100).prediction
    assert found.class_ids[0] == expected.class_ids[0]
    scores = dict(zip(found.class_ids, found.scores, strict=True))
    assert max(abs(scores[c] - s) for c, s in zip(
        expected.class_ids, expected.scores, strict=True)) < TOLERANCE


def test_an_engine_that_lends_its_memory_gets_the_same_picture(demo, photograph):
    frame, order = encode(photograph, 'bgr8'), []
    memory = np.zeros(224 * 224 * 3 // 2, np.uint8)

    def infer_from(write):
        write(memory)
        order.append('infer')
        return demo._infer(memory)

    lent = Classifier(infer=lambda nv12: 1 / 0, converter=demo.converter, infer_from=infer_from)
    found = lent.classify(frame, converted=lambda: order.append('converted'))
    assert found.prediction == demo.classify(frame).prediction
    np.testing.assert_array_equal(memory, demo.converter.convert(frame))
    assert order == ['converted', 'infer']
    timings = found.timings
    assert min(timings.convert_ms, timings.infer_ms, timings.postprocess_ms) > 0


def test_concurrent_frames_have_separate_pictures(photograph):
    frames = [encode(image, 'nv12') for image in (photograph, photograph[:, ::-1])]
    both = Barrier(2)

    def infer(nv12):  # a network, emulated, would take minutes
        return nv12[::500].astype(np.float32)

    def infer_from(write):
        memory = np.empty(224 * 224 * 3 // 2, np.uint8)
        write(memory)
        both.wait(10)
        return infer(memory)

    converter = Nv12Converter(width=224, height=224)
    lent = Classifier(infer=lambda nv12: 1 / 0, converter=converter, infer_from=infer_from)
    expected = [Classifier(infer=infer, converter=converter).classify(frame).prediction
                for frame in frames]
    assert expected[0] != expected[1]
    with ThreadPoolExecutor(2) as threads:
        for _ in range(20):
            found = list(threads.map(lent.classify, frames))
            assert [one.prediction for one in found] == expected


def test_stages_are_timed(demo, photograph):
    timings = demo.classify(encode(photograph, 'bgr8')).timings
    assert min(timings.convert_ms, timings.infer_ms, timings.postprocess_ms) > 0
    assert timings.total_ms == pytest.approx(
        timings.convert_ms + timings.infer_ms + timings.postprocess_ms)


@pytest.mark.parametrize('encoding', ['nv12', 'nv21', 'nv24', 'yuyv', 'uyvy'])
@pytest.mark.parametrize('yuv_range,black,white', [('limited', 16, 235), ('full', 0, 255)])
def test_pictures_for_display_follow_the_range(encoding, yuv_range, black, white):
    frame = encode(np.zeros((4, 4, 3), np.uint8), encoding)
    luma = frame.data == 16  # chroma is 128
    for value, shown in ((black, 0), (white, 255)):
        frame.data[luma] = value
        assert (to_bgr(frame, yuv_range=yuv_range) == shown).all()


@pytest.mark.parametrize('size', [(1, 1), (7, 1), (1, 5)], ids=str)
def test_thin_nv24_pictures_can_be_shown(size):
    image = np.full((size[1], size[0], 3), (40, 90, 200), np.uint8)
    shown = to_bgr(encode(image, 'nv24'))
    assert shown.shape == image.shape
    assert np.abs(shown.astype(int) - image).max() <= 4


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_pictures_for_display_look_like_the_source(encoding, photograph):
    shown = to_bgr(encode(photograph, encoding))
    expected = photograph
    if encoding.startswith('mono'):
        shown, expected = shown.mean(axis=2), photograph @ [0.114, 0.587, 0.299]
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(float) - expected).mean() < 5
