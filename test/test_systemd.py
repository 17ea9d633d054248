# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The systemd unit: systemd accepts it, and it has what the node needs."""

import re
import shutil
import subprocess

from helpers.pages import needs_pages, ROOT, split
from helpers.systemd_unit import FOLDER, PLACEHOLDERS, rendered, TEMPLATE, Unit
import pytest


@pytest.fixture
def unit():
    """Render the unit for a user and a share folder."""
    return Unit(rendered(user='robot', share='/ws/install/edgenext_ros/share/edgenext_ros'))


def test_systemd_accepts_the_unit(tmp_path):
    analyze = shutil.which('systemd-analyze')
    if analyze is None:
        pytest.skip('systemd-analyze is not installed: apt has it in systemd')
    path = tmp_path / 'edgenext_classifier.service'
    path.write_text(rendered(user='root', share=tmp_path))
    done = subprocess.run([analyze, 'verify', '--man=no', str(path)], text=True,
                          capture_output=True, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, '')
    wrong = tmp_path / 'wrong.service'
    wrong.write_text(path.read_text().replace('KillMode=mixed', 'KillMode=misread'))
    done = subprocess.run([analyze, 'verify', '--man=no', str(wrong)], text=True,
                          capture_output=True, timeout=60)
    assert 'misread' in done.stderr


@needs_pages
def test_commands_of_the_page_install_the_unit(tmp_path):
    (block,) = [block.text for block in split(ROOT / 'docs' / 'robot.md')[1]
                if 'systemctl enable' in block.text]
    share = tmp_path / 'share'
    shutil.copytree(FOLDER, share / 'config' / 'systemd')
    done = subprocess.run(['bash', '-euc', f"""
        ros2() {{ [ "$*" = 'pkg prefix --share edgenext_ros' ] && echo {share}; }}
        sudo() {{ if [ "$1" = tee ]; then cat > {tmp_path}/"${{2##*/}}"; else echo "$*"; fi; }}
        journalctl() {{ echo journalctl "$*"; }}
        USER=robot
        {block}"""], text=True, capture_output=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, '')
    name = 'edgenext_classifier'
    assert (tmp_path / f'{name}.service').read_text() == rendered(user='robot', share=share)
    assert done.stdout.splitlines() == [
        'systemctl daemon-reload', f'systemctl enable --now {name}', f'journalctl -u {name} -f']


def test_template_has_each_placeholder_once_outside_comments():
    settings = [line for line in TEMPLATE.read_text().splitlines() if line[:1] != '#']
    assert re.findall(r'@\w+@', '\n'.join(settings)) == list(PLACEHOLDERS)


def test_unit_starts_the_script_with_the_arguments_of_the_user(unit):
    shell, script, *arguments = unit.command(unit.environment('/home/robot'))
    assert shell == '/bin/bash' and arguments == ['-r', 'image:=/image_raw']
    assert script.startswith('/ws/install/edgenext_ros/share/edgenext_ros/config/systemd/')
    assert (FOLDER / script.rpartition('/')[2]).is_file()


def test_variables_file_overrides_the_unit(tmp_path):
    file = tmp_path / 'variables'
    unit = Unit(rendered(user='robot', share='/ws', overrides=file))
    assert unit.environment('/')['ROS_DOMAIN_ID'] == '0'
    file.write_text('ROS_DOMAIN_ID=7\nEDGENEXT_ARGUMENTS=-p top_k:=3\n')
    environment = unit.environment('/')
    assert environment['ROS_DOMAIN_ID'] == '7'
    assert unit.command(environment)[2:] == ['-p', 'top_k:=3']


def test_limits_give_up_only_a_node_that_always_fails(unit):
    """The pauses of all attempts fit into the interval, or the limit would never apply."""
    pauses = int(unit.one('Service', 'RestartSec')) * int(unit.one('Unit', 'StartLimitBurst'))
    assert 60 <= pauses < int(unit.one('Unit', 'StartLimitIntervalSec'))
    assert unit.one('Service', 'Restart') == 'on-failure'
