# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Classifier: converter, engine and post-processing give the same answer for every encoding."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from threading import Barrier, Event, Semaphore

from edgenext_ros.core.classifier import Classifier
from edgenext_ros.core.encode import encode, to_bgr
from edgenext_ros.core.frame import ENCODINGS
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.engines.select import open_model
from edgenext_ros.models.store import locate
import numpy as np
import pytest

TOLERANCE = 0.08
"""Stated in the documentation: largest difference of a score between encodings of one picture."""


@pytest.fixture(scope='module')
def demo(onnxruntime):
    engine, info = open_model(locate('demo', suffixes=('.onnx',)).path)
    yield Classifier(slot=engine.slot, probabilities=info.probabilities,
                     converter=Nv12Converter(width=info.width, height=info.height))
    engine.close()


@pytest.mark.parametrize('encoding', [e for e in ENCODINGS if not e.startswith('mono')])
def test_every_encoding_gives_the_same_answer(demo, encoding, photograph):
    expected = demo.classify(encode(photograph, 'bgr8'), top_k=100).prediction
    found = demo.classify(encode(photograph, encoding), top_k=100).prediction
    assert found.class_ids[0] == expected.class_ids[0]
    scores = dict(zip(found.class_ids, found.scores, strict=True))
    assert max(abs(scores[c] - s) for c, s in zip(
        expected.class_ids, expected.scores, strict=True)) < TOLERANCE


class FakeSlot:
    """A slot whose scores are values of its picture."""

    def __init__(self, *, before=lambda: None):
        self.picture = np.zeros(224 * 224 * 3 // 2, np.uint8)
        self._before = before

    def run(self):
        self._before()
        return self.picture[::500].astype(np.float32)


@pytest.fixture
def converter():
    return Nv12Converter(width=224, height=224)


def test_picture_is_written_into_the_slot_before_it_is_run(converter, photograph):
    frame, order = encode(photograph, 'bgr8'), []
    slot = FakeSlot(before=lambda: order.append('run'))
    classifier = Classifier(slot=lambda: nullcontext(slot), converter=converter)
    found = classifier.classify(frame, converted=lambda: order.append('converted'))
    np.testing.assert_array_equal(slot.picture, converter.convert(frame))
    assert found.prediction == Prediction.from_output(slot.run(), top_k=5)
    assert order == ['converted', 'run', 'run']


def test_slot_is_given_back_when_the_frame_cannot_be_converted(converter, photograph):
    given_back = []

    @contextmanager
    def lend():
        try:
            yield FakeSlot(before=lambda: 1 / 0)
        finally:
            given_back.append(1)

    def fail():
        raise KeyError('mine')

    classifier = Classifier(slot=lend, converter=converter)
    with pytest.raises(KeyError, match='mine'):
        classifier.classify(encode(photograph, 'nv12'), converted=fail)
    assert given_back == [1]


def test_concurrent_frames_have_separate_pictures(converter, photograph):
    frames = [encode(image, 'nv12') for image in (photograph, photograph[:, ::-1])]
    both = Barrier(2)
    expected = [Classifier(slot=lambda: nullcontext(FakeSlot()), converter=converter).classify(
        frame).prediction for frame in frames]
    assert expected[0] != expected[1]
    classifier = Classifier(
        slot=lambda: nullcontext(FakeSlot(before=lambda: both.wait(10))), converter=converter)
    with ThreadPoolExecutor(2) as threads:
        for _ in range(20):
            found = list(threads.map(classifier.classify, frames))
            assert [one.prediction for one in found] == expected


def test_frames_are_converted_one_at_a_time(converter, photograph):
    begun, go = Semaphore(0), Event()

    class Slow:

        def convert(self, frame, *, out):
            begun.release()
            assert go.wait(10)
            return converter.convert(frame, out=out)

    frame = encode(photograph, 'nv12')
    classifier = Classifier(slot=lambda: nullcontext(FakeSlot()), converter=Slow())
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(classifier.classify, frame) for _ in range(2)]
        assert begun.acquire(timeout=10)
        try:
            assert not begun.acquire(timeout=0.05)
        finally:
            go.set()
        assert both[0].result(10).prediction == both[1].result(10).prediction


def test_stages_are_timed(demo, photograph):
    timings = demo.classify(encode(photograph, 'bgr8')).timings
    assert min(timings.convert_ms, timings.infer_ms, timings.postprocess_ms) > 0
    assert timings.total_ms == pytest.approx(
        timings.convert_ms + timings.infer_ms + timings.postprocess_ms)


@pytest.mark.parametrize('encoding', ['nv12', 'nv21', 'nv24', 'yuyv', 'uyvy'])
@pytest.mark.parametrize('yuv_range,black,white', [('limited', 16, 235), ('full', 0, 255)])
def test_to_bgr_follows_the_yuv_range(encoding, yuv_range, black, white):
    frame = encode(np.zeros((4, 4, 3), np.uint8), encoding)
    luma = frame.data == 16  # chroma is 128
    for value, shown in ((black, 0), (white, 255)):
        frame.data[luma] = value
        assert (to_bgr(frame, yuv_range=yuv_range) == shown).all()


@pytest.mark.parametrize('size', [(1, 1), (7, 1), (1, 5)], ids=str)
def test_to_bgr_converts_thin_nv24_pictures(size):
    image = np.full((size[1], size[0], 3), (40, 90, 200), np.uint8)
    shown = to_bgr(encode(image, 'nv24'))
    assert shown.shape == image.shape
    assert np.abs(shown.astype(int) - image).max() <= 4


@pytest.mark.parametrize('encoding', ENCODINGS)
def test_to_bgr_looks_like_the_source(encoding, photograph):
    shown = to_bgr(encode(photograph, encoding))
    expected = photograph
    if encoding.startswith('mono'):
        shown, expected = shown.mean(axis=2), photograph @ [0.114, 0.587, 0.299]
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(float) - expected).mean() < 5
