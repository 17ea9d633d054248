# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Folders of links to pictures, one for each side of a split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
import shutil

from edgenext_ros.models.regular_file import shown


def expect_links(folder: Path) -> None:
    """
    Check that a folder may be replaced: it does not exist, or holds nothing but links.

    :raises ValueError: it holds something else, which would be lost.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ValueError(f'{folder}: expected a folder of links to pictures, found something '
                         'else; move it away')
    for path in folder.rglob('*'):
        if not path.is_symlink() and not path.is_dir():
            raise ValueError(f'{shown(path)}: expected only links in {folder}, which is '
                             'replaced; move this file away')


def link(data: Path, sides: Mapping[str, Iterable[str]], output: Path) -> None:
    """
    Link ``output/<side>/<class>/<file>`` to ``data/<class>/<file>``.

    The links are made in a new folder, which then replaces ``output``.

    :param data: the folder of pictures.
    :param sides: files, ``<class>/<file>``, by the name of their side.
    :param output: the folder to replace.
    :raises ValueError: see ``expect_links``.
    :raises OSError: a link cannot be made; ``output`` stays as it was.
    """
    expect_links(output)
    new, old = (output.with_name(f'{output.name}.{word}') for word in ('part', 'old'))
    for folder in (new, old):  # left by a process that was killed
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
