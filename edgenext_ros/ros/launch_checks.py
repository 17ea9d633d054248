# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What launch files check of their arguments before they start a process."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any

from edgenext_ros.models.store import user_path
from launch.logging import get_logger
from launch_ros.parameter_descriptions import ParameterFile
import yaml

_MOST_BYTES = 10 ** 6
_EXPECTED = 'expected "/**:" and below it "ros__parameters:", as in config/classifier.yaml'


class LaunchArgumentError(ValueError):
    """A launch argument cannot be used; the text says which, and why."""


def parameter_file(text: str, nodes: tuple[str, ...]) -> ParameterFile:
    """
    Return the parameter file that ``params_file`` names; launch itself would only warn.

    :param nodes: absolute names of the nodes that it is for; one warning when it has nothing
        for any of them, as a file of another package, included in the same launch, has not.
    :raises LaunchArgumentError: it is missing, cannot be read, or no file of parameters.
    """
    path = user_path(text)
    try:
        # A pipe would make launch wait for ever, and a device has no end.
        if not text or (path.exists() and not path.is_file()):
            found = 'no name' if not text else 'a folder' if path.is_dir() else 'a pipe or device'
            raise LaunchArgumentError(f'params_file {text!r}: expected a YAML file, found {found}')
        with path.open('rb') as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise LaunchArgumentError(f'params_file {text!r}: {error.strerror}') from error
    if len(data) > _MOST_BYTES:
        raise LaunchArgumentError(f'params_file {text!r}: expected at most {_MOST_BYTES} bytes')
    try:
        content = yaml.safe_load(data.decode())
        sections = dict(_sections(content, ''))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = 'it nests too deeply' if isinstance(error, RecursionError) else str(error)
        raise LaunchArgumentError(f'params_file {text!r}: not a YAML file of parameters: '
                                  f'{" ".join(why.split())}') from error
    if not sections:
        raise LaunchArgumentError(f'params_file {text!r}: holds no parameters; {_EXPECTED}')
    if not any(_matches(pattern, node) for pattern in sections for node in nodes):
        get_logger('launch').warning(
            f'params_file {text!r} has nothing for {", ".join(nodes)}, only for '
            f'{", ".join(sections)}')
    return ParameterFile(str(path))


def _sections(value: Any, name: str) -> Iterator[tuple[str, object]]:
    """Yield the name of each node, or pattern of names, that has parameters."""
    if value is None:
        return
    if not isinstance(value, dict):
        raise ValueError(f'found {type(value).__name__} {str(value)[:40]!r} '
                         f'{f"under {name}" if name else "at the top"}; {_EXPECTED}')
    for key, below in value.items():
        if key != 'ros__parameters':
            yield from _sections(below, f'{name}/{str(key).strip("/")}')
        elif not isinstance(below, dict):
            raise ValueError(f'"ros__parameters:" of {name} holds no "NAME: VALUE"')
        elif not name:
            raise ValueError(f'"ros__parameters:" stands at the top; {_EXPECTED}')
        else:
            yield name, below


def _matches(pattern: str, node: str) -> bool:
    """Say whether rcl gives a node the parameters of a section: * is one part, ** any number."""
    parts, wanted = node.strip('/').split('/'), pattern.strip('/').split('/')

    def match(parts: list[str], wanted: list[str]) -> bool:
        if not wanted:
            return not parts
        if wanted[0] == '**':
            return any(match(parts[count:], wanted[1:]) for count in range(len(parts) + 1))
        return bool(parts) and fnmatchcase(parts[0], wanted[0]) and match(parts[1:], wanted[1:])

    return match(parts, wanted)
