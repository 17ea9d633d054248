# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ``edgenext`` command: one module per verb.

Every verb writes its figures with ``--json FILE``; the exit codes stand in ``EPILOG``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager, ExitStack, redirect_stdout
import errno
from importlib import import_module
import json
import os
from pathlib import Path
import signal
import sys
from typing import Any, NoReturn

from edgenext_ros import __version__
from edgenext_ros.libraries import MissingPartError, require_opencv
from edgenext_ros.models.atomic_file import atomic_write

VERBS = ('bench', 'classify', 'compile', 'demo', 'evaluate', 'models', 'parameters', 'runtimes',
         'train', 'verify')
EPILOG = ('exit codes: 0 done; 1 the work failed, or a check did not hold; 2 wrong usage, or a '
          'part of the installation is missing; 130 ended with Ctrl-C')
_WITHOUT_OPENCV = ('models',)
_STDOUT, _STDERR = 1, 2
_JSON_HELP = ('write the figures here too; the file of an earlier run is removed first; "-" '
              'writes them to stdout, and all else to stderr')


def main(args: list[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    try:
        return _main(args)
    except KeyboardInterrupt:  # also while modules are loaded, which takes a second on a board
        return 130


def _main(args: list[str] | None) -> int:
    command = sys.argv[1:] if args is None else args
    if args is None:
        _end_in_order()
    parser = argparse.ArgumentParser(
        prog='edgenext', description='EdgeNeXt image classification for ROS 2 and the RDK X5.',
        epilog=EPILOG)
    parser.add_argument('--version', action='version', version=f'edgenext_ros {__version__}')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB')
    for name in command[:1] if command[:1] and command[0] in VERBS else VERBS:
        module = import_module(f'{__name__}.{name}')
        verb = verbs.add_parser(name, help=module.HELP, description=module.HELP, epilog=EPILOG)
        module.add_arguments(verb)
        add_json(verb)
        verb.set_defaults(run=module.run)
    arguments = parser.parse_args(command)
    arguments.command = command
    try:
        with ExitStack() as pipes:
            _check_outputs(arguments, pipes)
            if arguments.verb not in _WITHOUT_OPENCV:
                require_opencv()
            pipes.enter_context(_only_figures(arguments))
            code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing is left to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ImportError, MissingPartError) as error:
        print(f'edgenext {arguments.verb}: {error}', file=sys.stderr)
        return 2
    except OSError as error:
        # The system's own words are a number and a name; who reads wants the name first.
        where = f'{error.filename2 or error.filename}: ' if error.filename else ''
        print(f'edgenext {arguments.verb}: {where}{error.strerror or error}', file=sys.stderr)
        return 1
    except (ValueError, RuntimeError) as error:
        # The package's own errors are sentences for people; see their classes.
        print(f'edgenext {arguments.verb}: {error}', file=sys.stderr)
        return 1


def _end_in_order() -> None:
    """Let SIGTERM and a closed terminal remove what is half done, as Ctrl-C does."""
    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, end)


def add_json(parser: argparse.ArgumentParser, **options: Any) -> None:
    """Declare ``--json``; the options go to ``add_argument``."""
    parser.add_argument('--json', type=Path, metavar='FILE', help=_JSON_HELP, **options)


def _check_outputs(arguments: argparse.Namespace, pipes: ExitStack) -> None:
    """
    Raise OSError now, and not when the work is done, where the figures cannot be written.

    An earlier run's figures go: after a failure nobody shall take them for those of this run.

    :param pipes: keeps pipes open until the end, so that their readers wait for the figures.
    """
    for name in ('json', 'html', 'markdown', 'plot', 'layers', 'sensitivity'):
        path = getattr(arguments, name, None)
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise OSError(f'--{name} {path}: expected a file to write, in a folder that exists')
        if path is not None and not _is_stdout(path) and (path.is_fifo() or path.is_socket()):
            pipes.callback(os.close, _open_pipe(name, path))
    if arguments.json is not None and not _is_stdout(arguments.json) and arguments.json.is_file():
        if arguments.json.is_symlink():  # the link stays, see write_json
            arguments.json.write_text('')
        else:
            arguments.json.unlink()


def _open_pipe(name: str, path: Path) -> int:
    """Open a pipe that somebody reads; without a reader, opening it would wait."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise OSError(f'--{name} {path}: expected a file to write, found a '
                      f'{"pipe that nobody reads" if path.is_fifo() else "socket"}') from error
    os.set_inheritable(descriptor, True)  # see become
    return descriptor


def _is_stdout(path: Path) -> bool:
    return str(path) in ('-', '/dev/stdout')


@contextmanager
def _only_figures(arguments: argparse.Namespace) -> Iterator[None]:
    """
    With ``--json -``, send all that is printed, by libraries in C too, to stderr.

    ``arguments.json`` becomes the file descriptor of the real stdout until the end.
    """
    if arguments.json is None or not _is_stdout(arguments.json):
        yield
        return
    sys.stdout.flush()
    kept = os.dup(_STDOUT)
    try:
        os.dup2(_STDERR, _STDOUT)
        arguments.json = kept
        with redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(kept, _STDOUT)
        os.close(kept)


def become(command: list[str], environment: dict[str, str],
           arguments: argparse.Namespace) -> NoReturn:
    """Replace this process by another that runs the same verb, with the real stdout."""
    if isinstance(arguments.json, int):
        os.dup2(arguments.json, _STDOUT)
    os.execve(command[0], command, environment)


def write_json(path: Path | int | None, figures: object) -> None:
    """
    Write a verb's figures, if a file was asked for; it appears only when it is complete.

    :param path: an int is the descriptor of stdout, see ``_only_figures``.
    """
    if path is None:
        return
    if isinstance(path, int):
        with open(path, 'w', encoding='utf-8', closefd=False) as stdout:
            stdout.write(json.dumps(figures, indent=2) + '\n')
        return
    if path.is_symlink() or (path.exists() and not path.is_file()):
        # What a link leads to, a device or a pipe is written to, not replaced.
        path.write_text(json.dumps(figures, indent=2) + '\n')
        return
    with atomic_write(path) as part:
        part.write_text(json.dumps(figures, indent=2) + '\n')
