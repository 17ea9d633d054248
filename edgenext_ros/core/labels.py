# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The names of a model's classes."""

from __future__ import annotations

from dataclasses import dataclass
import json
import re

_SYNSET = re.compile(r'(n\d{8})\s+(\S.*)')
_NOT_IN_MESSAGES = re.compile('[\0\ud800-\udfff]')


class LabelError(ValueError):
    """A label list cannot be used; the text says why."""


@dataclass(frozen=True)
class LabelSet:
    """Class names by index, as they were written; WordNet synsets where the source has them."""

    names: tuple[str, ...]
    synsets: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, class_id: int) -> str:
        return self.names[class_id]

    @classmethod
    def numbered(cls, count: int) -> LabelSet:
        """Make names for a model without labels: the class index."""
        return cls(tuple(str(index) for index in range(count)))

    @classmethod
    def parse(cls, text: str, *, source: str = 'labels') -> LabelSet:
        """
        Read names from text: one a line, or JSON.

        JSON is a list of names, or an object from index to name, or to [synset, name] (as in
        Keras' class index). A line, or a name, may start with a synset: ``n01440764 tench``.

        :param source: where the text comes from, for the error.
        :raises LabelError: not JSON although it looks so, gaps, or no name at all.
        """
        text = text.removeprefix('\ufeff')
        if text.lstrip()[:1] in ('{', '['):
            try:
                entries = _entries(json.loads(text, object_pairs_hook=_unique), source)
            except (ValueError, RecursionError) as error:
                if isinstance(error, LabelError):
                    raise
                # ValueError: also of a number with thousands of digits.
                raise LabelError(f'{source}: not valid JSON: {error}') from error
        else:
            entries = text.splitlines()
            while entries and not entries[-1].strip():
                entries.pop()
        for index, entry in enumerate(entries):
            if not entry.strip():
                raise LabelError(f'{source}: the name of class {index} is empty')
            if _NOT_IN_MESSAGES.search(entry):
                raise LabelError(f'{source}: the name of class {index} is {entry!r}; no ROS '
                                 f'message can carry a NUL or half of a surrogate pair')
        if not entries:
            raise LabelError(f'{source}: no class names found')
        matches = [_SYNSET.fullmatch(entry) for entry in entries]
        found = [match for match in matches if match]
        if len(found) == len(entries):
            return cls(tuple(m[2] for m in found), tuple(m[1] for m in found))
        return cls(tuple(entries))

    def check_count(self, classes: int, *, source: str = 'labels') -> LabelSet:
        """Return this set, or raise LabelError when a model has another number of classes."""
        if len(self) != classes:
            raise LabelError(
                f'{source}: expected {classes} names, one for each class of the model, '
                f'found {len(self)}')
        return self


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object of JSON; of a key that stands twice, json would keep the last."""
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError('a key stands twice')
    return result


def _entries(value: object, source: str) -> list[str]:
    """Put the names of a JSON value into the order of their index."""
    if isinstance(value, dict):
        try:
            by_index = {int(key): name for key, name in value.items()}
        except ValueError as error:
            raise LabelError(f'{source}: keys must be class indices: {error}') from error
        missing = set(range(len(value))) - set(by_index)
        if missing:
            raise LabelError(f'{source}: no name for class {min(missing)}')
        value = [by_index[index] for index in range(len(by_index))]
    names = []
    for index, entry in enumerate(value if isinstance(value, list) else [value]):
        if isinstance(entry, list) and entry and all(isinstance(part, str) for part in entry):
            entry = ' '.join(entry[:2])
        if not isinstance(entry, str):
            raise LabelError(f'{source}: the name of class {index} is not text: {entry!r}')
        names.append(entry)
    return names
