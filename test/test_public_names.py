# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Public names are unique in the package, and public functions document their arguments."""

import ast
from collections import defaultdict
from pathlib import Path

import edgenext_ros
import pytest

PACKAGE = Path(edgenext_ros.__file__).parent
MODULES = {str(path.relative_to(PACKAGE)): ast.parse(path.read_text(encoding='utf-8'))
           for path in sorted(PACKAGE.rglob('*.py'))}
PROTOCOL = {'HELP'}
"""Constants that each verb of the command line defines."""


def names_of(statement):
    """Return the public classes and constants that a statement of a module defines."""
    if isinstance(statement, ast.ClassDef):
        names = [statement.name]
    else:
        targets = getattr(statement, 'targets', [getattr(statement, 'target', None)])
        names = [node.id for target in targets if target for node in ast.walk(target)
                 if isinstance(node, ast.Name)]
    return [name for name in names if not name.startswith('_')]


def public_functions(body):
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith('_'):
            yield from public_functions(node.body)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith('_'):
            yield node


def arguments_of(function):
    arguments = function.args
    return [argument.arg for argument in (
        *arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        if argument.arg not in ('self', 'cls')]


def test_no_two_public_classes_or_constants_have_one_name():
    places = defaultdict(list)
    for module, tree in MODULES.items():
        for statement in tree.body:
            if isinstance(statement, (ast.ClassDef, ast.Assign, ast.AnnAssign)):
                for name in names_of(statement):
                    places[name].append(module)
    assert {name: modules for name, modules in places.items()
            if len(modules) > 1 and name not in PROTOCOL} == {}


@pytest.mark.parametrize('module', MODULES)
def test_functions_with_three_arguments_document_each(module):
    missing = {}
    for function in public_functions(MODULES[module].body):
        arguments = arguments_of(function)
        text = ast.get_docstring(function) or ''
        undocumented = [name for name in arguments if f':param {name}:' not in text]
        if len(arguments) >= 3 and undocumented:
            missing[function.name] = undocumented
    assert missing == {}
