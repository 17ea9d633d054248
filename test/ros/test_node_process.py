# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Processes with wrong arguments, or without a home, a log folder or a UTF-8 locale."""

import os
import subprocess
import sys

from edgenext_ros.models.store import resource_folder
from helpers.tros import NEEDS_AI_MSGS
import pytest

NODES = {'node': ('node',), 'camera': ('camera.node',), 'multi': ('multi_node', 'front')}


@pytest.fixture
def start_node(ros):
    """Start one of the nodes with ROS arguments; the camera also gets pictures."""
    def start_it(node, *words, environment=None):
        if node == 'camera':
            words = ('-p', f'source:={resource_folder() / "demo"}', *words)
        module, *cameras = NODES[node]
        return ros.run(
            [sys.executable, '-m', f'edgenext_ros.ros.{module}', *cameras, '--ros-args', *words],
            name=node, environment=environment)

    return start_it


LONG = 'n' * 240
WRONG = {
    'a long namespace': (('-r', f'__ns:=/{LONG}'), 'should not exceed'),
    'a long name': (('-r', f'__node:={LONG}n{LONG}'), 'should not exceed'),
    'a long topic': (('-r', f'image:=/{LONG}{LONG}'), 'should not exceed'),
    'a topic that begins with a digit': (('-r', 'image:=1a'), "'-r image:=1a'"),
    'a topic with two slashes': (('-r', 'image:=a//b'), "'-r image:=a//b'"),
    'a topic with a hyphen': (('-r', 'image:=/a-b'), "'-r image:=/a-b'"),
    'a remapping without a topic': (('-r', 'image'), "'-r image'"),
    'a name with a hyphen': (('-r', '__node:=a-b'), "'-r __node:=a-b'"),
    'an unknown log level': (('--log-level', 'loud'), "'--log-level loud'"),
    'no log level': (('--log-level',), 'No log level provided'),
    'a parameter without a value': (('-p', 'model'), "'-p model'"),
    'no parameter': (('-p',), 'trailing -p flag'),
    'an enclave without a slash': (('--enclave', 'x'), 'Enclave'),
    'not UTF-8': (('-p', b'frame_id:=\xff'), "argument 'frame_id:=\\udcff': cannot be read as"),
}


@pytest.mark.parametrize('node', NODES)
@pytest.mark.parametrize('words,reason', WRONG.values(), ids=WRONG)
def test_wrong_argument_ends_each_node_in_one_sentence(start_node, node, words, reason):
    process = start_node(node, *words)
    assert process.process.wait(30) == 1
    said = [line for line in process.output.splitlines() if '[rcl]' not in line]  # rcl's own
    assert len(said) == 1 and reason in said[0]
    assert 'Traceback' not in process.output and '.c:' not in said[0]
    assert len(said[0]) < 400


@pytest.mark.parametrize('node', NODES)
@pytest.mark.parametrize('value', ['1', 'maybe'])
def test_use_sim_time_of_wrong_type_ends_node_in_one_sentence(start_node, node, value):
    process = start_node(node, '-p', f'use_sim_time:={value}')
    assert process.process.wait(30) == 1
    assert 'Traceback' not in process.output
    assert process.output.count('use_sim_time') and 'FATAL' in process.output.splitlines()[-1]


@pytest.mark.parametrize('node', NODES)
def test_params_file_that_is_a_pipe_ends_node_in_one_sentence(start_node, node, tmp_path):
    os.mkfifo(tmp_path / 'pipe.yaml')
    process = start_node(node, '--params-file', str(tmp_path / 'pipe.yaml'))
    assert process.process.wait(30) == 1
    (line,) = process.output.splitlines()
    assert line.endswith('pipe.yaml: expected a file, found a pipe')


@pytest.mark.parametrize('node', NODES)
def test_undecodable_argument_ends_node_in_one_sentence(ros, start_node, node):
    process = start_node(node, '-p', 'frame_id:=\u00e4'.encode(), environment={
        **ros.environment, 'LC_ALL': 'C', 'PYTHONUTF8': '0', 'PYTHONCOERCECLOCALE': '0'})
    assert process.process.wait(30) == 1
    (line,) = process.output.splitlines()
    assert 'cannot be read as ascii, the encoding of the locale' in line
    assert line.endswith('set LC_ALL=C.UTF-8')


@pytest.mark.parametrize('node', ['node', 'multi'])
@pytest.mark.parametrize('rule,other', [
    ('image:=classification', 'classification'), ('image:=~/annotated_image', '~/annotated_image'),
    ('classification:=image', 'classification'), ('image:=/rosout', '/rosout'),
    ('classification:=~/vision_info', '~/vision_info'),
    pytest.param('classification:=~/targets', '~/targets', marks=NEEDS_AI_MSGS)])
def test_topics_remapped_onto_each_other_end_node_in_one_sentence(start_node, node, rule, other):
    process = start_node(node, '-r', rule)
    assert process.process.wait(30) == 1
    (line,) = process.output.splitlines()
    assert repr(other) in line and 'are both remapped to /' in line


def test_camera_topics_remapped_onto_each_other_end_node_in_one_sentence(start_node):
    process = start_node('camera', '-r', 'image:=~/playing')
    assert process.process.wait(30) == 1
    (line,) = process.output.splitlines()
    assert "'image' and '~/playing' are both remapped to /camera/playing" in line


# Variables that ROS needs, and those that isolate the test's graph.
KEPT = ('PATH', 'LD_LIBRARY_PATH', 'PYTHONPATH', 'AMENT_PREFIX_PATH', 'ROS_DOMAIN_ID',
        'ROS_LOCALHOST_ONLY', 'ROS_AUTOMATIC_DISCOVERY_RANGE')
HOMES = {
    'unset': {}, 'empty': {'HOME': ''}, 'missing': {'HOME': '/nonexistent/home'},
    'a file': {'HOME': '/dev/null'}, 'empty, all of them': {
        'HOME': '', 'ROS_HOME': '', 'ROS_LOG_DIR': '', 'XDG_CACHE_HOME': '', 'TMPDIR': ''},
    'unset, and a log folder below it': {'ROS_LOG_DIR': '~/logs'},
    'a C locale': {'LC_ALL': 'C', 'LANG': 'C', 'PYTHONUTF8': '0'},
}


def bare(ros, **variables):
    """Return an environment with only the variables that ROS needs, and these."""
    return {name: ros.environment[name] for name in KEPT if name in ros.environment} | variables


@pytest.mark.parametrize('node,says', [
    ('node', '[classifier]: listening on /image'), ('multi', 'listening on /front/image'),
    ('camera', '')])
@pytest.mark.parametrize('variables', HOMES.values(), ids=HOMES)
def test_node_runs_without_a_home(ros, start_node, node, says, variables):
    process = start_node(node, environment=bare(ros, **variables))
    name = {'node': 'classifier', 'multi': 'classifier'}.get(node, node)
    ros.wait(lambda: name in ros.node.get_node_names() and says in process.output,
             what='the node')
    assert process.stop() == 0
    assert 'Traceback' not in process.output and '[FATAL]' not in process.output
    assert process.output.count('no log file') <= 1


def test_node_without_a_log_file_warns_once(ros, start_node):
    process = start_node('node', environment=bare(ros))
    ros.wait(lambda: 'listening on' in process.output, what='the node')
    assert process.output.count('no log file: HOME is not set, nor ROS_LOG_DIR') == 1


def test_log_folder_without_a_home_is_used(ros, start_node, tmp_path):
    process = start_node('node', environment=bare(ros, ROS_LOG_DIR=str(tmp_path / 'logs')))
    ros.wait(lambda: 'listening on' in process.output, what='the node')
    assert 'no log file' not in process.output
    assert list((tmp_path / 'logs').iterdir())


@pytest.mark.parametrize('verb', [['runtimes'], ['models', 'list'], ['--help']], ids=' '.join)
def test_verb_runs_without_a_home(ros, verb):
    done = subprocess.run([sys.executable, '-m', 'edgenext_ros.cli', *verb], env=bare(ros),
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and 'Traceback' not in done.stderr
