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


FAST, FAST_3 = dds_profiles.FAST_DDS_VARIABLES
VARIABLES = (FAST, FAST_3, 'CYCLONEDDS_URI', dds_profiles.ZERO_COPY_VARIABLE,
             'SKIP_DEFAULT_XML_FILE')


@pytest.fixture
def given(monkeypatch, tmp_path):
    """Return a function that sets the middleware, the distribution, variables and files."""
    def give(middleware, distro, *files, **variables):
        monkeypatch.setattr(dds_profiles, 'get_rmw_implementation_identifier', lambda: middleware)
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in {'ROS_DISTRO': distro, **variables}.items():
            monkeypatch.setenv(name, value)
        for name in files:
            (tmp_path / name).touch()
        monkeypatch.chdir(tmp_path)

    return give


HERE, HERE_3 = 'DEFAULT_FASTRTPS_PROFILES.xml', 'DEFAULT_FASTDDS_PROFILES.xml'
ZERO_COPY = {dds_profiles.ZERO_COPY_VARIABLE: '1'}


@pytest.mark.parametrize('middleware,distro,files,variables,expected', [
    ('rmw_fastrtps_cpp', 'humble', (), {}, 'none'),
    ('rmw_fastrtps_cpp', 'humble', (), {FAST: ''}, 'none'),
    ('rmw_fastrtps_cpp', 'humble', ('my.xml',), {FAST: 'my.xml'}, f'{FAST}=my.xml'),
    ('rmw_fastrtps_cpp', 'humble', (), {FAST: '/nope.xml'}, f'{FAST}=/nope.xml (missing)'),
    ('rmw_fastrtps_cpp', 'humble', (), {FAST_3: 'my.xml'}, 'none'),
    ('rmw_fastrtps_cpp', 'jazzy', (), {FAST_3: 'my.xml'}, 'none'),
    ('rmw_fastrtps_cpp', 'kilted', (), {FAST_3: 'my.xml'}, f'{FAST_3}=my.xml'),
    ('rmw_fastrtps_cpp', 'kilted', (), {FAST: 'my.xml'}, f'{FAST}=my.xml'),
    ('rmw_fastrtps_cpp', 'humble', (), {FAST: 'my.xml', **ZERO_COPY},
     f'{FAST}=my.xml, RMW_FASTRTPS_USE_QOS_FROM_XML=1'),
    ('rmw_fastrtps_cpp', 'humble', (HERE,), {}, f'{HERE} in the working folder'),
    ('rmw_fastrtps_cpp', 'humble', (HERE,), {FAST: 'my.xml'},
     f'{FAST}=my.xml, {HERE} in the working folder'),
    ('rmw_fastrtps_cpp', 'humble', (HERE,), {'SKIP_DEFAULT_XML_FILE': '1'}, 'none'),
    ('rmw_fastrtps_cpp', 'humble', (HERE_3,), {}, 'none'),
    ('rmw_fastrtps_cpp', 'kilted', (HERE_3,), {}, f'{HERE_3} in the working folder'),
    ('rmw_cyclonedds_cpp', 'humble', (HERE,), {FAST: 'my.xml', **ZERO_COPY}, 'none'),
    ('rmw_cyclonedds_cpp', 'humble', (), {'CYCLONEDDS_URI': 'file:///my.xml'},
     'CYCLONEDDS_URI=file:///my.xml'),
], ids=str)
def test_profile_in_force_is_what_this_middleware_reads(
        given, middleware, distro, files, variables, expected):
    given(middleware, distro, *files, **variables)
    assert dds_profiles.profile_in_force() == expected


@pytest.mark.parametrize('middleware,variables,expected', [
    ('rmw_fastrtps_cpp', {}, 'start this node with RMW_FASTRTPS_USE_QOS_FROM_XML=1 FASTRTPS_'),
    ('rmw_fastrtps_cpp', ZERO_COPY,
     'start the camera with RMW_FASTRTPS_USE_QOS_FROM_XML=1 FASTRTPS_'),
    ('rmw_cyclonedds_cpp', ZERO_COPY,
     'start this node with RMW_IMPLEMENTATION=rmw_fastrtps_cpp RMW_FASTRTPS_USE_QOS_FROM_XML=1 '),
])
def test_remedy_for_shared_memory_names_process_and_variables(
        given, middleware, variables, expected):
    given(middleware, 'humble', **variables)
    remedy = dds_profiles.shared_memory_remedy()
    assert remedy.startswith(expected)
    assert 'config/fastdds' in remedy and remedy.endswith('.xml')


def test_folders_that_are_closed_to_the_user_do_not_stop_the_node(given, monkeypatch):
    def refuse(path):
        raise PermissionError(13, 'Permission denied', str(path))

    given('rmw_fastrtps_cpp', 'humble', **{FAST: '/root/my.xml'})
    monkeypatch.setattr(dds_profiles.Path, 'is_file', refuse)
    assert dds_profiles.profile_in_force() == f'{FAST}=/root/my.xml (Permission denied)'
