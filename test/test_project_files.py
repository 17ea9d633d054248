# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""CONTRIBUTING, the hooks, GitHub's files and the site name only what exists."""

import ast
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
import re

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
GITHUB = ROOT / '.github'
CONTRIBUTING = ROOT / 'CONTRIBUTING.md'

pytestmark = pytest.mark.skipif(not GITHUB.exists(), reason='installed without .github')


def load(path):
    return yaml.safe_load(path.read_text(encoding='utf-8'))


def verbs():
    return set(re.findall(r'^# \./dev (\w+)', (ROOT / 'dev').read_text(encoding='utf-8'), re.M))


def dev_calls(text):
    return set(re.findall(r'\./dev (\w+)', text))


def workflow_jobs():
    return load(GITHUB / 'workflows' / 'ci.yml')['jobs']


def test_hooks_call_verbs_of_dev_and_no_linter():
    (repository,) = load(ROOT / '.pre-commit-config.yaml')['repos']
    assert repository['repo'] == 'local'
    entries = [hook['entry'] for hook in repository['hooks']]
    assert all(entry.startswith('./dev ') for entry in entries)
    assert dev_calls('\n'.join(entries)) <= verbs()


def test_workflow_calls_verbs_of_dev():
    called = [verb.split()[0] for verb in workflow_jobs()['dev']['strategy']['matrix']['verb']]
    assert set(called) >= {'lint', 'docs'} and set(called) <= verbs()


def test_workflow_has_pinned_actions_and_may_only_read():
    workflow = load(GITHUB / 'workflows' / 'ci.yml')
    assert workflow['permissions'] == {'contents': 'read'}
    uses = [step['uses'] for job in workflow_jobs().values() for step in job['steps']
            if 'uses' in step]
    assert uses and all(re.fullmatch(r'[\w/-]+@[0-9a-f]{40}', action) for action in uses)
    assert all('timeout-minutes' in job for job in workflow_jobs().values())


def test_workflow_tests_paths_that_exist():
    commands = '\n'.join(step.get('run', '') for job in workflow_jobs().values()
                         for step in job['steps'])
    paths = re.findall(r'test/\w+', commands)
    assert paths and all((ROOT / path).is_dir() for path in paths)


@pytest.mark.parametrize('form', ['board_report', 'bug', 'feature', 'question'])
def test_issue_form_has_what_github_requires(form):
    found = load(GITHUB / 'ISSUE_TEMPLATE' / f'{form}.yml')
    assert found['name'] and found['description']
    fields = [part for part in found['body'] if part['type'] != 'markdown']
    assert len({field['id'] for field in fields}) == len(fields)
    assert all(field['attributes']['label'] for field in fields)


def test_contributing_names_files_and_verbs_that_exist():
    text = CONTRIBUTING.read_text(encoding='utf-8')
    places = {name for name in re.findall(r'`([\w./]+)`', text)
              if ('/' in name and not name.startswith('./dev')) or name.endswith('.md')}
    assert len(places) > 10
    made = {'build/docs'}
    assert [name for name in sorted(places - made) if not (ROOT / name).exists()] == []
    assert dev_calls(text) <= verbs()


@pytest.mark.parametrize('file,name', [
    ('choices.py', 'ENGINES'), ('engines/base.py', 'class Engine('),
    ('engines/base.py', 'EngineUnavailableError'), ('engines/onnx.py', 'SlotPool'),
    ('core/layout.py', 'ENCODINGS'), ('core/encoding_names.py', '_ALIASES'),
    ('core/to_yuv.py', 'CONVERSIONS'), ('core/to_yuv.py', 'YUV422_ORDER'),
    ('core/frame.py', 'def chroma('), ('cli/__init__.py', 'VERBS ='),
    ('cli/__init__.py', 'EPILOG ='), ('cli/__init__.py', 'def write_json('),
    ('cli/runtimes.py', 'HELP =')])
def test_names_in_contributing_are_where_it_says(file, name):
    assert name in (ROOT / 'edgenext_ros' / file).read_text(encoding='utf-8')
    assert re.search(r'\w+', name.removeprefix('def ').removeprefix('class '))[0] \
        in CONTRIBUTING.read_text(encoding='utf-8')


def test_site_includes_each_file_by_its_page():
    tree = ast.parse((ROOT / 'docs' / 'conf.py').read_text(encoding='utf-8'))
    (pages,) = [ast.literal_eval(node.value) for node in tree.body
                if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == 'PAGES']
    for file, page in pages.items():
        assert f'../{file}\n' in (ROOT / 'docs' / page).read_text(encoding='utf-8')


def test_broken_links_of_a_site_are_found(tmp_path):
    (tmp_path / 'a.html').write_text(
        '<h1 id="top">A</h1><a href="#top">1</a><a href="b.html#there">2</a><img src="no.png">'
        '<a href="b.html#gone">3</a><a href="https://example.org/x">4</a>', encoding='utf-8')
    (tmp_path / 'b.html').write_text('<h2 id="there">B</h2>', encoding='utf-8')
    spec = spec_from_file_location('build_site', ROOT / 'docs' / 'build.py')
    build_site = module_from_spec(spec)
    spec.loader.exec_module(build_site)
    broken, others = build_site.check_links(tmp_path)
    assert broken == ['a.html: b.html#gone: the page has no such anchor',
                      'a.html: no.png does not exist']
    assert others == {'https://example.org/x': ['a.html']}
