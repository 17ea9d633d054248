# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Measure what each way of resizing costs in accuracy, on frames as large as a camera's.

    python -m edgenext_ros.bench.resize_accuracy FOLDER

The frames are enlarged photographs. ``large_frame`` adds detail and noise to them, which resizing
without averaging aliases. The network's outputs are compared with those for the same frame after
area resizing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
import sys

import cv2
from edgenext_ros.bench.table import markdown_table
from edgenext_ros.choices import NODE
from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import Bytes, Frame
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.prediction import softmax
from edgenext_ros.engines.base import Nv12
from edgenext_ros.engines.select import ENGINES, suffixes
from edgenext_ros.models import pictures, store
from edgenext_ros.models.left_out import LeftOut
from edgenext_ros.models.pictures import PictureError
from edgenext_ros.toolchain.evaluation import labelled_pictures
from edgenext_ros.toolchain.evaluation.evaluate import opened, Subject
import numpy as np

_SIDES = (300, 480, 640, 1080, 1920)
"""Sides of the square frames, in pixels."""
FRAME_FORMS = ('bgr8', 'nv12', 'yuyv', 'jpeg')
"""Encodings of the frames."""
REFERENCE = 'area'
KERNELS = {REFERENCE: cv2.INTER_AREA, 'linear': cv2.INTER_LINEAR, NODE: None}
"""The reference, the model zoo's resize, and that of ``Nv12Converter``."""

_JPEG_QUALITY = 90
_DETAIL, _FALL = 0.7, 0.6
"""Amplitude of the first octave of detail, relative to the local contrast, and the factor from an
octave to the next."""


@dataclass(frozen=True)
class KernelAccuracy:
    """The results of one kernel for one size and encoding of the frames."""

    side: int
    form: str
    kernel: str
    top1: float
    """Share of pictures whose best class is right, 0..1."""
    same: float
    """Share of pictures with the reference's best class, 0..1."""
    difference: float
    """Total variation distance from the reference's probabilities, 0..1, mean over pictures."""
    luma: float
    """Root mean square difference from the reference's luma, in levels."""


def large_frame(image: Bytes, side: int, *, noise: float, random: np.random.Generator) -> Bytes:
    """
    Enlarge the central square of a photograph as if a camera with more pixels had taken it.

    Detail above the photograph's resolution is added where it has contrast; its amplitude falls
    with the frequency, as in photographs. Then a sensor's noise is added, mostly grey.

    :param image: BGR, uint8 (height, width, 3).
    :param side: width and height of the result, in pixels.
    :param noise: standard deviation, in levels.
    :param random: source of detail and noise.
    :return: BGR, uint8 (side, side, 3).
    """
    own = min(image.shape[:2])
    top, left = ((length - own) // 2 for length in image.shape[:2])
    image = image[top:top + own, left:left + own].astype(np.float32)
    large = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
    fine = image - cv2.GaussianBlur(image, (0, 0), 1)
    contrast = np.sqrt(cv2.GaussianBlur((fine ** 2).mean(axis=2), (0, 0), 2))
    contrast = cv2.resize(contrast, (side, side), interpolation=cv2.INTER_LINEAR)
    cell, amplitude = side / own / 2, _DETAIL
    while cell >= 1:
        count = -(-side // int(cell))
        octave = random.standard_normal((count, count), np.float32)
        octave -= cv2.GaussianBlur(octave, (0, 0), 1.5)
        octave = cv2.resize(octave, (side, side), interpolation=cv2.INTER_CUBIC)
        large += (amplitude * contrast * octave)[..., None]
        cell, amplitude = cell / 2, amplitude * _FALL
    large += 0.8 * noise * random.standard_normal((side, side, 1), np.float32)
    large += 0.6 * noise * random.standard_normal((side, side, 3), np.float32)
    return np.rint(large).clip(0, 255).astype(np.uint8)


def inputs(image: Bytes, form: str, converter: Nv12Converter,
           size: tuple[int, int]) -> dict[str, Nv12]:
    """
    Return the network's NV12 input by the name of the kernel.

    :param image: BGR, uint8 (height, width, 3).
    :param form: encoding of the frame, one of ``FRAME_FORMS``.
    :param converter: makes the NV12 pictures.
    :param size: width and height of the network's input, in pixels.
    """
    if form == 'jpeg':
        data = cv2.imencode('.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[1]
        full = Frame.from_compressed(data)
        node = Frame.from_compressed(data, enough=converter.covers)
    else:
        full = node = encode(image, form)
    frames = {name: node if code is None else _resized(full, size, code)
              for name, code in KERNELS.items()}
    return {name: converter.convert(frame).copy() for name, frame in frames.items()}


def _resized(frame: Frame, size: tuple[int, int], code: int) -> Frame:
    """Resize a frame to the model's size, each plane separately."""
    (width, height), plane = size, frame.plane(1, width=frame.width, height=frame.height)
    if frame.encoding == 'bgr8':
        pixels = frame.plane(3, width=frame.width, height=frame.height)
        return Frame.from_image(cv2.resize(pixels, size, interpolation=code))
    if frame.encoding == 'yuyv':
        pixels = frame.plane(4, width=frame.width // 2, height=frame.height)
        plane, chroma = np.ascontiguousarray(frame.data[::2]), pixels[..., 1::2]
        plane = plane.reshape(frame.height, frame.width)
    else:
        chroma = frame.chroma()
    small = [cv2.resize(plane, size, interpolation=code),
             cv2.resize(np.ascontiguousarray(chroma), (width // 2, height // 2),
                        interpolation=code)]
    return Frame('nv12', width, height, width, np.concatenate([p.reshape(-1) for p in small]))


def measure(subject: Subject, data: labelled_pictures.Labelled, *, side: int, form: str,
            noise: float, progress: Callable[[int, int], None]) -> list[KernelAccuracy]:
    """
    Return the results of each kernel; the frames are the same in every call.

    :param subject: the network.
    :param data: the photographs and their classes.
    :param side: width and height of the frames, in pixels.
    :param form: encoding of the frames, one of ``FRAME_FORMS``.
    :param noise: standard deviation of the sensor's noise, in levels.
    :param progress: called with the numbers of pictures done and in all.
    """
    info = subject.info
    converter = Nv12Converter(width=info.width, height=info.height)
    outputs: dict[str, list[np.ndarray]] = {name: [] for name in KERNELS}
    squares: dict[str, list[float]] = {name: [] for name in KERNELS}
    for index, file in enumerate(data.files):
        image = pictures.read(data.folder / file)
        pixels = image.plane(3, width=image.width, height=image.height)
        frame = large_frame(pixels, side, noise=noise, random=np.random.default_rng(index))
        seen = inputs(frame, form, converter, (info.width, info.height))
        reference = seen[REFERENCE][:info.width * info.height].astype(np.float32)
        for name, nv12 in seen.items():
            outputs[name].append(subject.infer([nv12], lambda *_: None)[0])
            squares[name].append(((nv12[:reference.size] - reference) ** 2).mean())
        progress(index + 1, len(data))
    stacked = {name: np.stack(values) for name, values in outputs.items()}
    shares = stacked if info.probabilities else {
        name: softmax(values) for name, values in stacked.items()}
    best = {name: values.argmax(1) for name, values in shares.items()}
    return [KernelAccuracy(side, form, name, float((best[name] == data.truth).mean()),
                           float((best[name] == best[REFERENCE]).mean()),
                           float(np.abs(shares[name] - shares[REFERENCE]).sum(1).mean() / 2),
                           float(np.sqrt(np.mean(squares[name])))) for name in KERNELS]


def _readable(data: labelled_pictures.Labelled) -> labelled_pictures.Labelled:
    """Leave out pictures that do not decode, and print which."""
    good, failed = [], []
    for index, file in enumerate(data.files):
        try:
            pictures.read(data.folder / file)
            good.append(index)
        except PictureError as error:
            failed.append(LeftOut(file, error.reason))
    account = data.listing.account(failed)
    if account:
        print(account, file=sys.stderr)
    return data.select(good, data.note)


def markdown(rows: list[KernelAccuracy]) -> str:
    """Return the results as a table."""
    return markdown_table(
        ('side', 'frame', 'kernel', 'top-1 %', 'same best class %', 'probability moved %',
         'luma off by'),
        ((row.side, row.form, row.kernel, f'{row.top1:.1%}'[:-1], f'{row.same:.1%}'[:-1],
          f'{row.difference:.2%}'[:-1], f'{row.luma:.2f}') for row in rows))


def main() -> None:
    """Parse the arguments, measure, and print a table."""
    parser = argparse.ArgumentParser(description='Measure what resizing costs in accuracy.')
    parser.add_argument('data', type=Path, help='folder with one folder of pictures per class')
    parser.add_argument('--model', default='demo', help='name or path (default: %(default)s)')
    parser.add_argument('--runtime', default='auto', choices=('auto', *ENGINES),
                        help='inference engine (default: auto)')
    parser.add_argument('--count', type=int, help='maximum number of pictures (default: all)')
    parser.add_argument('--noise', type=float, default=4, metavar='LEVELS',
                        help="standard deviation of the sensor's noise (default: %(default)s)")
    parser.add_argument('--sides', type=int, nargs='+', default=_SIDES, metavar='N',
                        help='sides of the frames, in pixels (default: several)')
    parser.add_argument('--forms', nargs='+', default=FRAME_FORMS, choices=FRAME_FORMS,
                        help='encodings of the frames (default: all)')
    arguments = parser.parse_args()
    located = store.locate(arguments.model, suffixes=suffixes(arguments.runtime))
    if located.labels is None:
        parser.exit(1, f'{located.path}: expected its labels beside it, found none\n')
    rows = []
    with opened(located.path, arguments.runtime) as subject:
        data = _readable(labelled_pictures.read(arguments.data, store.read_labels(located.labels),
                                                count=arguments.count))
        for side in arguments.sides:
            for form in arguments.forms:
                rows += measure(
                    subject, data, side=side, form=form, noise=arguments.noise,
                    progress=lambda done, count, what=f'{side} {form}': print(
                        f'\r{what}: {done} of {count}  ', end='', file=sys.stderr, flush=True))
    print(file=sys.stderr)
    print(markdown(rows))


if __name__ == '__main__':
    main()
