# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Find the nodes that a YAML parameter file applies to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

MOST_BYTES = 10 ** 6
"""Largest size of a parameter file."""
EXPECTED_LAYOUT = ('expected "/**:" and below it "ros__parameters:", as in config/classifier.yaml '
                   'or "/**: {ros__parameters: {top_k: 3}}"')
_MOST_NAMES = 5
# libyaml's loader parses ``MOST_BYTES`` in a second; some PyYAML builds do not include it.
_LOADER: Any = getattr(yaml, 'CSafeLoader', yaml.SafeLoader)


def ignored(source: str, sections: Sequence[str], nodes: Sequence[str]) -> str:
    """
    Return a sentence if parameters apply to none of the nodes, else an empty text.

    :param source: file or argument that holds the parameters, for the sentence.
    :param sections: node names, or patterns of names, that the parameters apply to.
    :param nodes: fully qualified names of the nodes that get these parameters.
    """
    nodes = ['/' + node.strip('/') for node in nodes]
    if not sections or any(_matches(pattern, node) for pattern in sections for node in nodes):
        return ''
    names = [section.lstrip('/') for section in sections]
    more = f' and {len(names) - _MOST_NAMES} more' if len(names) > _MOST_NAMES else ''
    these = 'this node is' if len(nodes) == 1 else 'these nodes are'
    return (f'{source} has parameters for {", ".join(names[:_MOST_NAMES])}{more} only, {these} '
            f'{", ".join(nodes)}: they are ignored')


def sections_of(path: Path) -> list[str]:
    """Return the sections of a file; none if it cannot be read, which rcl reports."""
    try:
        if not path.is_file() or path.stat().st_size > MOST_BYTES:
            return []
        return list(sections(parse(path.read_bytes().decode())))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return []


def parse(text: str) -> Any:
    """
    Return the content of YAML as plain data.

    :raises yaml.YAMLError: the text is not YAML.
    """
    loader = _LOADER(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def sections(value: Any, name: str = '') -> Iterator[str]:
    """
    Yield each node name, or pattern of names, that has parameters.

    :param value: content of the YAML file, as from ``parse``.
    :param name: path of the keys above ``value``, with slashes; empty at the top.
    :raises ValueError: the content is not a tree of names with "ros__parameters:" below each.
    """
    if value is None:
        return
    if not isinstance(value, dict):
        raise ValueError(f'found {type(value).__name__} {str(value)[:40]!r} '
                         f'{f"under {name}" if name else "at the top"}; {EXPECTED_LAYOUT}')
    for key, below in value.items():
        if key != 'ros__parameters':
            yield from sections(below, f'{name}/{str(key).strip("/")}')
        elif not isinstance(below, dict):
            raise ValueError(f'"ros__parameters:" of {name} holds no "NAME: VALUE"')
        elif not name:
            raise ValueError(f'"ros__parameters:" stands at the top; {EXPECTED_LAYOUT}')
        else:
            yield name


def _matches(pattern: str, node: str) -> bool:
    """Return whether a section applies to a node; ``*`` matches one name part, ``**`` any."""
    parts, wanted = node.strip('/').split('/'), pattern.strip('/').split('/')

    def match(parts: list[str], wanted: list[str]) -> bool:
        if not wanted:
            return not parts
        if wanted[0] == '**':
            return any(match(parts[count:], wanted[1:]) for count in range(len(parts) + 1))
        return bool(parts) and fnmatchcase(parts[0], wanted[0]) and match(parts[1:], wanted[1:])

    return match(parts, wanted)
