# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Search for the vendor's PC tools, and the errors without them."""

import os
import platform
import subprocess
import sys

from edgenext_ros.engines.base import EngineUnavailableError
from edgenext_ros.engines.simulator import vendor_tools
from edgenext_ros.models.store import cache_folder
import pytest


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch, tmp_path):
    """Simulate a machine without the tools."""
    monkeypatch.delenv('EDGENEXT_TOOLCHAIN', raising=False)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    monkeypatch.setenv('PATH', '/usr/bin:/bin')
    monkeypatch.setattr(sys, 'prefix', str(tmp_path / 'prefix'))
    monkeypatch.setattr(platform, 'system', lambda: 'Linux')
    monkeypatch.setattr(platform, 'machine', lambda: 'x86_64')


def install(folder, version='3.49.15'):
    """Make a folder like an environment with the tools."""
    package = folder / 'lib' / 'python3.10' / 'site-packages' / 'hbdk'
    (package / 'lib64' / 'x86').mkdir(parents=True)
    (package / 'lib64' / 'x86' / 'libhbdk_sim_x86.so').touch()
    (package / '__init__.py').write_text(f'__version__ = r"{version}"  # generated\n')
    (folder / 'bin').mkdir()
    for name in ('python3', 'hbdk-sim'):
        (folder / 'bin' / name).write_text('#!/bin/sh\necho "$PATH"\n')
        (folder / 'bin' / name).chmod(0o755)
    return folder


@pytest.mark.parametrize('place', ['variable', 'prefix', 'PATH', 'cache'])
def test_tools_are_found_in_each_environment(monkeypatch, tmp_path, place):
    folder = install({'prefix': tmp_path / 'prefix', 'cache': cache_folder() / 'toolchain'}.get(
        place, tmp_path / 'elsewhere'))
    if place == 'variable':
        monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(folder))
    if place == 'PATH':
        monkeypatch.setenv('PATH', f'/usr/bin:{folder / "bin"}')
    found = vendor_tools.find()
    assert (found.folder, found.version, found.bin) == (folder, '3.49.15', folder / 'bin')
    assert found.python.is_file() and found.simulator.is_file()


def test_first_environment_wins(monkeypatch, tmp_path):
    places = [tmp_path / 'named', tmp_path / 'prefix', tmp_path / 'path',
              cache_folder() / 'toolchain']
    for version, folder in enumerate(places):
        install(folder, str(version))
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(places[0]))
    monkeypatch.setenv('PATH', str(places[2] / 'bin'))
    assert vendor_tools.find().version == '0'
    monkeypatch.delenv('EDGENEXT_TOOLCHAIN')
    assert vendor_tools.find().version == '1'
    monkeypatch.setattr(sys, 'prefix', '/nowhere')
    assert vendor_tools.find().version == '2'
    monkeypatch.setenv('PATH', '')
    assert vendor_tools.find().version == '3'


def test_missing_tools_are_explained(tmp_path):
    with pytest.raises(EngineUnavailableError) as caught:
        vendor_tools.find()
    for words in (str(tmp_path / 'prefix'), str(cache_folder() / 'toolchain'), './dev toolchain',
                  'pip install dgdk', 'Python 3.10', '$EDGENEXT_TOOLCHAIN'):
        assert words in str(caught.value)


@pytest.mark.parametrize('lacks', [
    'bin/python3', 'lib/python3.10/site-packages/hbdk/__init__.py',
    'lib/python3.10/site-packages/hbdk/lib64/x86/libhbdk_sim_x86.so'])
def test_named_folder_without_all_tools_is_refused(monkeypatch, tmp_path, lacks):
    install(tmp_path / 'prefix')  # must not be used instead
    folder = install(tmp_path / 'named')
    (folder / lacks).unlink()
    monkeypatch.setenv('EDGENEXT_TOOLCHAIN', str(folder))
    words = rf'not in {folder}: \$EDGENEXT_TOOLCHAIN names this folder; correct or unset it$'
    with pytest.raises(EngineUnavailableError, match=words):
        vendor_tools.find()


def test_other_machine_is_refused(monkeypatch, tmp_path):
    install(tmp_path / 'prefix')
    monkeypatch.setattr(platform, 'machine', lambda: 'aarch64')
    with pytest.raises(EngineUnavailableError, match='x86-64 only, this is Linux on aarch64'):
        vendor_tools.find()


def test_commands_run_in_the_environment_of_the_tools(monkeypatch, tmp_path):
    tools = vendor_tools.Hbdk(install(tmp_path / 'tools'), '3.49.15', tmp_path)
    monkeypatch.setenv('PYTHONPATH', '/opt/ros/humble')
    environment = tools.environment()
    assert 'PYTHONPATH' not in environment and environment['VIRTUAL_ENV'] == str(tools.folder)
    said = subprocess.run([tools.command('hbdk-sim')], env=environment, capture_output=True,
                          text=True, check=True).stdout
    assert said.split(os.pathsep)[0] == str(tools.bin)


def test_missing_command_is_named(tmp_path):
    tools = vendor_tools.Hbdk(install(tmp_path / 'tools'), '3.49.15', tmp_path)
    with pytest.raises(EngineUnavailableError, match=r'hb_mapper is not in .*rdkx5_yolo_mapper'):
        tools.command('hb_mapper')
