# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Profiles of the middleware for large images."""

from edgenext_ros.ros import dds_profiles
import pytest


@pytest.mark.parametrize('middleware,library,localhost,expected', [
    ('rmw_fastrtps_cpp', 'libfastrtps.so.2.6', '', ('FASTRTPS_DEFAULT_PROFILES_FILE=',
                                                    'config/fastdds.xml')),
    ('rmw_fastrtps_cpp', 'libfastdds.so.3.2', '', ('FASTDDS_DEFAULT_PROFILES_FILE=',
                                                   'config/fastdds.xml')),
    ('rmw_fastrtps_cpp', 'libfastrtps.so.2.6', '1', ('FASTRTPS_DEFAULT_PROFILES_FILE=',
                                                     'config/fastdds_localhost.xml')),
    ('rmw_cyclonedds_cpp', 'libddsc.so', '', ('CYCLONEDDS_URI=file://', 'config/cyclonedds.xml')),
])
def test_assignment_sets_the_variable_that_this_middleware_reads(
        monkeypatch, middleware, library, localhost, expected):
    monkeypatch.setattr(dds_profiles, 'get_rmw_implementation_identifier', lambda: middleware)
    monkeypatch.setattr(
        dds_profiles.Path, 'read_text', lambda *_, **__: f'7f00-7f01 /lib/{library}')
    monkeypatch.delenv('ROS_DISTRO', raising=False)
    monkeypatch.setenv('ROS_LOCALHOST_ONLY', localhost)
    monkeypatch.delenv('ROS_AUTOMATIC_DISCOVERY_RANGE', raising=False)
    assert dds_profiles.profile_assignment().startswith(expected[0])
    assert dds_profiles.profile_assignment().endswith(expected[1])


@pytest.mark.parametrize('distro,version', [
    ('humble', 'FASTRTPS'), ('jazzy', 'FASTRTPS'), ('kilted', 'FASTDDS'), ('rolling', 'FASTDDS')])
def test_variable_follows_the_distribution(monkeypatch, distro, version):
    monkeypatch.setenv('ROS_DISTRO', distro)
    assert dds_profiles.fast_dds_variable() == f'{version}_DEFAULT_PROFILES_FILE'
