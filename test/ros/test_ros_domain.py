# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Tests and measurements avoid ROS domains that are in use."""

import subprocess
import sys

from edgenext_ros.bench import ros_domain
from edgenext_ros.bench.ros_domain import is_used
import pytest

NODE = """
import sys, rclpy
rclpy.init(domain_id=int(sys.argv[1]))
node = rclpy.create_node('of_a_user')
print('here', flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize('isolation', [
    {}, {'ROS_LOCALHOST_ONLY': '1'}, {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}],
    ids=['network', 'ROS_LOCALHOST_ONLY', 'ROS_AUTOMATIC_DISCOVERY_RANGE'])
def test_is_used_sees_a_node_of_another_process(free_domain, monkeypatch, isolation):
    for name in ('ROS_LOCALHOST_ONLY', 'ROS_AUTOMATIC_DISCOVERY_RANGE'):
        monkeypatch.delenv(name, raising=False)
    for name, value in isolation.items():
        monkeypatch.setenv(name, value)
    assert not is_used(free_domain)
    with subprocess.Popen([sys.executable, '-c', NODE, str(free_domain)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as node:
        try:
            assert node.stdout.readline() == 'here\n'
            assert is_used(free_domain)
        finally:
            node.stdin.close()
            node.wait(20)
    assert not is_used(free_domain)


def test_free_domain_skips_a_used_domain(request, monkeypatch):
    asked = []

    def used(domain):
        asked.append(domain)
        return len(asked) < 4

    monkeypatch.setattr(ros_domain, 'is_used', used)
    assert request.getfixturevalue('free_domain') == asked[3]
    assert len(set(asked)) == 4


def test_environment_skips_a_used_domain():
    first = ros_domain.environment()['ROS_DOMAIN_ID']
    with subprocess.Popen([sys.executable, '-c', NODE, first], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as node:
        try:
            assert node.stdout.readline() == 'here\n'
            second = ros_domain.environment()['ROS_DOMAIN_ID']
        finally:
            node.stdin.close()
            node.wait(20)
    assert second != first and 215 <= int(second) <= 232


def test_no_free_domain_raises_one_sentence(monkeypatch):
    asked = []
    monkeypatch.setattr(ros_domain, 'is_used', lambda domain: asked.append(domain) or True)
    with pytest.raises(RuntimeError, match='every ROS domain from 215 to 232 is in use on this'):
        ros_domain.environment()
    assert sorted(asked) == [*range(215, 233)]
