# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""List the models that have a name, and find their files."""

from __future__ import annotations

import argparse

HELP = 'List the models that have a name (list), or print the path of one (path NAME).'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('action', choices=('list', 'path'), help='what to do')
    parser.add_argument('name', nargs='?', help='catalog name or path, for "path"')


def run(arguments: argparse.Namespace) -> int:
    """Print the models; 1 when the one asked for is not here, 2 without a name to look for."""
    import sys

    from edgenext_ros.cli import write_json
    from edgenext_ros.models import store
    from edgenext_ros.models.catalog import CATALOG
    from edgenext_ros.runtime import suffixes

    if arguments.action == 'path':
        if arguments.name is None:
            print('edgenext models path: expects a model name', file=sys.stderr)
            return 2
        located = store.locate(arguments.name, suffixes=suffixes())
        print(located.path)
        write_json(arguments.json, {'model': arguments.name, 'path': str(located.path)})
        return 0
    rows = []
    for entry in CATALOG.values():
        try:
            path = str(store.locate(entry.name, suffixes=suffixes()).path)
        except store.ModelNotFoundError:
            path = ''
        print(f'{entry.name:10} {entry.title:58} {path or "not on this machine"}')
        rows.append({'name': entry.name, 'title': entry.title, 'path': path})
    write_json(arguments.json, rows)
    return 0
