# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The tests stand alone: they share test/helpers and fixtures, and wait without turning."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
FILES = {str(path.relative_to(TESTS)): path for path in sorted(TESTS.rglob('*.py'))}


def imported(node):
    """Return the first parts of the modules that a node imports."""
    if isinstance(node, ast.ImportFrom):
        return {(node.module or '').partition('.')[0]}
    if isinstance(node, ast.Import):
        return {alias.name.partition('.')[0] for alias in node.names}
    return set()


def updates_globals(node):
    return isinstance(node, ast.Call) and ast.unparse(node.func) in (
        'globals().update', 'vars().update', 'globals().__setitem__')


def turns(node):
    """Say whether a node is a loop that only looks again and again, and waits for nothing."""
    return isinstance(node, ast.While) and isinstance(node.body[0], ast.Pass) and not any(
        isinstance(part, ast.keyword) and part.arg == 'timeout' for part in ast.walk(node.test))


@pytest.mark.parametrize('file', FILES)
def test_module_shares_only_helpers_and_waits_without_turning(file):
    nodes = list(ast.walk(ast.parse(FILES[file].read_text(encoding='utf-8'))))
    names = set().union(*map(imported, nodes))
    assert not {name for name in names if name == 'conftest' or name.startswith('test_')}
    assert not any(map(updates_globals, nodes))
    assert not any(map(turns, nodes))


@pytest.mark.parametrize('text,wrong', [
    ('while not ready():\n    pass', turns), ('globals().update(vars(other))', updates_globals)])
def test_rules_see_what_they_forbid(text, wrong):
    assert any(map(wrong, ast.walk(ast.parse(text))))


def test_modules_of_tests_have_names_of_their_own():
    names = [path.name for path in FILES.values() if path.name.startswith('test_')]
    assert not {name for name in names if names.count(name) > 1}, 'pytest imports only one of them'
