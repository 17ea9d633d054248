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
import sys

from edgenext_ros import __version__

VERBS = ('bench', 'classify', 'compile', 'demo', 'evaluate', 'models', 'parameters', 'runtimes',
         'train', 'verify')


def main(args: list[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    parser = argparse.ArgumentParser(
        prog='edgenext', description='EdgeNeXt image classification for ROS 2 and the RDK X5.')
    parser.add_argument('--version', action='version', version=f'edgenext_ros {__version__}')
    verbs = parser.add_subparsers(dest='verb', required=True, metavar='VERB')
    for name in VERBS:
        try:
            module = import_module(f'{__name__}.{name}')
        except ModuleNotFoundError as error:
            print(f'edgenext: {error.name} is missing: install python3-numpy and python3-opencv '
                  'with apt, or pip install "edgenext_ros[desk]"', file=sys.stderr)
            return 2
        verb = verbs.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(verb)
        verb.add_argument('--json', type=Path, metavar='FILE', help='write the figures here too')
        verb.set_defaults(run=module.run)
    command = sys.argv[1:] if args is None else args
    arguments = parser.parse_args(command)
    arguments.command = command
    try:
        code: int = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (head, less) has seen enough; nothing is left to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (ValueError, RuntimeError, OSError) as error:
        # The package's own errors are sentences for people; see their classes.
        print(f'edgenext {arguments.verb}: {error}', file=sys.stderr)
        return 1


def write_json(path: Path | None, figures: object) -> None:
    """Write a verb's figures, if a file was asked for; it appears only when it is complete."""
    if path is None:
        return
    temporary = path.with_name(path.name + '.part')
    temporary.write_text(json.dumps(figures, indent=2) + '\n')
    temporary.replace(path)
