# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""docs/robustness.md has the names and docstrings of these tests, and names existing tests."""

import ast
from pathlib import Path
import re

ROOT = Path(__file__).parents[2]
PAGE = ROOT / 'docs' / 'robustness.md'


def described_in(path):
    """Yield name and docstring of each test of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.FunctionDef) and node.name.startswith('test_'):
            yield node.name, ' '.join((ast.get_docstring(node) or '').split())


def rows(numbered):
    """Yield table rows of the tests with a number in their name, or of those without."""
    for path in sorted(Path(__file__).parent.glob('test_week_*.py')):
        for name, text in described_in(path):
            number, title = re.fullmatch(r'test_(\d\d_)?(\w+)', name).groups()
            if path != Path(__file__) and bool(number) is numbered:
                yield f'| {title.replace("_", " ")} | `{path.name}::{name}` | {text} |'


def test_the_page_has_the_tables():
    """Compare the page's tables with the names and docstrings of the tests."""
    page = PAGE.read_text(encoding='utf-8')
    first_week = sorted(rows(numbered=True), key=lambda row: row.split('::test_')[1])
    assert [int(row.split('::test_')[1][:2]) for row in first_week] == list(range(1, 26))
    first_week = [f'| {number} {row}' for number, row in enumerate(first_week, start=1)]
    for table in (first_week, list(rows(numbered=False))):
        assert '\n'.join(['---|', *table, '']) in page, '\n'.join(table)


def test_the_page_names_tests_that_exist():
    """Look up every test that the page mentions by its path."""
    named = re.findall(r'`(test/[\w/]+\.py)(?:::(\w+))?`', PAGE.read_text(encoding='utf-8'))
    assert named
    for path, name in named:
        assert not name or name in dict(described_in(ROOT / path)), f'{path}::{name}'
        assert (ROOT / path).is_file(), path
