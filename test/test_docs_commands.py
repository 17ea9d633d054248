# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The commands that the pages quote: verbs, options, launch arguments and parameters exist."""

import argparse
from dataclasses import fields
from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
import re
import shlex

from edgenext_ros.cli import add_json, VERBS
from edgenext_ros.ros.settings import CameraSettings, ClassifierSettings
from helpers.pages import (
    code_spans,
    commands,
    launch_arguments,
    needs_pages,
    pages,
    ROOT,
    split,
)
import pytest

pytestmark = needs_pages

PARAMETERS = {entry.name for table in (ClassifierSettings, CameraSettings)
              for entry in fields(table)} | {'use_sim_time'}
# Of TROS' drivers and launch files.
OF_CAMERAS = {'frame_ts_type', 'io_method', 'mipi_io_method', 'mipi_out_format', 'out_format',
              'out_mode', 'pixel_format', 'usb_zero_copy', 'zero_copy'}
OF_NAV2 = {'/lifecycle_manager_perception/manage_nodes'}  # nav2_lifecycle_manager's
REMAPPED = {'image', 'classification', 'classifier/label_info', '__ns', '__node'}
NODE = 'classifier'


def parser_of(verb):
    """Return the parser of a verb of ``edgenext``."""
    parser = argparse.ArgumentParser(prog=f'edgenext {verb}')
    import_module(f'edgenext_ros.cli.{verb}').add_arguments(parser)
    add_json(parser)
    return parser


def options_of(parser):
    """Return the options of a parser, and of the actions below it."""
    found = set()
    for action in parser._actions:
        found.update(action.option_strings)
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                found |= options_of(below)
    return found


def check_edgenext(words, *, whole):
    """Check a command line of ``edgenext``; ``whole`` where nothing is left out of it."""
    if not words or words[0] in ('VERB', '--help', '--version'):
        return
    assert words[0] in VERBS, f'no verb {words[0]}'
    parser = parser_of(words[0])
    options = {word.partition('=')[0] for word in words[1:] if re.match(r'--?[a-z]', word)}
    assert not options - options_of(parser)
    if whole:
        parser.parse_args(words[1:])  # exits with what is wrong


def check_dev(words, *, whole):
    """Check a command line of ``./dev``."""
    if not words or words[0] in ('--help', 'VERB'):
        return
    usage = (ROOT / 'dev').read_text(encoding='utf-8')
    verbs = re.findall(r'^# \./dev (\w+)', usage, re.MULTILINE)
    assert words[0] in verbs, f'no verb {words[0]}'
    if words[0] in ('demo', 'bench'):
        check_edgenext(words, whole=whole)
    elif words[0] == 'test':
        assert not [word for word in words[1:] if word.startswith('test/')
                    and not (ROOT / word.partition('::')[0]).exists()]
    elif words[0] == 'shell':
        check(words[1:], whole=whole)


def check_node(words):
    """Check the parameters and topics that a node gets on its command line."""
    for option, value in pairwise(words):
        assert option != '-p' or value.partition(':=')[0] in PARAMETERS
        assert option != '-r' or value.partition(':=')[0] in REMAPPED


def check_ros2(words, *, whole):
    """Check a command line of ``ros2``."""
    if words[:2] == ['launch', 'edgenext_ros']:
        given = {word.partition(':=')[0] for word in words[3:] if ':=' in word}
        assert not given.difference(launch_arguments(words[2]))
    elif words[:2] == ['run', 'edgenext_ros']:
        check(words[2:], whole=whole)
    elif words[:2] == ['param', 'set']:
        assert words[2] == f'/{NODE}' and words[3] in PARAMETERS
    elif words[:2] == ['service', 'call'] and words[2] not in OF_NAV2:
        policy = (ROOT / 'config' / 'sros2' / 'policy.xml').read_text(encoding='utf-8')
        assert f'<service>{words[2].replace(f"/{NODE}/", "~/")}</service>' in policy


def check(words, *, whole=True):
    """Check a command that is this package's, or calls something of it."""
    nodes = re.findall(r"f'(\w+_node) = ", (ROOT / 'setup.py').read_text(encoding='utf-8'))
    if words[:1] == ['edgenext']:
        check_edgenext(words[1:], whole=whole)
    elif words[:1] == ['./dev']:
        check_dev(words[1:], whole=whole)
    elif words[:1] == ['ros2']:
        check_ros2(words[1:], whole=whole)
    elif words[:2] == ['python', '-m'] and words[2].startswith('edgenext_ros'):
        assert find_spec(words[2]) is not None
    elif words[:1] == ['python'] and len(words) > 1 and words[1].startswith('test/'):
        assert (ROOT / words[1]).exists()
    elif words and words[0].endswith('_node'):
        assert words[0] in nodes
        check_node(words[1:])


BLOCKS = [(block, words) for page in pages() for block in split(page)[1]
          if block.language in ('sh', 'console') for words in commands(block.text)]
SPANS = sorted({span for page in pages() for span in code_spans(page)
                if re.match(r'(edgenext|\./dev|ros2|python -m edgenext_ros\S*) ?', span)})
SETTINGS = sorted({span for page in pages() for span in code_spans(page)
                   if re.match(r'\w+:=', span)})


def test_pages_have_commands():
    assert len(BLOCKS) > 40 and len(SPANS) > 25 and len(SETTINGS) > 5


@pytest.mark.parametrize('block,words', BLOCKS, ids=lambda value: ' '.join(value)
                         if isinstance(value, list) else str(value))
def test_command_of_a_block_exists(block, words):
    check(words)


@pytest.mark.parametrize('span', SPANS)
def test_command_in_a_sentence_exists(span):
    check(shlex.split(span), whole=False)


@pytest.mark.parametrize('span', SETTINGS)
def test_launch_argument_or_parameter_in_a_sentence_exists(span):
    known = PARAMETERS | OF_CAMERAS | REMAPPED | set().union(
        *(launch_arguments(path.name) for path in (ROOT / 'launch').glob('*.launch.py')))
    assert not [name for name in re.findall(r'(\w+):=', span) if name not in known]
