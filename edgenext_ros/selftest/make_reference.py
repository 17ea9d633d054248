# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Write the pictures and outputs that the self-test compares with, for maintainers.

Run ``python -m edgenext_ros.selftest.make_reference`` in the source tree whenever ``demo.bin`` or
``demo.onnx`` has changed. It needs the vendor's simulator and ONNX Runtime.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

from edgenext_ros.core.frame import Frame
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.engines.base import infer, Nv12
from edgenext_ros.engines.select import open_model
from edgenext_ros.models import checksum, pictures
from edgenext_ros.models.atomic_file import atomic_write
from edgenext_ros.models.store import resource_folder
from edgenext_ros.selftest import reference
from edgenext_ros.selftest.reference import HEIGHT, MISREADINGS, model_of, WIDTH
import numpy as np
import numpy.typing as npt

ENGINE_OF_KIND = {'bin': 'simulator', 'onnx': 'onnx'}
"""Engine that answers for each kind of model file."""

_PHOTOGRAPHS = (
    ('pictures/astronaut.jpg', 'crop'), ('pictures/camera.jpg', 'crop'),
    ('pictures/chelsea.jpg', 'crop'), ('pictures/coffee.jpg', 'crop'),
    ('pictures/grace_hopper.jpg', 'crop'), ('pictures/rocket.jpg', 'crop'),
    ('demo/astronaut_face.jpg', 'crop'), ('demo/grace_hopper_face.jpg', 'crop'),
    ('pictures/coffee.jpg', 'letterbox'))

_LEVELS = np.array([24, 96, 160, 232], np.uint8)
"""
Levels of red, green and blue whose luma and chroma are within limited range.

Engines that read limited range differ in whether they clip what is outside of it.
"""


def make_pictures() -> Iterator[tuple[str, Nv12]]:
    """Yield name and NV12 bytes of each picture."""
    for file, fit in _PHOTOGRAPHS:
        frame = pictures.read(resource_folder() / file)
        nv12 = Nv12Converter(width=WIDTH, height=HEIGHT, fit=fit).convert(frame)
        yield Path(file).stem + ('' if fit == 'crop' else f', {fit}'), nv12
    ramp = np.full(WIDTH * HEIGHT * 3 // 2, 128, np.uint8)
    levels = np.rint(np.linspace(16, 235, 28)).astype(np.uint8).repeat(WIDTH // 28)
    ramp[:WIDTH * HEIGHT] = np.tile(levels, HEIGHT)
    yield 'grey ramp', ramp
    corners = np.array(np.meshgrid(*[_LEVELS[::3]] * 3)).T.reshape(2, 4, 3)
    yield 'saturated patches', _blocks(corners)
    yield 'colour blocks', _blocks(np.random.default_rng(0).choice(_LEVELS, (14, 14, 3)))


def _blocks(colours: npt.NDArray[np.uint8]) -> Nv12:
    """Return a picture of equal blocks, from RGB (rows, columns, 3)."""
    rows, columns = (-(-side // count) for side, count in zip(
        (HEIGHT, WIDTH), colours.shape[:2], strict=True))
    rgb = colours.repeat(rows, 0).repeat(columns, 1)[:HEIGHT, :WIDTH]
    frame = Frame.from_image(np.ascontiguousarray(rgb), encoding='rgb8')
    return Nv12Converter(width=WIDTH, height=HEIGHT).convert(frame)


def make(target: Path) -> None:
    """Run every picture through the simulator and ONNX Runtime, and write the files."""
    names, inputs = zip(*make_pictures(), strict=True)
    arrays: dict[str, Any] = {'pictures': np.stack(inputs)}
    facts: dict[str, object] = {'pictures': names}
    for kind, runtime in ENGINE_OF_KIND.items():
        model = model_of(runtime)
        engine, info = open_model(model, runtime=runtime)
        try:
            arrays[f'{kind} outputs'] = np.stack([infer(engine, nv12) for nv12 in inputs])
            for name, misread in MISREADINGS.items():
                arrays[f'{kind} {name}'] = np.stack(
                    [infer(engine, misread(nv12)) for nv12 in inputs])
        finally:
            engine.close()
        facts[kind] = {'sha256': checksum.digest(model).sha256, 'engine': info.engine}
    target.mkdir(exist_ok=True)
    with atomic_write(target / 'reference.npz') as part, part.open('wb') as stream:
        np.savez_compressed(stream, **arrays)
    with atomic_write(target / 'reference.json') as part:
        part.write_text(json.dumps(facts, indent=1) + '\n', encoding='utf-8')


if __name__ == '__main__':
    make(reference.folder())
