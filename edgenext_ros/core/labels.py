# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parse the class names of a model."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
import json
import re

_INDEX = re.compile(r'\s*(\d{1,6})(?:\s*[:,;)]\s*|\.?\s+)(\S.*)', re.ASCII)
"""A line with a class index before the name: ``0 tench``, ``0: tench``, ``0,tench``."""
_STRING = re.compile(r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\"""")
_QUOTE = re.compile('[\'"]')
_LONG_NUMBER = re.compile(r'\d{20}', re.ASCII)
_PLAIN_LITERAL = re.compile(r'[\s\d{}\[\](),:]*', re.ASCII)
_DEEPEST = 3
"""Maximum nesting of brackets; a dict of pairs has two levels."""
_SYNSET = re.compile(r'(n\d{8})\s+(\S.*)')
_NOT_IN_MESSAGES = re.compile('[\0\ud800-\udfff]')


class LabelError(ValueError):
    """A label list cannot be used; the text says why."""


@dataclass(frozen=True)
class LabelSet:
    """
    Class names by index, with WordNet synsets where the source has them.

    >>> labels = LabelSet.parse('["tench", "goldfish"]')
    >>> labels[1]
    'goldfish'
    >>> LabelSet.parse('{0: "tench", 1: "goldfish"}') == labels
    True
    """

    names: tuple[str, ...]
    synsets: tuple[str, ...] = ()
    written: tuple[str, ...] = field(default=(), compare=False)
    """Original lines, when indices before the names were removed; else empty."""

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, class_id: int) -> str:
        return self.names[class_id]

    @classmethod
    def numbered(cls, count: int) -> LabelSet:
        """Return the class indices as names, for a model without labels."""
        return cls(tuple(str(index) for index in range(count)))

    @classmethod
    def parse(cls, text: str, *, source: str = 'labels') -> LabelSet:
        """
        Read names from text: one name per line, JSON, or a Python dict or list.

        JSON may be a list of names; an object from index to name, to [synset, name] (as in Keras'
        class index), or from name to index; or an object with one of these as ``id2label``
        (Hugging Face). A Python dict or list has the same forms (D-Robotics'
        ``imagenet_classes.names``). A name may start with a synset: ``n01440764 tench``. Indices
        before the names are removed from lines when they count 0, 1, 2 and so on.

        :param text: contents of the file.
        :param source: name of the file, for errors.
        :raises LabelError: the text begins with a bracket but is neither JSON nor Python, an index
            or a name is missing, or the text has no names.
        """
        text = text.removeprefix('\ufeff')
        written: list[str] = []
        if text.lstrip()[:1] in ('{', '['):
            entries = _entries(_value(text, source), source)
        else:
            entries = text.splitlines()
            while entries and not entries[-1].strip():
                entries.pop()
            without = _without_indices(entries)
            if without:
                entries, written = without, entries
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
            return cls(tuple(m[2] for m in found), tuple(m[1] for m in found), tuple(written))
        return cls(tuple(entries), written=tuple(written))

    def check_count(self, classes: int, *, source: str = 'labels') -> LabelSet:
        """Return this set, or raise LabelError when a model has another number of classes."""
        if len(self) != classes:
            raise LabelError(
                f'{source}: expected {classes} names, one for each class of the model, '
                f'found {len(self)}')
        return self


def _without_indices(lines: list[str]) -> list[str]:
    """Remove the indices before names; return an empty list when they do not count from 0."""
    matches = [_INDEX.fullmatch(line) for line in lines]
    names = [match[2] for index, match in enumerate(matches) if match and int(match[1]) == index]
    # Equal names, as in '0 eggs' and '1 eggs', show that the number is part of the name.
    return names if len(names) == len(lines) == len(set(names)) else []


def _value(text: str, source: str) -> object:
    """Read JSON, or else the text of a Python dict or list."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        value = _python_value(text, source)
        if value is None:
            # A number with thousands of digits raises ValueError too.
            raise LabelError(f'{source}: not valid JSON: {error}') from error
        return value


def _python_value(text: str, source: str) -> object:
    """
    Read the text of a Python dict or list of numbers and strings; return None for other text.

    Text with names, operators or deep nesting does not reach Python's parser, which could run out
    of stack.

    :raises LabelError: a key occurs twice; Python would silently keep the last one.
    """
    bare = _without_strings(text)
    if bare is None or not _PLAIN_LITERAL.fullmatch(bare) or _LONG_NUMBER.search(bare):
        return None
    depth, colons = 0, 0
    for character in bare:
        depth += (character in '{[(') - (character in '}])')
        colons += character == ':' and depth == 1
        if depth > _DEEPEST:
            return None
    try:
        value: object = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, TypeError):
        return None
    if isinstance(value, dict) and len(value) < colons:
        raise LabelError(f'{source}: a key occurs twice')
    return value if isinstance(value, dict | list) else None


def _without_strings(text: str) -> str | None:
    """Remove the strings from Python source; return None when one is not closed."""
    parts, at = [], 0
    while quote := _QUOTE.search(text, at):
        string = _STRING.match(text, quote.start())
        if string is None:
            return None
        parts.append(text[at:quote.start()])
        at = string.end()
    return ''.join(parts) + text[at:]


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make a JSON object; raise ValueError for a key that occurs twice."""
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError('a key occurs twice')
    return result


def _entries(value: object, source: str) -> list[str]:
    """Return the names of a JSON value in the order of their indices."""
    if isinstance(value, dict):
        value = value.get('id2label', value)
    if isinstance(value, dict):
        indices = [index for index in value.values() if type(index) is int]
        if len(set(indices)) == len(value):
            value = {index: name for name, index in value.items()}
        try:
            by_index = {int(key): name for key, name in value.items()}
        except (ValueError, TypeError) as error:
            raise LabelError(f'{source}: keys must be class indices: {error}') from error
        missing = set(range(len(value))) - set(by_index)
        if missing:
            raise LabelError(f'{source}: no name for class {min(missing)}')
        value = [by_index[index] for index in range(len(by_index))]
    names = []
    for index, entry in enumerate(value if isinstance(value, list | tuple) else [value]):
        if isinstance(entry, list | tuple) and entry \
                and all(isinstance(part, str) for part in entry):
            entry = ' '.join(entry[:2])
        if not isinstance(entry, str):
            raise LabelError(f'{source}: the name of class {index} is not text: {entry!r}')
        names.append(entry)
    return names
