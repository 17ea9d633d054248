# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read photographs from class folders, split, augment and batch them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
import hashlib
from pathlib import Path

import cv2
from edgenext_ros.models import pictures
from edgenext_ros.models.left_out import Account, LeftOut
from edgenext_ros.models.pictures import COMMON_SUFFIXES, PictureError
from edgenext_ros.toolchain.class_folders import class_folders, file_bytes, held_back
import numpy as np

_LONGEST_SHORT_SIDE = 320
"""Larger pictures are reduced to this short side when they are read, to save memory."""


@dataclass(frozen=True)
class Photographs:
    """Decoded pictures with class indices and file names."""

    images: list[np.ndarray]
    """RGB, uint8, height x width x 3, each of its own size."""
    targets: np.ndarray
    """Class index of each picture, int64."""
    files: list[str]
    """``class/file`` of each picture."""
    names: list[str]
    """Class names, sorted; the index is the class index."""
    unreadable: tuple[str, ...] = ()
    """Files that were left out because they do not decode."""
    account: Account = field(default_factory=lambda: Account((), 0))
    """Files of the folder that were left out, by reason."""

    def __len__(self) -> int:
        return len(self.images)

    def digest(self) -> str:
        """Return the SHA-256 of names and pixels, as hexadecimal digits."""
        total = hashlib.sha256()
        for file, image in zip(self.files, self.images, strict=True):
            total.update(file_bytes(f'{file}\0{image.shape}\0'))
            total.update(np.ascontiguousarray(image))
        return total.hexdigest()

    def select(self, indices: np.ndarray) -> Photographs:
        """Return the pictures at these indices, with the same classes."""
        return Photographs(
            images=[self.images[i] for i in indices], targets=self.targets[indices],
            files=[self.files[i] for i in indices], names=self.names)


def read_folder(folder: Path) -> Photographs:
    """
    Decode every picture of ``folder/<class>/<file>`` into memory.

    :raises ValueError: not a folder, fewer than two classes, or a class without a picture.
    """
    listing = class_folders(folder)
    names = list(listing.folders)
    if len(names) < 2:
        inside = {file.split('/')[1] for file in listing.files if file.count('/') > 1}
        remedy = f'; give {folder / names[0]}' if names and len(inside) > 1 else ''
        raise ValueError(f'{folder}: expected at least two class folders, found '
                         f'{", ".join(names) or "none"}{remedy}')
    images, targets, files, failed = [], [], [], []
    by_class: dict[str, list[str]] = {name: [] for name in names}
    for file in listing.files:
        by_class[file.split('/')[0]].append(file)
    with ThreadPoolExecutor() as pool:  # OpenCV releases the GIL while it decodes
        found = dict(zip(listing.files, pool.map(_reduced, (
            folder / file for file in listing.files)), strict=True))
    for index, name in enumerate(names):
        for file in by_class[name]:
            image = found[file]
            if isinstance(image, PictureError):
                failed.append(LeftOut(file, image.reason))
                continue
            images.append(image)
            targets.append(index)
            files.append(file)
        if index not in targets[-1:]:
            here = pictures.Listing(folder, tuple(by_class[name]), tuple(
                entry for entry in listing.left_out if entry.file.split('/')[0] == name))
            account = here.account(entry for entry in failed if entry.file in by_class[name])
            raise ValueError(
                f'{folder / name}: expected pictures ({COMMON_SUFFIXES}) in this class, found '
                f'none that decodes{f" ({account})" if account else ""}; fill the folder or '
                'remove it')
    return Photographs(
        images, np.array(targets, np.int64), files, names,
        unreadable=tuple(entry.file for entry in failed), account=listing.account(failed))


def _reduced(file: Path) -> np.ndarray | PictureError:
    """Return a picture as RGB, its short side at most ``_LONGEST_SHORT_SIDE``, or its error."""
    try:
        frame = pictures.read(file)
    except PictureError as error:
        return error
    image = frame.plane(3, width=frame.width, height=frame.height)
    reduction = _LONGEST_SHORT_SIDE / min(image.shape[:2])
    if reduction < 1:
        image = cv2.resize(image, None, fx=reduction, fy=reduction, interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def split(data: Photographs, *, fraction: float, seed: int) -> tuple[Photographs, Photographs]:
    """
    Split off a share of the pictures, class by class.

    Pictures are ordered by a hash of seed and file name, so the split does not depend on the
    file system. When pictures are added or removed, few others change sides.

    :param data: the pictures.
    :param fraction: share of each class to split off, 0..1; at least one picture, never all.
    :param seed: seed of the hash.
    :return: the rest, and the share.
    :raises ValueError: a class has a single picture.
    """
    rest: list[int] = []
    share: list[int] = []
    for index, name in enumerate(data.names):
        members = np.flatnonzero(data.targets == index)
        # Files that do not decode count too, so that the split depends on the names alone.
        others = [file for file in data.unreadable if file.split('/')[0] == name]
        if len(members) < 2:
            raise ValueError(f'class {name}: too few pictures to hold one back; add some, '
                             'or remove the class')
        kept = held_back([*others, *(data.files[i] for i in members)], fraction=fraction,
                         seed=seed)
        for i in members:
            (share if data.files[i] in kept else rest).append(i)
    return data.select(np.array(sorted(rest))), data.select(np.array(sorted(share)))


def center_crop(image: np.ndarray, size: int) -> np.ndarray:
    """Crop the central square, as the node does by default, and resize it."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return stretch(image[top:top + side, left:left + side], size)


def stretch(image: np.ndarray, size: int) -> np.ndarray:
    """Resize a whole picture to ``size`` x ``size``; shrinking averages over areas."""
    shrinks = min(image.shape[:2]) > size
    return cv2.resize(image, (size, size),
                      interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def random_crop(image: np.ndarray, size: int, random: np.random.Generator) -> np.ndarray:
    """
    Crop a random part of 30 to 100 % of the area (Inception style), and resize it.

    :param image: uint8 (height, width, 3).
    :param size: width and height of the result, in pixels.
    :param random: source of the random numbers.
    :return: uint8 (size, size, 3).
    """
    height, width = image.shape[:2]
    area = height * width * random.uniform(0.3, 1.0)
    ratio = np.exp(random.uniform(np.log(3 / 4), np.log(4 / 3))) * (width / height) ** 0.5
    w = int(min(width, max(8, (area * ratio) ** 0.5)))
    h = int(min(height, max(8, (area / ratio) ** 0.5)))
    x, y = random.integers(0, width - w + 1), random.integers(0, height - h + 1)
    return stretch(image[y:y + h, x:x + w], size)


def recolour(image: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Change brightness, contrast and white balance a little; 15 % of pictures become grey."""
    gain = random.uniform(0.7, 1.3) * random.uniform(0.9, 1.1, 3)
    values = (np.arange(256)[:, None] - 128.0) * random.uniform(0.7, 1.3) + 128.0 * gain
    if random.random() < 0.15:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        values[:] = values.mean(axis=1, keepdims=True)
    table = np.clip(values, 0, 255).astype(np.uint8)[None]
    recoloured: np.ndarray = cv2.LUT(image, table)
    return recoloured


def batches(count: int, prepare: Callable[[int], np.ndarray], *, batch: int, seed: int,
            epoch: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """
    Yield the shuffled pictures of one epoch in batches; a thread prepares one batch ahead.

    Pictures that do not fill a batch are left out of the epoch.

    :param count: number of pictures.
    :param prepare: returns picture i for the network, uint8 (size, size, 3).
    :param batch: pictures of a batch.
    :param seed: seed of the order.
    :param epoch: number of the epoch; the order depends on ``seed`` and ``epoch`` alone, so a
        resumed run repeats it.
    :return: pictures, uint8 (batch, size, size, 3), and their indices.
    """
    order = np.random.default_rng([seed, epoch]).permutation(count)
    groups = [order[i:i + batch] for i in range(0, count - batch + 1, batch)]

    def stack(group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.stack([prepare(int(i)) for i in group]), group

    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(stack, groups[0]) if groups else None
        for following in [*groups[1:], None]:
            assert ahead is not None
            ready = ahead.result()
            if following is not None:
                ahead = pool.submit(stack, following)
            yield ready
