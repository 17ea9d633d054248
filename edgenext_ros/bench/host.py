# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Time the functions around the inference against the baseline's, side by side.

``edgenext bench`` shows every case that ``cases`` returns.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
import os
from pathlib import Path
import platform
from statistics import median
from time import perf_counter_ns
from typing import Any

import cv2
from edgenext_ros.bench import model_zoo_baseline
from edgenext_ros.bench.repeatable import picture, quiet
from edgenext_ros.bench.table import BenchRow
from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import Bytes, ENCODINGS, Frame
from edgenext_ros.core.nv12 import fit_rectangles, Nv12Converter
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.core.resize import Linear, Plane
from edgenext_ros.toolchain.network.sizes import INPUT_SIZE
import numpy as np

_FRAMES = ((640, 480), (1920, 1080))
"""Width and height of the camera's frames."""

_ZOO = 'model zoo'
_DECODERS = {'bgr8': model_zoo_baseline.from_bgr8, 'nv12': model_zoo_baseline.from_nv12,
             'yuyv': model_zoo_baseline.from_yuyv}
_RESIZES = {'linear': cv2.INTER_LINEAR, 'area': cv2.INTER_AREA}
_WARM_UP = 5
_CLASSES = 1000
_TOP_K = 5
_JPEG_QUALITY = 90


@dataclass(frozen=True)
class Timed:
    """A case: two functions that do the same work, whose times are compared."""

    name: str
    ours: Callable[[], Any]
    theirs: Callable[[], Any]
    baseline: str = _ZOO

    def measure(self, *, repeat: int) -> BenchRow:
        """Return the median times of ``repeat`` runs; the sides alternate, for equal load."""
        sides = (self.ours, self.theirs)
        times: tuple[list[int], list[int]] = ([], [])
        with quiet():
            for side in sides * _WARM_UP:
                side()
            for _ in range(repeat):
                for side, taken in zip(sides, times, strict=True):
                    start = perf_counter_ns()
                    side()
                    taken.append(perf_counter_ns() - start)
        ours, theirs = (median(taken) / 1e3 for taken in times)
        return BenchRow(self.name, self.baseline, 'us', ours, theirs)


def cases() -> list[Timed]:
    """Return every case."""
    return [*preprocessing(), postprocessing(), *resizing()]


def preprocessing() -> list[Timed]:
    """Return the cases from a message's bytes to the model's input; both sides letterbox."""
    result = []
    for width, height in _FRAMES:
        image = picture(width, height)
        for kind, data in _as_messages(image):
            parse, decode = _ways(kind, width, height)
            result.append(Timed(f'preprocess {width}x{height} {kind}',
                                ours=_our_way(data, parse), theirs=_their_way(data, decode)))
    return result


def _as_messages(image: Bytes) -> list[tuple[str, array[int]]]:
    """Return a picture in each encoding, as an array like that of an rclpy message."""
    jpeg = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
    # Large YUYV frames exceed the bandwidth of USB 2.
    raw = [kind for kind in ('bgr8', 'nv12', 'yuyv') if kind != 'yuyv' or len(image) < 720]
    return [*((kind, array('B', encode(image, kind).data.tobytes())) for kind in raw),
            ('jpeg', array('B', jpeg.tobytes()))]


def _ways(kind: str, width: int, height: int) -> tuple[
        Callable[[Bytes, Nv12Converter], Frame], Callable[[Bytes], Bytes]]:
    """Return how each side reads bytes of this kind: ours to a ``Frame``, theirs to BGR."""
    if kind == 'jpeg':
        return (lambda data, converter: Frame.from_compressed(data, enough=converter.covers),
                model_zoo_baseline.from_jpeg)
    step = width * ENCODINGS[kind].pixel_bytes
    return (lambda data, _: Frame(kind, width, height, step, data),
            partial(_DECODERS[kind], width=width, height=height))


def _our_way(data: array[int],
             parse: Callable[[Bytes, Nv12Converter], Frame]) -> Callable[[], Bytes]:
    converter = Nv12Converter(width=INPUT_SIZE, height=INPUT_SIZE, fit='letterbox')
    return lambda: converter.convert(parse(np.frombuffer(data, np.uint8), converter))


def _their_way(data: array[int], decode: Callable[[Bytes], Bytes]) -> Callable[[], Bytes]:
    return lambda: model_zoo_baseline.preprocess(
        decode(np.frombuffer(data, np.uint8)), width=INPUT_SIZE, height=INPUT_SIZE)


def resizing() -> list[Timed]:
    """Return the cases of resizing one channel and three, against two of OpenCV's methods."""
    result = []
    for width, height in _FRAMES:
        colour = picture(width, height)
        _, target = fit_rectangles(
            source=(width, height), target=(INPUT_SIZE, INPUT_SIZE), fit='letterbox')
        size = {'width': target.width, 'height': target.height}
        for name, image, ours in (
                ('luma', np.ascontiguousarray(colour[..., 1]), Plane(height, width, **size)),
                ('colour', colour, Linear(height, **size))):
            out = np.empty((target.height, target.width, *image.shape[2:]), np.uint8)
            # Area resizing reads every pixel: a larger frame would only make it slower.
            for baseline, code in list(_RESIZES.items())[:2 if width == _FRAMES[0][0] else 1]:
                result.append(Timed(
                    f'resize {width}x{height} {name} ({baseline})',
                    ours=partial(_resized, ours, image, out),
                    theirs=partial(cv2.resize, image, target[2:], interpolation=code),
                    baseline=f'{baseline} resize'))
    return result


def _resized(resize: Callable[[Bytes, Bytes], None], image: Bytes, out: Bytes) -> Bytes:
    resize(image, out)
    return out


def postprocessing() -> Timed:
    """Return the case from logits to the best classes."""
    logits = np.random.default_rng(0).normal(0, 3, _CLASSES).astype(np.float32)
    return Timed(f'softmax and top {_TOP_K} of {_CLASSES}',
                 ours=lambda: Prediction.from_output(logits, top_k=_TOP_K),
                 theirs=lambda: model_zoo_baseline.postprocess(logits, top_k=_TOP_K))


def machine() -> str:
    """Describe the machine: processor, cores, and versions of Python and OpenCV."""
    return (f'{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, '
            f'OpenCV {cv2.__version__}')


def _processor() -> str:
    # On Arm, cpuinfo has part numbers only; the device tree names the board.
    for path, key in (('/proc/cpuinfo', 'model name'), ('/proc/device-tree/model', '')):
        try:
            lines = Path(path).read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            if line.startswith(key):
                return line.rpartition(':')[2].strip('\0 ')
    return platform.processor() or platform.machine()
