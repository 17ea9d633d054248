# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures whose class is known: class folders, or a flat folder with a listing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
import re

from edgenext_ros.core.labels import LabelSet
from edgenext_ros.models import pictures, regular_file
from edgenext_ros.models.pictures import Listing
from edgenext_ros.models.regular_file import shown
from edgenext_ros.toolchain.class_folders import held_back, TEST_FRACTION
import numpy as np

SPLITS = ('all', 'test', 'train')
"""Which pictures: every one, or one side of the split that the training makes by default."""

_SHOWN = 3
_MOST_BYTES = 1 << 30
"""Of a listing: ImageNet's, with 14 million lines, has 0.6 GB."""
_SEPARATOR = re.compile(r'\s*,\s*|\s+')


@dataclass(frozen=True)
class Labelled:
    """Picture files, sorted, and their classes."""

    folder: Path
    files: tuple[str, ...]
    """Paths below ``folder``."""
    truth: np.ndarray
    """Class index of each file, int64."""
    note: str = 'all of them'
    """Which pictures of the folder these are."""
    listing: Listing | None = None
    """All pictures of the folder, and what is left out."""

    def __len__(self) -> int:
        return len(self.files)

    def select(self, indices: list[int], note: str) -> Labelled:
        """Return only the files at these indices."""
        return replace(self, files=tuple(self.files[i] for i in indices),
                       truth=self.truth[indices], note=note)


def read(folder: Path, labels: LabelSet, *, truth: Path | None = None, split: str = 'all',
         count: int | None = None) -> Labelled:
    """
    List the pictures of a folder.

    :param labels: the model's; a class is named as there, by synset, or by the first of several
        names, whatever the case.
    :param truth: listing with lines ``file class``, where the class may be an index too; without
        it the folder has one folder per class.
    :param split: one of ``SPLITS``.
    :param count: use so many at most, evenly over the sorted paths.
    :raises ValueError: no picture, or a class that no label matches.
    """
    if truth is not None and split != 'all':
        raise ValueError(f'--split {split}: expected one folder of pictures per class, by which '
                         'the training splits, found a listing (--truth)')
    listing = pictures.find(folder).expect_some()
    files = list(listing.files)
    if truth is None:
        listing.expect_no_split(wanted='val')
    names = _from_folders(folder, files) if truth is None else _from_listing(truth, files)
    data = replace(_match(folder, names, labels, indices=truth is not None), listing=listing)
    if split != 'all':
        data = _one_side(data, split)
    if count is not None and count < len(data):
        data = data.select([i * len(data) // count for i in range(count)],
                           f'{count} evenly chosen from {len(data)}: {data.note}')
    return data


def _from_folders(folder: Path, files: list[str]) -> dict[str, str]:
    """Return the class of each file: the first folder in its path."""
    flat = [file for file in files if '/' not in file]
    if flat:
        raise ValueError(
            f'{folder}: expected one folder of pictures per class, found {_some(flat)} outside '
            'of any; name their classes with --truth FILE, lines of "file class"')
    return {file: file.split('/', 1)[0] for file in files}


def _from_listing(truth: Path, files: list[str]) -> dict[str, str]:
    """Return the class of each file; lines for files that are not here are left out."""
    try:
        lines = regular_file.read(truth, most=_MOST_BYTES).decode('utf-8-sig').splitlines()
    except OSError as error:
        raise ValueError(f'{truth}: cannot be read: {error.strerror}') from error
    except UnicodeDecodeError as error:
        raise ValueError(f'{truth}: cannot be read as UTF-8 text: {error}') from error
    names, known = {}, set(files)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                file, name = _pair(line.strip(), known)
            except ValueError as error:
                raise ValueError(f'{truth}: line {number}: {error}') from None
            names[file] = name
    missing = [file for file in files if file not in names]
    if missing:
        raise ValueError(f'{truth}: expected a line for each picture, found none for '
                         f'{_some(missing)}; lines are "file class", with a TAB between them '
                         'where the name of the file has blanks')
    return {file: names[file] for file in files}


def _pair(line: str, known: set[str]) -> tuple[str, str]:
    """
    Split a line into file and class.

    A TAB always parts them. Else it is a blank or comma behind the name of a picture that is
    here, or the first blank.
    """
    if '\t' in line:
        file, name = line.split('\t', 1)
        return _file(file), name.strip()
    found = [place for place in _SEPARATOR.finditer(line) if _file(line[:place.start()]) in known]
    if len(found) > 1:
        raise ValueError('expected a TAB between "file class", found blanks behind the names of '
                         f'several pictures: {line!r}')
    if found:
        return _file(line[:found[0].start()]), line[found[0].end():].strip(' "')
    parts = line.split(None, 1)
    if len(parts) == 1 and ',' not in line:
        raise ValueError(f'expected "file class", found {line!r}')
    return _file(parts[0]), parts[-1]


def _file(text: str) -> str:
    return text.strip(' "').removeprefix('./')


def _match(folder: Path, names: dict[str, str], labels: LabelSet, *, indices: bool) -> Labelled:
    """Turn names into class indices."""
    known = _class_ids(labels)
    if indices:
        known = {**{str(i): i for i in range(len(labels))}, **known}
    ids = {name: known.get(name, known.get(_plain(name))) for name in set(names.values())}
    unknown = sorted(name for name, class_id in ids.items() if class_id is None)
    if unknown:
        raise ValueError(
            f"{folder}: expected classes by the model's names (such as {labels[0]!r}) or synsets, "
            f'found {_some(unknown)}, which match none of its {len(labels)} labels, or several; '
            'rename them, or name the right labels with --labels FILE')
    return Labelled(folder, tuple(names),
                    np.array([ids[name] for name in names.values()], np.int64))


def _class_ids(labels: LabelSet) -> dict[str, int]:
    """Map every name that means one class only; the strictest reading wins."""
    plain = [_plain(name) for name in labels.names]
    found: dict[str, int] = {}
    for names in ([name.split(',')[0] for name in plain], plain, labels.written, labels.names,
                  labels.synsets):
        counts = Counter(names)
        found |= {name: i for i, name in enumerate(names) if counts[name] == 1}
    return found


def _plain(name: str) -> str:
    return ' '.join(name.replace('_', ' ').casefold().split())


def _one_side(data: Labelled, split: str) -> Labelled:
    """Split as ``dataset.split`` does: class folder by class folder."""
    folders: dict[str, list[str]] = {}
    for file in data.files:
        folders.setdefault(file.split('/', 1)[0], []).append(file)
    kept = {file for files in folders.values()
            for file in held_back(files, fraction=TEST_FRACTION, seed=0)}
    chosen = [i for i, file in enumerate(data.files) if (file in kept) == (split == 'test')]
    if not chosen:
        raise ValueError(f'{data.folder}: no picture is on the {split} side of the split')
    return data.select(chosen, f'the {split} side of the split that holds back '
                               f'{TEST_FRACTION:.0%} of each class, seed 0')


def _some(names: list[str]) -> str:
    """Name the first few."""
    more = len(names) - _SHOWN
    some = ', '.join(f"'{shown(name)}'" for name in names[:_SHOWN])
    return some + (f' and {more} more' if more > 0 else '')
