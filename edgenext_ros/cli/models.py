# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""List the models that have a name, find their files, and say what a .bin holds."""

from __future__ import annotations

import argparse
from typing import Any

HELP = ('List the models that have a name (list), print the path of one (path NAME), or say '
        'what its .bin holds (info NAME).')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('action', choices=('list', 'path', 'info'), help='what to do')
    parser.add_argument(
        'name', nargs='?', help='catalog name or path, for "path" and "info"')


def run(arguments: argparse.Namespace) -> int:
    """Print the models; 1 when the one asked for is not here, 2 without a name to look for."""
    import sys

    from edgenext_ros.cli import write_json
    from edgenext_ros.models import bin_file, store
    from edgenext_ros.models.catalog import CATALOG
    from edgenext_ros.runtime import suffixes

    if arguments.action != 'list' and arguments.name is None:
        print(f'edgenext models {arguments.action}: expects a model name', file=sys.stderr)
        return 2
    if arguments.action == 'info':
        facts = _facts(bin_file.read(store.locate(arguments.name, suffixes=('.bin',)).path))
        for name, value in facts.items():
            if name != 'metadata':
                print(f'{name:12} {_words(value)}')
        for name, value in sorted(facts['metadata'].items()):
            if value:
                print(f'  {name:24} {value if len(value) < 100 else f"{value[:96]} ..."}')
        write_json(arguments.json, facts)
        return 0
    if arguments.action == 'path':
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


def _facts(content: Any) -> dict[str, Any]:
    """Return what a ``BinFile`` says, in the order in which people ask."""
    return {
        'path': str(content.path),
        'model': content.name,
        'march': content.march,
        'input': {'name': content.input.name, 'type': content.input_type,
                  'width': content.width, 'height': content.height},
        'output': {'name': content.output.name, 'type': content.output.dtype,
                   'shape': content.output.shape, 'scales': content.scales},
        'operators': content.operators,
        'program': {'bytes': len(content.program), 'operations': content.operations,
                    'estimated us': content.latency_us},
        'versions': dict(content.versions),
        'other models': content.models[1:],
        'metadata': dict(content.metadata),
    }


def _words(value: Any) -> str:
    """Write a fact for people."""
    if isinstance(value, dict):
        return ', '.join(f'{name} {_words(item)}' for name, item in value.items())
    if not isinstance(value, tuple) or not value:
        return str(value or '-')
    if isinstance(value[0], float):
        return f'{len(value)} of {min(value):.3g} to {max(value):.3g}'
    return ('x' if isinstance(value[0], int) else ', ').join(map(str, value))
