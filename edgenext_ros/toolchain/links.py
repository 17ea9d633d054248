# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Folders of links to pictures: one folder for each side of a split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
import shutil

from edgenext_ros.models.regular_file import shown


def expect_links(folder: Path) -> None:
    """
    Allow ``link`` to replace a folder: it is not there, or has nothing but links.

    :raises ValueError: it has something else, which would be lost.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ValueError(f'{folder}: expected a folder of links to pictures, found something '
                         'else; move it away')
    for path in folder.rglob('*'):
        if not path.is_symlink() and not path.is_dir():
            raise ValueError(f'{shown(path)}: expected only links in {folder}, which is made '
                             'anew; move this file away')


def link(data: Path, sides: Mapping[str, Iterable[str]], output: Path) -> None:
    """
    Make ``output/<side>/<class>/<file>`` a link to the same of ``data``, for each of the files.

    What was in ``output`` before goes; it is replaced as a whole when all links are made.

    :raises ValueError: see ``expect_links``.
    """
    expect_links(output)
    new, old = (output.with_name(f'{output.name}.{word}') for word in ('part', 'old'))
    for folder in (new, old):  # of a process that was killed
        expect_links(folder)
        shutil.rmtree(folder, ignore_errors=True)
    try:
        for side, files in sides.items():
            for file in files:
                path = new / side / file
                path.parent.mkdir(parents=True, exist_ok=True)
                path.symlink_to((data / file).absolute())
        if output.exists():
            output.rename(old)
        new.rename(output)
    finally:
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)
