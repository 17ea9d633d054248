# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Checks of launch arguments before a process is started."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgenext_ros.models.store import user_path
from edgenext_ros.ros.parameter_files import EXPECTED_LAYOUT, MOST_BYTES, sections
from launch_ros.parameter_descriptions import ParameterFile
import yaml


class LaunchArgumentError(ValueError):
    """A launch argument cannot be used; the text names it and the reason."""


def parameter_file(text: str) -> ParameterFile:
    """
    Return the parameter file that ``params_file`` names; launch itself only warns of a bad one.

    The node checks whether the file has parameters for it, because only the node knows its name
    after remapping.

    :raises LaunchArgumentError: the file is missing, unreadable, or not a parameter file.
    """
    _content(text)
    return ParameterFile(str(user_path(text)))


def values_in(text: str, name: str) -> set[str]:
    """
    Return the values of a parameter in the sections of a parameter file, as text.

    :param text: value of the argument ``params_file``.
    :param name: name of the parameter.
    :raises LaunchArgumentError: as ``parameter_file``.
    """
    return set(_values_in(_content(text), name))


def _values_in(content: Any, name: str) -> Iterator[str]:
    for key, below in content.items() if isinstance(content, dict) else ():
        if key != 'ros__parameters':
            yield from _values_in(below, name)
        elif name in below:
            yield str(below[name])


def _content(text: str) -> Any:
    """Return the content of a parameter file after all checks."""
    path = user_path(text)
    try:
        # A read from a pipe may block forever, and a device may have no end.
        if not text or (path.exists() and not path.is_file()):
            found = 'no name' if not text else 'a folder' if path.is_dir() else 'a pipe or device'
            raise LaunchArgumentError(f'params_file {text!r}: expected a YAML file, found {found}')
        with path.open('rb') as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise LaunchArgumentError(f'params_file {text!r}: {error.strerror}') from error
    if len(data) > MOST_BYTES:
        raise LaunchArgumentError(f'params_file {text!r}: expected at most {MOST_BYTES} bytes')
    try:
        content = yaml.safe_load(data.decode())
        nodes = tuple(sections(content))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = 'it nests too deeply' if isinstance(error, RecursionError) else str(error)
        raise LaunchArgumentError(f'params_file {text!r}: not a YAML file of parameters: '
                                  f'{" ".join(why.split())}') from error
    if not nodes:
        raise LaunchArgumentError(f'params_file {text!r}: holds no parameters; {EXPECTED_LAYOUT}')
    return content
