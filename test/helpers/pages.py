# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read the pages: their headings, links, fenced blocks and commands."""

from dataclasses import dataclass, fields
import os
from pathlib import Path
import re
import shlex

import pytest

ROOT = Path(__file__).resolve().parents[2]
needs_pages = pytest.mark.skipif(not (ROOT / 'README.md').exists(),
                                 reason='the pages are not beside the tests')
NOT_PAGES = ('build', 'install', 'log', 'node_modules')

_FENCE = re.compile(r'(`{3,}|:{3,})\s*(\S*)')
_CODE = re.compile(r'(`+)(.+?)\1', re.DOTALL)
_LINK = re.compile(r'!?\[(?:[^\]\\]|\\.)*\]\(<?([^)>\s]+)>?(?:\s+"[^"]*")?\)')
_RST_LINK = re.compile(r'`[^`<]*<([^`>]+)>`__?')
_REASON = re.compile(r'<!--\s*not run: .{5,}?-->', re.DOTALL)
_ASSIGNMENT = re.compile(r'\w+=\S*')
_DECLARED = re.compile(r"DeclareLaunchArgument\(\s*'(\w+)'")
_OPERATOR = re.compile(r'&&|\|\||[;|&]')


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    text: str
    reason: str
    """Comment before the block that says why CI does not run it; empty without one."""

    def __str__(self):
        """Return the place, for a test's id."""
        return f'{self.page.relative_to(ROOT)}:{self.line}'


def pages(root=ROOT):
    """Return every Markdown file of the repository."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in NOT_PAGES
                      and (not name.startswith('.') or name == '.github')]
        found += [Path(folder) / name for name in files if name.endswith('.md')]
    return sorted(found)


def split(page):
    """Return a page's prose, with blank lines in place of its blocks, and the blocks."""
    prose, blocks, inside, before = [], [], None, ''
    for number, line in enumerate(page.read_text(encoding='utf-8').splitlines(), start=1):
        fence = _FENCE.match(line)
        if inside is None and fence and fence[1][0] == '`':
            before = '\n'.join(prose).rstrip()
            inside = (fence[1], number, fence[2], [])
        elif inside is not None and line.startswith(inside[0]):
            reason = before[before.rfind('<!--'):] if before.endswith('-->') else ''
            blocks.append(Block(page, inside[1], inside[2], '\n'.join(inside[3]),
                                reason if _REASON.fullmatch(reason) else ''))
            inside = None
        elif inside is not None:
            inside[3].append(line)
        prose.append('' if inside is not None or fence else line)
    assert inside is None, f'{page}: the block of line {inside[1]} has no end'
    return '\n'.join(prose), blocks


def code_spans(page):
    """Return the inline code of a page, each on one line."""
    return [' '.join(match[2].split()) for match in _CODE.finditer(split(page)[0])]


def links(page):
    """Return the targets of the links and pictures of a Markdown or reStructuredText page."""
    if page.suffix == '.rst':
        return _RST_LINK.findall(page.read_text(encoding='utf-8'))
    return _LINK.findall(_CODE.sub('', split(page)[0]))


def anchors(page):
    """Return the anchors that GitHub makes of a page's headings."""
    found = []
    for line in split(page)[0].splitlines():
        if heading := re.match(r'#{1,6}\s+(.*?)\s*#*$', line):
            text = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading[1])
            slug = re.sub(r'[^\w\- ]', '', text.lower()).replace(' ', '-')
            count = sum(name == slug or re.fullmatch(rf'{re.escape(slug)}-\d+', name) is not None
                        for name in found)
            found.append(f'{slug}-{count}' if count else slug)
    return found


def commands(text):
    """Return the words of each command of a block, without comments and variables before it."""
    found = []
    for line in text.replace('\\\n', ' ').splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars='&|;')
        words.whitespace_split = True
        command = []
        for word in [*words, ';']:
            if _OPERATOR.fullmatch(word):
                while command and _ASSIGNMENT.fullmatch(command[0]):
                    del command[0]
                if command:
                    found.append(command)
                command = []
            else:
                command.append(word)
    return found


def rows(page, first):
    """Return the cells of the table whose header begins with a cell."""
    lines = page.read_text(encoding='utf-8').splitlines()
    found = []
    for start in (number for number, line in enumerate(lines) if line.startswith(f'| {first} |')):
        for line in lines[start + 2:]:
            if not line.startswith('|'):
                break
            found.append([cell.strip() for cell in line.strip().strip('|').split('|')])
    return found


def launch_arguments(file):
    """Return the arguments of a launch file, which its source and shared functions declare."""
    from edgenext_ros.ros.settings import ClassifierSettings, TUNING
    source = (ROOT / 'launch' / file).read_text(encoding='utf-8')
    shared = (ROOT / 'edgenext_ros' / 'ros' / 'launch_arguments.py').read_text(encoding='utf-8')
    found = _DECLARED.findall(source)
    if 'model_arguments()' in source:
        found += _DECLARED.findall(shared)
    if 'tuning_arguments()' in source:
        found += [entry.name for entry in fields(ClassifierSettings) if entry.name in TUNING]
    return found
