# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
List pictures in class folders, and split them into training and test.

``python -m edgenext_ros.toolchain.class_folders FOLDER --output OUT`` makes ``OUT/train`` and
``OUT/test``, which link to the pictures of the split that ``edgenext train`` makes by default.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
import hashlib
from pathlib import Path

from edgenext_ros.models import pictures
from edgenext_ros.models.left_out import LeftOut
from edgenext_ros.models.pictures import Listing
from edgenext_ros.models.regular_file import shown
from edgenext_ros.toolchain.links import link

TEST_FRACTION = 0.12
"""Share of each class that is held back for the test."""


def class_folders(folder: Path) -> Listing:
    """
    List the pictures of class folders, at any depth.

    Pictures beside the class folders are left out.

    :raises ValueError: not a folder, the class folders are one level further down, or a class has
        a name that a label file cannot hold.
    """
    if not folder.is_dir():
        raise ValueError(f'{folder}: expected a folder with one folder of pictures per class'
                         + ('' if folder.exists() else ', found nothing there'))
    listing = pictures.find(folder)
    listing.expect_no_split(wanted='train')
    for name in listing.folders:
        if shown(name) != name or not name.strip():
            raise ValueError(f"{folder}: a class is called '{shown(name)}', which no label file "
                             'can hold; rename the folder')
    outside = tuple(LeftOut(file, 'outside of the class folders')
                    for file in listing.files if '/' not in file)
    return replace(listing, files=tuple(file for file in listing.files if '/' in file),
                   left_out=(*listing.left_out, *outside))


def held_back(files: list[str], *, fraction: float, seed: int) -> set[str]:
    """
    Choose the files of a class that are held back for the test.

    :param files: all files of the class, ``class/file``.
    :param fraction: share to hold back, 0..1; at least one file, and never all of several.
    :param seed: seed of the choice, which depends on seed and names alone.
    """
    order = sorted(files, key=lambda file: hashlib.sha256(file_bytes(f'{seed}/{file}')).digest())
    return set(order[:max(1, min(len(order) - 1, round(len(order) * fraction)))])


def file_bytes(file: str) -> bytes:
    """Return the bytes of a file name, also if they are not UTF-8."""
    return file.encode('utf-8', 'surrogateescape')


def main() -> None:
    """Parse the arguments, and link every picture into its side of the split."""
    parser = argparse.ArgumentParser(
        description='Link the pictures of class folders into OUTPUT/train and OUTPUT/test.')
    parser.add_argument('data', type=Path, help='folder with one folder of pictures per class')
    parser.add_argument('--output', type=Path, required=True, help='folder to write')
    parser.add_argument('--test-fraction', type=float, default=TEST_FRACTION, metavar='SHARE',
                        help='share of each class for the test (default: %(default)s)')
    parser.add_argument('--seed', type=int, default=0, help='seed of the split (default: 0)')
    arguments = parser.parse_args()
    if not 0 < arguments.test_fraction < 1:
        parser.error(f'--test-fraction must be between 0 and 1, got {arguments.test_fraction}')
    data = arguments.data
    sides: dict[str, list[str]] = {'train': [], 'test': []}
    try:
        listing = class_folders(data)
    except ValueError as error:
        parser.exit(1, f'{error}\n')
    for name in listing.folders:
        files = {file for file in listing.files if file.startswith(f'{name}/')}
        kept = held_back(sorted(files), fraction=arguments.test_fraction, seed=arguments.seed)
        sides['test'] += kept
        sides['train'] += files - kept
    if not any(sides.values()):
        parser.exit(1, f'{data}: expected a folder with one folder of pictures per class\n')
    try:
        link(data, sides, arguments.output)
    except ValueError as error:
        parser.exit(1, f'{error}\n')
    account = listing.account()
    if account:
        print(account)
    print(f'{len(sides["train"])} pictures in {arguments.output}/train, {len(sides["test"])} in '
          f'{arguments.output}/test')


if __name__ == '__main__':
    main()
