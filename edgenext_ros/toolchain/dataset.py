# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Photographs in class folders: read, split, augment, batch.

``python -m edgenext_ros.toolchain.dataset FOLDER --output OUT`` makes ``OUT/train`` and
``OUT/test``: links to the pictures of either side of the split that the training uses.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
import hashlib
from pathlib import Path

import cv2
import numpy as np

MEAN = np.array([123.675, 116.28, 103.53], np.float32)
"""ImageNet's RGB mean, 0..255 (timm, and the published BPU recipe)."""
STD = np.array([58.395, 57.12, 57.375], np.float32)
"""ImageNet's RGB standard deviation, 0..255; the reciprocal of the BPU recipe's scale."""

TEST_FRACTION = 0.12
"""Share of each class that is never trained on."""

SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp')


@dataclass(frozen=True)
class Photographs:
    """Decoded pictures with their class index and file name."""

    images: list[np.ndarray]
    """RGB, uint8, height x width x 3, each of its own size."""
    targets: np.ndarray
    """Class index of each picture, int64."""
    files: list[str]
    """``class/file`` of each picture."""
    names: list[str]
    """Class names, sorted; the index is the class index."""

    def __len__(self) -> int:
        return len(self.images)

    def select(self, indices: np.ndarray) -> Photographs:
        """Return the pictures at these indices, with the same classes."""
        return Photographs(
            images=[self.images[i] for i in indices], targets=self.targets[indices],
            files=[self.files[i] for i in indices], names=self.names)


def read_folder(folder: Path) -> Photographs:
    """
    Decode every picture of ``folder/<class>/<file>`` into memory.

    :raises ValueError: no class folder, an empty class, or a picture that does not decode.
    """
    names = sorted(p.name for p in folder.iterdir() if p.is_dir())
    if len(names) < 2:
        raise ValueError(f'{folder}: expected at least two class folders, found {len(names)}')
    images, targets, files = [], [], []
    for index, name in enumerate(names):
        paths = sorted(p for p in (folder / name).iterdir() if p.suffix.lower() in SUFFIXES)
        if not paths:
            raise ValueError(f'{folder / name}: no picture ({", ".join(SUFFIXES)}) in this class')
        for path in paths:
            image = cv2.imread(str(path), cv2.IMREAD_COLOR)
            if image is None:
                raise ValueError(f'{path}: this picture does not decode; mend or remove it')
            images.append(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            targets.append(index)
            files.append(f'{name}/{path.name}')
    return Photographs(images, np.array(targets, np.int64), files, names)


def split(data: Photographs, *, test_fraction: float,
          seed: int) -> tuple[Photographs, Photographs]:
    """
    Split into training and test pictures, class by class.

    The order is that of a hash of seed and file name, so the split does not depend on the
    file system, and a picture keeps its side when others are added or removed near it.
    """
    train: list[int] = []
    test: list[int] = []
    for index in range(len(data.names)):
        members = np.flatnonzero(data.targets == index)
        kept = held_back([data.files[i] for i in members], fraction=test_fraction, seed=seed)
        for i in members:
            (test if data.files[i] in kept else train).append(i)
    return data.select(np.array(sorted(train))), data.select(np.array(sorted(test)))


def held_back(files: list[str], *, fraction: float, seed: int) -> set[str]:
    """Return those of one class' files, each ``class/file``, that are never trained on."""
    order = sorted(files, key=lambda file: hashlib.sha256(f'{seed}/{file}'.encode()).digest())
    return set(order[:max(1, round(len(order) * fraction))])


def stretch(image: np.ndarray, size: int) -> np.ndarray:
    """Resize a whole picture to ``size`` x ``size``, area-averaged when it shrinks."""
    shrinks = min(image.shape[:2]) > size
    return cv2.resize(image, (size, size),
                      interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def augment(image: np.ndarray, size: int, random: np.random.Generator) -> np.ndarray:
    """Cut out a random part (Inception style), resize, flip, and change colours a little."""
    height, width = image.shape[:2]
    area = height * width * random.uniform(0.3, 1.0)
    ratio = np.exp(random.uniform(np.log(3 / 4), np.log(4 / 3))) * (width / height) ** 0.5
    w = int(min(width, max(8, (area * ratio) ** 0.5)))
    h = int(min(height, max(8, (area / ratio) ** 0.5)))
    x, y = random.integers(0, width - w + 1), random.integers(0, height - h + 1)
    out = stretch(image[y:y + h, x:x + w], size)
    if random.random() < 0.5:
        out = out[:, ::-1]
    gain = random.uniform(0.7, 1.3) * random.uniform(0.9, 1.1, 3)
    out = np.clip((out - 128.0) * random.uniform(0.7, 1.3) + 128.0 * gain, 0, 255)
    if random.random() < 0.15:
        out[:] = out.mean(axis=2, keepdims=True)
    return out.astype(np.uint8)


def batches(data: Photographs, *, size: int, batch: int, seed: int,
            epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """
    Yield augmented batches of one epoch, prepared one ahead in a thread.

    :return: pictures, uint8 (batch, size, size, 3) RGB, and their indices into ``data``.
        The sequence depends on ``seed`` and ``epoch`` only, so a resumed run repeats it.
    """
    order = np.random.default_rng([seed, epoch]).permutation(len(data))
    groups = [order[i:i + batch] for i in range(0, len(order) - batch + 1, batch)]

    def prepare(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.stack([
            augment(data.images[i], size, np.random.default_rng([seed, epoch, int(i)]))
            for i in group]), group

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(prepare, groups[0]) if groups else None
        for following in [*groups[1:], None]:
            assert ahead is not None
            ready = ahead.result()
            if following is not None:
                ahead = pool.submit(prepare, following)
            yield ready


def main() -> None:
    """Read the arguments and link every picture into its side of the split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path, help='folder with one folder of pictures per class')
    parser.add_argument('--output', type=Path, required=True, help='folder to make')
    parser.add_argument('--test-fraction', type=float, default=TEST_FRACTION)
    parser.add_argument('--seed', type=int, default=0)
    arguments = parser.parse_args()
    for folder in sorted(p for p in arguments.data.iterdir() if p.is_dir()):
        files = [f'{folder.name}/{p.name}' for p in folder.iterdir()
                 if p.suffix.lower() in SUFFIXES]
        kept = held_back(files, fraction=arguments.test_fraction, seed=arguments.seed)
        for file in files:
            link = arguments.output / ('test' if file in kept else 'train') / file
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to((arguments.data / file).absolute())


if __name__ == '__main__':
    main()
