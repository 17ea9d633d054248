# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The ``edgenext`` command: one module per verb.

Exit codes: 0 done, 1 the work failed or the check did not hold, 2 wrong usage or a missing part
of the installation. Every verb writes its figures with ``--json FILE``.
"""

from __future__ import annotations

import argparse
from importlib import import_module
import json
import os
from pathlib import Path
import signal
import sys

from edgenext_ros import __version__
from edgenext_ros.libraries import require_opencv

VERBS = ('bench', 'classify', 'compile', 'demo', 'evaluate', 'models', 'parameters', 'runtimes',
         'train', 'verify')
_WITHOUT_OPENCV = ('models',)


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
        prog='edgenext', description='EdgeNeXt image classification for ROS 2 and the RDK X5.')
    parser.add_argument('--version', action='version', version=f'edgenext_ros {__version__}')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB')
    for name in command[:1] if command[:1] and command[0] in VERBS else VERBS:
        module = import_module(f'{__name__}.{name}')
        verb = verbs.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(verb)
        verb.add_argument('--json', type=Path, metavar='FILE', help='write the figures here too')
        verb.set_defaults(run=module.run)
    arguments = parser.parse_args(command)
    arguments.command = command
    try:
        _check_outputs(arguments)
        if arguments.verb not in _WITHOUT_OPENCV:
            require_opencv()
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing is left to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except ImportError as error:
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


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Raise OSError now, and not when the work is done, where the figures cannot be written."""
    for name in ('json', 'html', 'markdown', 'plot', 'layers', 'sensitivity'):
        path = getattr(arguments, name, None)
        if path is not None and (path.is_dir() or not path.parent.is_dir()):
            raise OSError(f'--{name} {path}: expected a file to write, in a folder that exists')


def write_json(path: Path | None, figures: object) -> None:
    """Write a verb's figures, if a file was asked for; it appears only when it is complete."""
    if path is None:
        return
    if path.is_symlink() or (path.exists() and not path.is_file()):
        # What a link leads to, a device or a pipe is written to, not replaced.
        path.write_text(json.dumps(figures, indent=2) + '\n')
        return
    temporary = path.with_name(path.name + '.part')
    try:
        temporary.write_text(json.dumps(figures, indent=2) + '\n')
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
