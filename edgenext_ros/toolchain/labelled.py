# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Pictures whose class is known: class folders, or a flat folder with a listing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from edgenext_ros.core.labels import LabelSet
from edgenext_ros.toolchain.dataset import held_back, SUFFIXES, TEST_FRACTION
import numpy as np

SPLITS = ('all', 'test', 'train')
"""Which pictures: every one, or one side of the split that the training makes by default."""

_SHOWN = 3


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
    files = _pictures(folder)
    names = _from_folders(folder, files) if truth is None else _from_listing(truth, files)
    data = _match(folder, names, labels, indices=truth is not None)
    if split != 'all':
        data = _one_side(data, split)
    if count is not None and count < len(data):
        data = data.select([i * len(data) // count for i in range(count)],
                           f'{count} evenly chosen from {len(data)}: {data.note}')
    return data


def _pictures(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise ValueError(f'{folder}: expected a folder of pictures, found '
                         f'{"a file" if folder.exists() else "nothing there"}')
    # A class folder may be a link, into which a search from above does not go.
    places = [folder.glob('*'), *(p.rglob('*') for p in folder.iterdir()
                                  if p.is_dir() and p.name[0] != '.')]
    files = sorted({file.relative_to(folder).as_posix() for place in places for file in place
                    if file.suffix.lower() in SUFFIXES})
    if not files:
        raise ValueError(f'{folder}: expected pictures ({", ".join(SUFFIXES)}), found none')
    return files


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
        lines = truth.read_text(encoding='utf-8-sig').splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f'{truth}: cannot be read as UTF-8 text: {error}') from error
    names = {}
    for number, line in enumerate(lines, start=1):
        parts = line.strip().split('\t' if '\t' in line else None, 1)
        if len(parts) == 1:
            raise ValueError(f'{truth}: line {number}: expected "file class", found '
                             f'{line.strip()!r}')
        if parts:
            names[parts[0].strip().removeprefix('./')] = parts[1].strip()
    missing = [file for file in files if file not in names]
    if missing:
        raise ValueError(f'{truth}: expected a line for each picture, found none for '
                         f'{_some(missing)}')
    return {file: names[file] for file in files}


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
    return ', '.join(map(repr, names[:_SHOWN])) + (f' and {more} more' if more > 0 else '')
