# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""List, fetch and verify the models of the catalog, and describe a .bin."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys
from typing import Any, TYPE_CHECKING

if TYPE_CHECKING:
    from edgenext_ros.models.catalog import Entry, File

HELP = 'List, fetch and verify the models of the catalog, and describe a .bin.'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    from edgenext_ros.cli import add_json

    actions = parser.add_subparsers(dest='action', required=True, metavar='ACTION')

    def add(name: str, text: str) -> argparse.ArgumentParser:
        action = actions.add_parser(name, help=text, description=f'{text[:1].upper()}{text[1:]}.')
        # SUPPRESS keeps the default of the action from overwriting the verb's --json.
        add_json(action, default=argparse.SUPPRESS)
        return action

    add('list', 'list every model: its published figures, and its files on this machine')
    fetch = add('fetch', 'download models into the cache, and record their size and SHA-256')
    fetch.add_argument('names', nargs='*', metavar='NAME', help='catalog name, such as xx_small')
    fetch.add_argument('--all', action='store_true', help='every model of the catalog')
    fetch.add_argument('--kind', choices=('bin', 'onnx', 'weights'),
                       help="bin for the BPU, onnx for ONNX Runtime, weights for timm's float "
                            'weights (default: bin on an aarch64 machine, else onnx)')
    fetch.add_argument('--mirror', type=_mirror, action='append', default=[], metavar='URL',
                       help="fetch from this URL instead of the publisher's; give several to try "
                            "them in order (timm's weights have the same path below it as on the "
                            'hub)')
    fetch.add_argument('--retries', type=_retries, default=4, metavar='N',
                       help='further attempts after a broken connection (default: 4)')
    fetch.add_argument('--timeout', type=_timeout, default=30.0, metavar='S',
                       help='seconds without data after which a connection counts as broken '
                            '(default: 30)')
    verify = add('verify', 'check the files on this machine: structure, and SHA-256 where it is '
                           'recorded')
    verify.add_argument('names', nargs='*', metavar='NAME', help='catalog names (default: all)')
    add('path', 'print the path of the file that would be used on this machine').add_argument(
        'name', metavar='NAME', help='catalog name or path')
    add('info', 'describe a .bin: input, output, operators, versions').add_argument(
        'name', metavar='NAME', help='catalog name or path')


def _mirror(text: str) -> str:
    from edgenext_ros.models.fetch import mirror
    try:
        return mirror(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _retries(text: str) -> int:
    value = int(text)
    if not 0 <= value <= 1000:
        raise argparse.ArgumentTypeError(f'must be from 0 to 1000, got {value}')
    return value


def _timeout(text: str) -> float:
    value = float(text)
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError(f'must be more than 0 and at most 3600, got {value:g}')
    return value


def run(arguments: argparse.Namespace) -> int:
    """Run the action; return 1 if a model is missing or damaged, 2 for wrong usage."""
    action = {'list': _list, 'fetch': _fetch, 'verify': _verify, 'path': _path, 'info': _info}
    return action[arguments.action](arguments)


def _list(arguments: argparse.Namespace) -> int:
    from edgenext_ros.cli import write_json
    from edgenext_ros.models import store
    from edgenext_ros.models.catalog import CATALOG

    print(f'{"name":<10}{"top-1 %":>8}{"float %":>9}{"latency ms":>12}{"FPS":>8}   here')
    rows = []
    for entry in CATALOG.values():
        figures = entry.figures
        here = [(file, path) for file in entry.files if (path := store.find(entry, file))]
        print(f'{entry.name:<10}' + (
            f'{figures.top1:>8.2f}{figures.float_top1:>9.2f}{figures.latency_ms:>12.2f}'
            f'{figures.fps:>8.2f}' if figures else f'{"-":>8}{"-":>9}{"-":>12}{"-":>8}'
        ) + '   ' + (', '.join(f'{file.kind} {_size(path)}' for file, path in here) or '-')
            + (' (bundled)' if entry.bundled else ''))
        rows.append({
            'name': entry.name, 'title': entry.title, 'path': str(here[0][1]) if here else '',
            'files': [{'kind': file.kind, 'path': str(path), 'bytes': path.stat().st_size}
                      for file, path in here],
            'published': vars(figures) if figures else None})
    write_json(arguments.json, rows)
    try:
        place = f'Fetched files are in {store.cache_folder()}'
    except store.NoHomeError as error:
        place = f'There is no place for fetched files: {error}'
    print('\ndemo is part of this package and knows the 100 classes of Caltech-101. The others '
          'know\nthe 1000 classes of ImageNet-1k; D-Robotics published them and measured these '
          'figures on\nan RDK X5: top-1 accuracy of the .bin and of the float network, latency of '
          'one picture,\npictures a second with several threads. The last column lists the files '
          f'on this machine.\n{place}; fetch a model with '
          f'"{store.fetch_command("NAME", store.default_kind())}".')
    return 0


def _size(path: Path) -> str:
    return f'{path.stat().st_size / 1e6:.2f} MB'


def _entries(names: list[str]) -> list[Entry]:
    """Return the entries of these names without duplicates; all entries if there is no name."""
    from edgenext_ros.core.did_you_mean import did_you_mean
    from edgenext_ros.models.catalog import CATALOG
    from edgenext_ros.models.store import ModelNotFoundError
    unknown = [name for name in names if name not in CATALOG]
    if unknown:
        raise ModelNotFoundError(
            f'model {unknown[0]!r} is not in the catalog: {", ".join(CATALOG)}'
            f'{did_you_mean(unknown[0], CATALOG)}')
    return [CATALOG[name] for name in dict.fromkeys(names or CATALOG)]


def _fetch(arguments: argparse.Namespace) -> int:
    from edgenext_ros.cli import write_json
    from edgenext_ros.models import store
    from edgenext_ros.models.fetch import Options

    if arguments.all == bool(arguments.names):
        print('edgenext models fetch: expected names of models, or --all; "edgenext models list" '
              'shows them', file=sys.stderr)
        return 2
    kind = arguments.kind or store.default_kind()
    options = Options(tuple(arguments.mirror), arguments.retries, arguments.timeout)
    rows = []
    for entry in _entries(arguments.names):
        if entry.bundled:
            if not arguments.all:
                print(f'{entry.name:<10}is part of this package; nothing to fetch')
            continue
        file = next(file for file in entry.files if file.kind == kind)
        rows.append({'name': entry.name, 'kind': kind, **_fetch_one(entry, file, options)})
    write_json(arguments.json, rows)
    return int(any('error' in row for row in rows))


def _fetch_one(entry: Entry, file: File, options: Any) -> dict[str, Any]:
    """Fetch one file; print and return the result, also of a failure, because others follow."""
    from edgenext_ros.cli.progress import DownloadBar
    from edgenext_ros.models import ModelError, store
    from edgenext_ros.models.download import FetchError
    from edgenext_ros.models.fetch import fetch
    bar = DownloadBar(file.name)
    try:
        got = fetch(file, store.cache_folder(), options=options, progress=bar.show,
                    notice=bar.notice)
    except (FetchError, ModelError) as error:
        bar.notice(f'edgenext models: {error}')
        return {'error': str(error)}
    finally:
        bar.clear()
    print(f'{entry.name:<10}{"fetched" if got.fresh else "was here":<9}{_size(got.path):>10}  '
          f'{got.path}\n{"":<10}SHA-256 {got.digest.sha256}', flush=True)
    return {'path': str(got.path), 'bytes': got.digest.size, 'sha256': got.digest.sha256,
            'fresh': got.fresh}


def _verify(arguments: argparse.Namespace) -> int:
    from edgenext_ros.cli import write_json
    from edgenext_ros.models import ModelError, store
    from edgenext_ros.models.fetch import verify
    rows = []
    for entry in _entries(arguments.names):
        here = [(file, path) for file in entry.files if (path := store.find(entry, file))]
        if arguments.names and not here:
            store.locate(entry.name)  # raises an error that says how to get the file
        for file, path in here:
            row: dict[str, Any] = {'name': entry.name, 'kind': file.kind, 'path': str(path)}
            try:
                keep = store.is_fetched(path)
                found = verify(path, keep=keep)
                how = ('bundled' if entry.bundled else 'as recorded' if found.compared else
                       'recorded now' if keep else 'no record')
                print(f'{entry.name:<10}{file.kind:<9}OK     {how}, SHA-256 '
                      f'{found.digest.sha256}')
                row.update(bytes=found.digest.size, sha256=found.digest.sha256,
                           compared=found.compared)
            except ModelError as error:
                print(f'{entry.name:<10}{file.kind:<9}WRONG  {error}')
                row['error'] = str(error)
            rows.append(row)
    write_json(arguments.json, rows)
    return int(any('error' in row for row in rows))


def _path(arguments: argparse.Namespace) -> int:
    from edgenext_ros.cli import write_json
    from edgenext_ros.engines.select import suffixes
    from edgenext_ros.models import store
    located = store.locate(arguments.name, suffixes=suffixes())
    print(located.path)
    write_json(arguments.json, {'model': arguments.name, 'path': str(located.path)})
    return 0


def _info(arguments: argparse.Namespace) -> int:
    from edgenext_ros.cli import write_json
    from edgenext_ros.models import store
    from edgenext_ros.models.formats import bin_file
    facts = _facts(bin_file.read(store.locate(arguments.name, suffixes=('.bin',)).path))
    for name, value in facts.items():
        if name != 'metadata':
            print(f'{name:12} {_words(value)}')
    for name, value in sorted(facts['metadata'].items()):
        if value:
            print(f'  {name:24} {value if len(value) < 100 else f"{value[:96]} ..."}')
    write_json(arguments.json, facts)
    return 0


def _facts(content: Any) -> dict[str, Any]:
    """Return the facts of a ``BinFile``, the most wanted first."""
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
    """Format a fact as text."""
    if isinstance(value, dict):
        return ', '.join(f'{name} {_words(item)}' for name, item in value.items())
    if not isinstance(value, tuple) or not value:
        return str(value or '-')
    if isinstance(value[0], float):
        return f'{len(value)} of {min(value):.3g} to {max(value):.3g}'
    return ('x' if isinstance(value[0], int) else ', ').join(map(str, value))
