# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""List the inference engines and whether they work on this machine."""

from __future__ import annotations

import argparse

HELP = 'List which inference engines work on this machine, and why the others do not.'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments: none of its own."""


def run(arguments: argparse.Namespace) -> int:
    """Print a line for each engine; return 1 if none works."""
    from edgenext_ros.choices import ENGINES, SIMULATOR_TAKES
    from edgenext_ros.cli import write_json
    from edgenext_ros.engines.select import probe

    engines = [probe(name) for name in ENGINES]
    for engine in engines:
        slow = f'; for checks: {SIMULATOR_TAKES}' \
            if engine.usable and engine.name == 'simulator' else ''
        print(f'{engine.name:12} {"works   " if engine.usable else "missing "} {engine.detail}'
              f'{slow}')
    write_json(arguments.json, [vars(engine) for engine in engines])
    return int(not any(engine.usable for engine in engines))
