# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A deliberate fault: a replacement in a file, and the tests that must notice it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A wrong change of the code, with which the program still starts."""

    name: str
    """Module and description; unique."""
    file: str
    """Path from the root of the tree."""
    old: str
    """Text that occurs exactly once in the file."""
    new: str
    """Text that replaces it."""
    tests: tuple[str, ...]
    """Files or tests as pytest takes them, from the root of the tree."""
    markers: str
    """Expression for pytest's ``-m`` that selects among the tests."""


def faults_in(file, tests, *faults, markers='not slow and not tools'):
    """
    Return the faults of one file.

    :param file: path of the module from the package's folder.
    :param tests: the tests that must notice each fault, from the folder of the tests.
    :param faults: description, old text and new text of each fault.
    :param markers: expression for pytest's ``-m``.
    """
    module = file.rpartition('/')[2].removesuffix('.py')
    if module == 'engine':
        module = file.split('/')[-2]
    return tuple(Fault(f'{module}: {what}', f'edgenext_ros/{file}', old, new,
                       tuple(f'test/{test}' for test in tests), markers)
                 for what, old, new in faults)
