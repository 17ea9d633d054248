# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
The pages: links and names in them resolve, and messages that they quote are those of the code.

``python test/test_docs.py`` prints the links that lead outside of the repository.
"""

import ast
import os
from pathlib import Path
import re
import subprocess
import sys

if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).parent))

from edgenext_ros.choices import SIMULATOR_TAKES
from helpers.pages import (
    anchors,
    code_spans,
    launch_arguments,
    links,
    needs_pages,
    pages,
    ROOT,
    rows,
    split,
)
import pytest

pytestmark = needs_pages

PAGES = pages()
BLOCKS = [block for page in PAGES for block in split(page)[1]]
LANGUAGES = {'sh', 'console', 'text', 'yaml', 'python', 'json', 'mermaid'}
CI = ROOT / '.ci' / 'run'
README, README_CN = ROOT / 'README.md', ROOT / 'README_cn.md'
TROUBLESHOOTING = ROOT / 'docs' / 'troubleshooting.md'
ROBOT, INTERFACE = ROOT / 'docs' / 'robot.md', ROOT / 'docs' / 'interface.md'
_OUTSIDE = re.compile(r'[a-z][a-z+.-]*:')


def name(page):
    """Return a page's path in the repository."""
    return str(page.relative_to(ROOT))


def outside_links():
    """Return (page, address) of the links that lead outside of the repository."""
    return [(name(page), link) for page in [*PAGES, ROOT / 'CHANGELOG.rst']
            for link in links(page) if _OUTSIDE.match(link)]


@pytest.mark.parametrize('page', [*PAGES, ROOT / 'CHANGELOG.rst'], ids=name)
def test_links_inside_the_repository_resolve(page):
    missing = []
    for link in links(page):
        path, _, anchor = link.partition('#')
        target = (page.parent / path).resolve() if path else page
        if _OUTSIDE.match(link):
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            missing.append(link)
    assert not missing


@pytest.mark.parametrize('page', [*PAGES, ROOT / 'CHANGELOG.rst'], ids=name)
def test_named_pages_and_settings_exist(page):
    text = page.read_text(encoding='utf-8')
    named = re.findall(r'`((?:docs|config|resource|test|launch)/[\w./-]+\.\w+)`', text)
    # The tables of robustness.md name tests by their path in test/.
    assert not [path for path in named if not any(
        (folder / path).exists() for folder in (ROOT, ROOT / 'test'))]


@pytest.mark.parametrize('block', BLOCKS, ids=str)
def test_block_is_run_or_says_why_not(block):
    assert block.language in LANGUAGES or block.language.startswith('{'), 'unknown language'
    if block.language == 'console':
        assert block.reason, 'expected "<!-- not run: REASON -->" in the line before the block'
    if block.language == 'sh':
        run = re.findall(r'\bcommands ([\w/.]+\.md)', CI.read_text(encoding='utf-8')) \
            if CI.exists() else ['README.md', 'docs/your_own_classes.md']
        # The blocks of README_cn.md equal those of README.md, see below.
        assert name(block.page) in (*run, 'README_cn.md'), '.ci/run does not run this page'


@pytest.mark.slow
@pytest.mark.parametrize('block', [block for block in BLOCKS if block.language == 'python'
                                   and not block.reason], ids=str)
def test_python_block_runs_in_any_folder(onnxruntime, block, tmp_path):
    done = subprocess.run([sys.executable, '-c', block.text], cwd=tmp_path, capture_output=True,
                          env={**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)},
                          text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, '') and done.stdout.startswith('Faces_easy 0.')


@pytest.mark.parametrize('page', PAGES, ids=name)
def test_commands_stand_in_fenced_blocks(page):
    command = r'^(?: {4}|\t)(?:\./dev|edgenext|ros2|python|pip|scp) .*'
    assert not re.findall(command, split(page)[0], re.MULTILINE)


def test_chinese_readme_has_the_same_blocks_and_figures():
    ours, theirs = ([(block.language, block.text) for block in split(page)[1]]
                    for page in (README, README_CN))
    assert ours == theirs
    assert name(README_CN) in links(README) and name(README) in links(README_CN)
    ours, theirs = (re.findall(r'\d+(?:[.,]\d+)*', split(page)[0]) for page in (README, README_CN))
    assert sorted(ours) == sorted(theirs)


@pytest.mark.parametrize('page', [README, README_CN], ids=name)
def test_readme_is_short(page):
    assert len(page.read_text(encoding='utf-8').splitlines()) < 120
    assert not [line for line in split(page)[0].splitlines()
                if len(line) > 99 and not line.startswith('|')]


def test_picture_of_the_readme_is_small():
    pictures = re.findall(r'!\[.+?\]\((.+?)\)', README.read_text(encoding='utf-8'))
    assert pictures
    assert all((ROOT / picture).stat().st_size < 200_000 for picture in pictures)


def messages():
    """Return the strings of the package, with an ellipsis for each value in them."""
    found = set()
    for path in (ROOT / 'edgenext_ros').rglob('*.py'):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.JoinedStr):
                found.add(''.join(part.value if isinstance(part, ast.Constant) else '…'
                                  for part in node.values))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return '\n'.join(' '.join(text.split()) for text in found)


def is_command_or_setting(code):
    """Say whether inline code with a blank is to be typed, and so is no message."""
    command = r'(\./dev|edgenext|pip|ros2) |-[rp] \w+:=|\w+: \w+$|[A-Z_]+='
    return re.match(command, code) is not None


def test_quoted_messages_are_those_of_the_code():
    known = messages()
    quoted = [code for code in code_spans(TROUBLESHOOTING)
              if (' ' in code or '…' in code) and not is_command_or_setting(code)]
    quoted += [code for row in rows(TROUBLESHOOTING, 'message')
               for code in re.findall(r'`([^`]+)`', row[0]) if ' ' in code]
    assert len(quoted) > 90
    assert not [f'{code}: {part}' for code in quoted for part in code.split('…')
                if part.strip() and part.strip() not in known]


@pytest.mark.parametrize('page', [ROOT / 'docs' / 'models.md', TROUBLESHOOTING], ids=name)
def test_page_has_the_time_of_the_simulator(page):
    assert SIMULATOR_TAKES in ' '.join(page.read_text(encoding='utf-8').split())


@pytest.mark.parametrize('file', ['classifier', 'multi_classifier', 'demo'])
def test_robot_page_has_the_launch_arguments(file):
    table = rows(ROBOT, f'argument of `{file}.launch.py`')
    listed = [word for row in table for word in re.findall(r'`(\w+)`', row[0])]
    assert sorted(listed) == sorted(launch_arguments(f'{file}.launch.py'))


def test_robot_page_has_the_topics_of_the_cameras():
    from edgenext_ros.ros.camera_presets import STEREO_CAMERAS, STEREO_STREAMS, STREAMS
    expected = [[f'`camera:={stream.camera}`', f'`{stream.input_type}`',
                 f'`{stream.topic.replace("CAMERA", "{" + ",".join(STEREO_CAMERAS) + "}")}`',
                 stream.qos, stream.when, stream.source]
                for stream in (*STREAMS, *STEREO_STREAMS)]
    assert rows(ROBOT, 'driver') == expected


def test_interface_page_has_the_verbs():
    from edgenext_ros.cli import VERBS
    listed = [word for row in rows(INTERFACE, 'verb') for word in re.findall(r'`(\w+)`', row[0])]
    assert sorted(listed) == sorted(VERBS)


if __name__ == '__main__':
    for where, address in outside_links():
        print(f'{where}: {address}')
