# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Print the parameter tables of the nodes, as in the documentation."""

from __future__ import annotations

import argparse

HELP = 'Print the parameters of the nodes as Markdown tables.'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments: none of its own."""


def markdown(table: type) -> str:
    """Return the Markdown table of a node's parameters, from the table that declares them."""
    from dataclasses import fields

    from edgenext_ros.ros.settings import is_fixed, rule_of

    otherwise = 'at start' if is_fixed(table) else 'unconfigured'
    lines = ['| parameter | type | default | allowed | change | meaning |',
             '|---|---|---|---|---|---|']
    for entry in fields(table):
        rule = rule_of(entry)
        change = 'live, loads the model' if rule.reloads else 'live' if rule.live else otherwise
        allowed = rule.constraint.replace('one of ', '')
        lines.append(
            f'| `{entry.name}` | {type(entry.default).__name__} | `{entry.default!r}` | {allowed} '
            f'| {change} | {rule.description} |')
    return '\n'.join(lines)


def run(arguments: argparse.Namespace) -> int:
    """Print the tables."""
    from dataclasses import fields

    from edgenext_ros.cli import write_json
    from edgenext_ros.ros.settings import CameraSettings, ClassifierSettings, rule_of

    figures = {}
    for node, table in (('classifier_node', ClassifierSettings), ('camera_node', CameraSettings)):
        print(f'### {node}\n\n{markdown(table)}\n')
        figures[node] = {entry.name: {'default': entry.default, **vars(rule_of(entry))}
                         for entry in fields(table)}
    write_json(arguments.json, figures)
    return 0
