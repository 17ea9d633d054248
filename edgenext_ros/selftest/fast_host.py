# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Time the work of the processor around an inference: conversion and postprocessing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median
from time import perf_counter

import cv2
from edgenext_ros.bench.repeatable import picture, quiet
from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import Bytes, ENCODINGS, Frame
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.selftest.fast_finding import fast_finding
from edgenext_ros.selftest.finding import Conditions, Finding, Verdict
from edgenext_ros.toolchain.network.sizes import INPUT_SIZE
import numpy as np

_FRAMES = ((640, 480), (1920, 1080))
_JPEG = 'jpeg'
_QUICK = ('bgr8', 'nv12', 'yuyv', _JPEG)
_CLASSES, _TOP_K = 1000, 5
_WARM_UP = 3


def check(conditions: Conditions) -> Iterator[Finding]:
    """Measure conversion of every encoding at two sizes, and postprocessing."""
    repeat = 10 if conditions.quick else 20
    for width, height in _FRAMES[:1] if conditions.quick else _FRAMES:
        conditions.progress(f'conversion of {width}x{height} frames')
        image = picture(width, height)
        times = {name: milliseconds(conversion(image, name), repeat=repeat)
                 for name in (_QUICK if conditions.quick else (*ENCODINGS, _JPEG))}
        fastest, slowest = min(times, key=times.__getitem__), max(times, key=times.__getitem__)
        usual = ', '.join(f'{name} {times[name]:.2f} ms' for name in _QUICK)
        yield fast_finding(f'conversion {width}x{height}', Verdict.MEASURED, (
            f'from the bytes of a message to the {INPUT_SIZE}x{INPUT_SIZE} input: {usual}; of '
            f'{len(times)} encodings {fastest} is the fastest, {slowest} the slowest with '
            f'{times[slowest]:.2f} ms'), {f'{name}_ms': time for name, time in times.items()})
    conditions.progress('postprocessing')
    logits = np.random.default_rng(0).normal(0, 3, _CLASSES).astype(np.float32)
    time = milliseconds(lambda: Prediction.from_output(logits, top_k=_TOP_K), repeat=10 * repeat)
    yield fast_finding('postprocessing', Verdict.MEASURED, (
        f'softmax and the best {_TOP_K} of {_CLASSES} classes take {time:.3f} ms'),
        {'postprocessing_ms': time})


def conversion(image: Bytes, encoding: str) -> Callable[[], Bytes]:
    """
    Return a function that makes the model's input from a camera's bytes.

    :param image: the picture, BGR, uint8 (height, width, 3).
    :param encoding: a key of ``ENCODINGS``, or ``jpeg``.
    """
    converter = Nv12Converter(width=INPUT_SIZE, height=INPUT_SIZE)
    if encoding == _JPEG:
        jpeg = cv2.imencode('.jpg', image)[1].reshape(-1)
        return lambda: converter.convert(Frame.from_compressed(jpeg, enough=converter.covers))
    sent = encode(image, encoding)
    return lambda: converter.convert(
        Frame(encoding, sent.width, sent.height, sent.step, sent.data))


def milliseconds(function: Callable[[], object], *, repeat: int) -> float:
    """Return the median time of a function in ms."""
    times = []
    with quiet():
        for _ in range(_WARM_UP):
            function()
        for _ in range(repeat):
            begin = perf_counter()
            function()
            times.append(1e3 * (perf_counter() - begin))
    return median(times)
