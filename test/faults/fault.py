# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A deliberate fault: one replacement in one file, and the tests that must notice it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A change of the code that is wrong, although the program still starts."""

    name: str
    """Module and what is wrong, for people; unique."""
    file: str
    """From the root of the tree."""
    old: str
    """Occurs exactly once in the file."""
    new: str
    tests: tuple[str, ...]
    """Files or tests, as pytest takes them, from the root of the tree."""
    markers: str
    """Which of them run, as pytest's ``-m`` takes it."""


def faults_in(file, tests, *faults, markers='not slow and not tools'):
    """
    Make the faults of one file.

    :param file: a module, from the package's folder.
    :param tests: what must notice each of them, from the folder of the tests.
    :param faults: for each what is wrong, the old text, and the new text.
    :param markers: which of the tests run.
    """
    module = file.rpartition('/')[2].removesuffix('.py')
    if module == 'engine':
        module = file.split('/')[-2]
    return tuple(Fault(f'{module}: {what}', f'edgenext_ros/{file}', old, new,
                       tuple(f'test/{test}' for test in tests), markers)
                 for what, old, new in faults)
