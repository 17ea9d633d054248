# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ``edgenext`` command: one module per verb.

Every verb writes its figures with ``--json FILE``; ``_EPILOG`` lists the exit codes.
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
from edgenext_ros.core.did_you_mean import most_similar
from edgenext_ros.libraries import MissingPartError, require_opencv
from edgenext_ros.models.atomic_file import atomic_write

VERBS = ('bench', 'classify', 'compile', 'demo', 'evaluate', 'models', 'parameters', 'runtimes',
         'selftest', 'train', 'verify')
_EPILOG = ('exit codes: 0 success; 1 failure, or a check did not hold; 2 wrong usage, or a part '
           'of the installation is missing; 130 interrupted by Ctrl-C')
_WITHOUT_OPENCV = ('models',)
_STDOUT, _STDERR = 1, 2
_JSON_HELP = ('also write the figures here as JSON; an earlier file is removed first; "-" writes '
              'them to stdout, and all other output to stderr')


class VerbParser(argparse.ArgumentParser):
    """The parser of a verb: after an unknown argument it prints this verb's usage."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; exit with 2 and the usage if an argument is unknown."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:  # argparse would return them to the parser above, which prints its own usage
            near = most_similar(unknown[0].partition('=')[0], self._option_string_actions)
            self.error(f'unrecognized arguments: {" ".join(unknown)}'
                       f'{f"; did you mean {near}?" if near else ""}')
        return found, unknown


def main(args: list[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    try:
        return _main(args)
    except KeyboardInterrupt:  # also during imports, which take a second on a board
        return 130


def _main(args: list[str] | None) -> int:
    command = sys.argv[1:] if args is None else args
    if args is None:
        _exit_on_signals()
    parser = argparse.ArgumentParser(
        prog='edgenext', description='EdgeNeXt image classification for ROS 2 and the RDK X5. '
        'compile, train and verify need a PC; the other verbs also work on the robot.',
        epilog=_EPILOG)
    parser.add_argument('--version', action='version', version=f'edgenext_ros {__version__}')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB',
                                  parser_class=VerbParser)
    for name in command[:1] if command[:1] and command[0] in VERBS else VERBS:
        module = import_module(f'{__name__}.{name}')
        verb = verbs.add_parser(name, help=module.HELP, description=module.HELP, epilog=_EPILOG)
        module.add_arguments(verb)
        add_json(verb)
        verb.set_defaults(run=module.run, code_of_errors=getattr(module, 'CODE_OF_ERRORS', 1))
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
        # The reader (head, less) has closed the pipe; stdout must not be flushed to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ImportError, MissingPartError) as error:
        print(f'edgenext {arguments.verb}: {error}', file=sys.stderr)
        return 2
    except OSError as error:
        # The default text begins with the error number; put the file name first instead.
        where = f'{error.filename2 or error.filename}: ' if error.filename else ''
        print(f'edgenext {arguments.verb}: {where}{error.strerror or error}', file=sys.stderr)
        return int(arguments.code_of_errors)
    except (ValueError, RuntimeError) as error:
        # The package's errors are complete sentences for the user.
        print(f'edgenext {arguments.verb}: {error}', file=sys.stderr)
        return int(arguments.code_of_errors)


def _exit_on_signals() -> None:
    """Raise SystemExit on SIGTERM and SIGHUP, so that temporary files are removed."""
    def stop(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, stop)


def add_json(parser: argparse.ArgumentParser, **options: Any) -> None:
    """Declare ``--json``; the options go to ``add_argument``."""
    parser.add_argument('--json', type=Path, metavar='FILE', help=_JSON_HELP, **options)


def _check_outputs(arguments: argparse.Namespace, pipes: ExitStack) -> None:
    """
    Raise OSError before the work if an output file cannot be written.

    The figures of an earlier run are removed, so that after a failure nobody takes them for those
    of this run.

    :param arguments: those of the verb.
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
    """Open a pipe that has a reader; without one, a normal open would wait."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise OSError(f'--{name} {path}: expected a file to write, found a '
                      f'{"pipe that nobody reads" if path.is_fifo() else "socket"}') from error
    os.set_inheritable(descriptor, True)  # for replace_process
    return descriptor


def _is_stdout(path: Path) -> bool:
    return str(path) in ('-', '/dev/stdout')


@contextmanager
def _only_figures(arguments: argparse.Namespace) -> Iterator[None]:
    """
    With ``--json -``, redirect everything that is printed, also by C libraries, to stderr.

    Until the end of the block ``arguments.json`` is the file descriptor of the real stdout.
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


def replace_process(command: list[str], environment: dict[str, str],
                    arguments: argparse.Namespace) -> NoReturn:
    """
    Replace this process with one that runs the same verb in another Python.

    :param command: path of the Python, and its arguments.
    :param environment: environment of the new process.
    :param arguments: those of the verb; a redirected stdout is restored.
    """
    if isinstance(arguments.json, int):
        os.dup2(arguments.json, _STDOUT)
    os.execve(command[0], command, environment)


def write_json(path: Path | int | None, figures: object) -> None:
    """
    Write a verb's figures as JSON; a file appears only when it is complete.

    :param path: the file, or the descriptor of stdout (see ``_only_figures``); None does nothing.
    :param figures: what JSON can hold.
    """
    if path is None:
        return
    if isinstance(path, int):
        with open(path, 'w', encoding='utf-8', closefd=False) as stdout:
            stdout.write(json.dumps(figures, indent=2) + '\n')
        return
    if path.is_symlink() or (path.exists() and not path.is_file()):
        # Write to the target of a link, a device or a pipe instead of replacing it.
        path.write_text(json.dumps(figures, indent=2) + '\n')
        return
    with atomic_write(path) as part:
        part.write_text(json.dumps(figures, indent=2) + '\n')
