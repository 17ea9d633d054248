# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""./dev: its help, its errors, and that it changes nothing when it fails."""

import os
from pathlib import Path
import shutil
import subprocess
import time

import edgenext_ros
import pytest

ROOT = Path(__file__).resolve().parent.parent
VERBS = ('demo', 'test', 'bench', 'soak', 'faults', 'lint', 'docs', 'toolchain',
         'shell')

pytestmark = pytest.mark.skipif(not (ROOT / 'dev').exists(), reason='installed without ./dev')


def dev(*arguments, root=ROOT, cwd=None, **environment):
    bare = {name: os.environ[name] for name in ('HOME', 'PATH') if name in os.environ}
    return subprocess.run([root / 'dev', *arguments], env={**bare, **environment}, text=True,
                          capture_output=True, cwd=cwd)


@pytest.fixture
def copy(tmp_path):
    """Return a folder with ./dev that has not been set up."""
    shutil.copy(ROOT / 'dev', tmp_path)
    shutil.copytree(ROOT / 'requirements', tmp_path / 'requirements')
    return tmp_path


def test_dev_help_names_every_verb():
    result = dev('--help')
    assert result.returncode == 0
    assert all(f'./dev {verb} ' in result.stdout for verb in VERBS)


@pytest.mark.parametrize('arguments', [(), ('walk',)])
def test_dev_refuses_unknown_or_missing_verb(arguments):
    result = dev(*arguments)
    assert result.returncode == 2
    assert '--help' in result.stderr or './dev demo' in result.stderr
    assert not result.stdout


def test_dev_toolchain_refuses_arguments(tmp_path):
    result = dev('toolchain', '--help', XDG_CACHE_HOME=str(tmp_path))
    assert result.returncode == 2 and 'takes no arguments' in result.stderr
    assert not list(tmp_path.iterdir())


def test_dev_with_unusable_python_fails_in_one_line(copy):
    result = dev('shell', 'true', root=copy, PYTHON='/bin/false')
    assert result.returncode == 1
    assert result.stderr.count('\n') == 1
    assert '/bin/false' in result.stderr
    assert not (copy / '.venv').exists()


def test_dev_without_compiler_fails_in_one_line(copy):
    result = dev('shell', 'true', root=copy, CXX='no-such-compiler')
    assert result.returncode == 1
    assert result.stderr.count('\n') == 1
    assert 'g++' in result.stderr
    assert not (copy / '.venv').exists()


def test_dev_toolchain_without_python_3_10_fails_in_one_line(tmp_path):
    result = dev('toolchain', PYTHON='/bin/false', XDG_CACHE_HOME=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr == ('dev: no usable Python 3.10 with venv and ensurepip; '
                             "tried /bin/false; apt's python3-venv has them\n")


def test_dev_names_the_log_of_a_failed_step(copy):
    """The fake Python passes the check, but makes no environment."""
    fake = copy / 'python'
    fake.write_text('#!/bin/sh\n[ "$1" != -m ] || { echo no space left; exit 1; }\n')
    fake.chmod(0o755)
    result = dev('shell', 'true', root=copy, PYTHON=str(fake))
    assert result.returncode == 1
    assert 'no space left' in result.stderr
    assert str(copy / '.venv/.dev/log') in result.stderr


is_set_up = pytest.mark.skipif(not (ROOT / '.venv/.dev/project').exists(),
                               reason='./dev is not set up here')


@is_set_up
def test_package_is_found_from_the_folder_that_holds_the_clone(tmp_path):
    """The clone's own folder has the package's name and no __init__.py."""
    (tmp_path / 'edgenext_ros').symlink_to(ROOT)
    code = 'import edgenext_ros; print(edgenext_ros.__version__)'
    result = dev('shell', 'python', '-c', code, root=tmp_path / 'edgenext_ros', cwd=tmp_path)
    assert result.stdout == f'{edgenext_ros.__version__}\n', result.stderr


@is_set_up
def test_dev_sets_up_nothing_in_a_second_start(record_property):
    begin = time.perf_counter()
    result = dev('shell', 'true')
    record_property('seconds', time.perf_counter() - begin)
    assert result.returncode == 0
    assert not result.stderr
