# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Private parts of a report's texts are replaced; versions, times and paths of the system stay."""

import socket

from edgenext_ros.selftest.finding import Finding, Verdict
from edgenext_ros.selftest.redact import Redactor
from helpers.board_tree import make_board
import pytest


@pytest.fixture
def redact(monkeypatch, tmp_path):
    """Return a redactor for a planted user on a planted board."""
    for name in ('USER', 'LOGNAME'):
        monkeypatch.setenv(name, 'annabel')
    monkeypatch.setenv('SUDO_USER', 'otto')
    monkeypatch.setenv('HOME', '/srv/people/annabel')
    monkeypatch.setattr(socket, 'gethostname', lambda: 'Kitchen-Robot.lan')
    return Redactor.of_this_machine(make_board(tmp_path))


@pytest.mark.parametrize('text,clean', [
    ('/srv/people/annabel/ws/demo.bin', '~/ws/demo.bin'),
    ('in /srv/people/annabel.', 'in ~.'),
    ('file:///srv/people/annabel/x.xml', 'file://~/x.xml'),
    ('/srv/people/annabella/x', '/srv/people/annabella/x'),
    ('/home/berta/ws, /home/otto/x', '~/ws, ~/x'),
    ('open "/home/berta"', 'open "~"'),
    ('run as annabel on Kitchen-Robot', 'run as <user> on <host>'),
    ('annabel@kitchen-robot:~$', '<user>@<host>:~$'),
    ('http://kitchen-robot.lan:11311', 'http://<host>:11311'),
    ('/tmp/log_annabel_1 of otto', '/tmp/log_<user>_1 of <user>'),
    ('anna.b@example.org wrote it', '<mail> wrote it'),
    ('to 192.168.1.17:7400, 10.0.0.1', 'to <address>:7400, <address>'),
    ('fe80::1ff:fe23:4567:890a%eth0 and 2001:db8::1.', '<address> and <address>.'),
    ('::ffff:192.168.1.17 answers', '<address> answers'),
    ('2001:db8:0:0:0:0:0:1: unreachable', '<address>: unreachable'),
    ('eth0 AA:bb:cc:00:11:22, a0-b1-c2-d3-e4-f5', 'eth0 <MAC>, <MAC>'),
    ('enx00e04c680123 is up', '<interface> is up'),
    ('wlx00e04c680123, wwx00e04c680123.100', '<interface>, <interface>.100'),
    ('/tmp/log_wlx00e04c680123_1', '/tmp/log_<interface>_1'),
    ('serial PLANTED0SERIAL1, uid a1b2c3d4e5f607', 'serial <serial number>, uid <serial number>'),
    ('uid 0x00A1B2C3D4E5F607', 'uid <serial number>'),
])
def test_private_parts_are_replaced(redact, text, clean):
    assert redact(text) == clean


@pytest.mark.parametrize('text', [
    'libdnn 1.24.5 (/usr/lib/hobot/libdnn.so)', 'OpenCV 4.5.4, NumPy 1.21.5, kernel 6.1.83',
    'at 12:30:45 std::runtime_error: cv::Mat', 'run as root or join group misc',
    'Ubuntu 22.04.5 LTS, 3.3.3', '6.00 ms, 1e-3, 0x1f', 'sha256 5a:5b', '300.300.300.300',
    'sudo apt install hobot-spdev', 'hbm_runtime: loads'])
def test_other_texts_stay(redact, text):
    assert redact(text) == text


def test_every_text_of_a_finding_is_cleaned(redact):
    found = redact.finding(Finding(
        'fast', 'node of annabel', Verdict.GOOD, 'sent to 10.1.2.3',
        {'host Kitchen-Robot': '/home/berta/x', 'latency_ms': 1.5, 'ok': True, 'none': None}))
    assert found == Finding('fast', 'node of <user>', Verdict.GOOD, 'sent to <address>',
                            {'host <host>': '~/x', 'latency_ms': 1.5, 'ok': True, 'none': None})


@pytest.mark.parametrize('user', ['root', 'libdnn', 'x'])
def test_names_that_sentences_need_stay(user):
    text = f'run libdnn as root in x, {user}'
    assert Redactor(users=[user], hosts=['localhost'])(text) == text


@pytest.mark.parametrize('name', ['user', 'robot', 'Robot', 'board', 'can', 'devices', 'hobot'])
@pytest.mark.parametrize('text', [
    'This user can open it on a board, no other engine for a robot loads here; hobot-dnn 3.0.4.',
    'echo performance | sudo tee /sys/devices/system/bpu/bpu0/bpufreq/governor',
    '/usr/lib/hobot/libdnn.so / can / user: robot', 'board.json', 'wlan0, ROS'])
def test_name_that_is_a_word_of_the_report_leaves_its_sentences(name, text):
    assert Redactor(users=[name], hosts=[name])(text) == text


@pytest.mark.parametrize('name', ['user', 'robot', 'board', 'can'])
@pytest.mark.parametrize('text,clean', [
    ('/home/{}/ws', '~/ws'), ('/media/{}/disk', '/media/<user>/disk'),
    ('open "/tmp/log_{}_1"', 'open "/tmp/log_<user>_1"'),
    ('/run/media/{}/disk', '/run/media/<user>/disk'),
    ('{}@kitchen:~$', '<user>@kitchen:~$'), ('USER={}', 'USER=<user>'),
    ('http://{}:11311, {}.local', 'http://<host>:11311, <host>'),
    ('otto@{}:~$ HOSTNAME={}', 'otto@<host>:~$ HOSTNAME=<host>')])
def test_name_that_is_a_word_of_the_report_is_private_where_names_stand(name, text, clean):
    redact = Redactor(users=[name], hosts=[name])
    assert redact(text.format(*[name] * text.count('{}'))) == clean
    assert redact(clean) == clean


def test_without_anything_private_nothing_changes():
    assert Redactor(homes=['', '/'], users=[''], hosts=[''])('a / b //') == 'a / b //'
