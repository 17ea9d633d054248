# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Launch files and ros2 commands with a sourced ROS 2 and the installed package."""

import os
from pathlib import Path
import re
import shutil
import signal
import subprocess
import sys
import time

from helpers.launching import describe, launched, NEEDS_LAUNCH, ROOT, wait
import pytest

pytestmark = NEEDS_LAUNCH
FILES = sorted((ROOT / 'launch').glob('*.launch.py'))


@pytest.mark.parametrize('path', FILES, ids=lambda path: path.name)
def test_every_argument_is_described(path):
    arguments = describe(path).get_launch_arguments()
    assert {'cameras' if path.name.startswith('multi') else 'namespace', 'model'} <= {
        argument.name for argument in arguments}
    for argument in arguments:
        assert argument.description not in ('', 'no description given')


def test_runtime_argument_has_the_choices_of_the_parameter():
    from edgenext_ros.choices import ENGINES
    (runtime,) = [argument for argument in describe(
        ROOT / 'launch' / 'classifier.launch.py').get_launch_arguments()
        if argument.name == 'runtime']
    assert runtime.choices == ['', 'auto', *ENGINES]


def classifier_node(**given):
    """Return the launch context and the node's action for these arguments."""
    from launch import LaunchContext
    description = describe(ROOT / 'launch' / 'classifier.launch.py')
    context = LaunchContext()
    for argument in description.get_launch_arguments():
        context.launch_configurations[argument.name] = given.get(
            argument.name, ''.join(part.text for part in argument.default_value))
    (node,) = description.entities[-1].execute(context)
    return context, node


@pytest.mark.parametrize('given,topic,parameters', [
    ({}, 'image', {}),
    ({'camera': 'mipi_cam'}, '/image_raw', {'input_type': 'raw'}),
    ({'camera': 'hobot_usb_cam'}, '/image', {'input_type': 'compressed'}),
    ({'camera': 'mipi_cam', 'image': '/left/image_raw', 'model': '1', 'runtime': 'onnx'},
     '/left/image_raw', {'input_type': 'raw', 'model': '1', 'runtime': 'onnx'}),
], ids=str)
def test_arguments_reach_the_node(given, topic, parameters):
    from launch_ros.utilities import evaluate_parameters
    context, node = classifier_node(**given)
    remappings = node._Node__remappings
    assert [''.join(part.text for part in side) for side in remappings[0]] == ['image', topic]
    values = evaluate_parameters(context, node._Node__parameters)[1]
    assert values == parameters


def test_cameras_reach_the_process():
    from launch import LaunchContext
    from launch_ros.utilities import evaluate_parameters
    description = describe(ROOT / 'launch' / 'multi_classifier.launch.py')
    context = LaunchContext()
    context.launch_configurations.update(
        cameras='front rear', image='image_raw', model='1', runtime='',
        params_file=str(ROOT / 'config' / 'classifier.yaml'))
    (node,) = description.entities[-1].execute(context)
    assert evaluate_parameters(context, node._Node__parameters)[1] == {'model': '1'}
    assert [''.join(part.text for part in words) for words in node.cmd[1:3]] == ['front', 'rear']


FAST, FAST_3, CYCLONE = (
    'FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE', 'CYCLONEDDS_URI')


@pytest.mark.parametrize('launch', ['classifier', 'demo'])
@pytest.mark.parametrize('distro,read', [('humble', FAST), ('jazzy', FAST), ('kilted', FAST_3),
                                         ('rolling', FAST_3)])
@pytest.mark.parametrize('own,fast,cyclone', [
    ({}, 'fastdds.xml', 'cyclonedds.xml'),
    ({FAST: '/my.xml'}, '/my.xml', 'cyclonedds.xml'),
    ({FAST_3: '/my.xml'}, '/my.xml', 'cyclonedds.xml'),
    ({FAST: ''}, '', 'cyclonedds.xml'),
    ({CYCLONE: 'file:///my.xml'}, 'fastdds.xml', 'file:///my.xml'),
    ({'ROS_LOCALHOST_ONLY': '1'}, 'fastdds_localhost.xml', 'cyclonedds.xml'),
    ({'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}, 'fastdds_localhost.xml', 'cyclonedds.xml'),
], ids=str)
def test_dds_profiles_are_set_unless_the_user_has_some(
        monkeypatch, launch, distro, read, own, fast, cyclone):
    from launch import LaunchContext
    from launch.utilities import perform_substitutions
    for name in (FAST, FAST_3, CYCLONE, 'ROS_LOCALHOST_ONLY', 'ROS_AUTOMATIC_DISCOVERY_RANGE'):
        monkeypatch.delenv(name, raising=False)
    for name, value in {'ROS_DISTRO': distro, **own}.items():
        monkeypatch.setenv(name, value)
    expected = {read: fast, CYCLONE: cyclone}  # Fast DDS 3 warns if both are set
    before = dict(os.environ)
    if launch == 'classifier':
        context, node = classifier_node()
    else:
        context = LaunchContext()
        node, _ = [entity for entity in describe(ROOT / 'launch' / 'demo.launch.py').entities
                   if hasattr(entity, 'process_description')]
    found = {perform_substitutions(context, name): perform_substitutions(context, value)
             for name, value in node.process_description.additional_env}
    assert found.keys() == expected.keys()
    for name, value in found.items():
        path = Path(value.removeprefix('file://'))
        assert expected[name] == value or (expected[name] == path.name and path.is_file())
    assert dict(os.environ) == before, 'the environment of other processes is unchanged'


def test_demo_passes_under_launch_testing(environment):
    case = Path(__file__).with_name('demo_case.py')
    done = subprocess.run([sys.executable, '-m', 'launch_testing.launch_test', str(case)],
                          env=environment, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr


def nodes_of(launch):
    """Return the process numbers of the classifiers that a launch has started."""
    children = Path(f'/proc/{launch.pid}/task/{launch.pid}/children').read_text().split()
    return [int(child) for child in children
            if b'classifier_node' in Path(f'/proc/{child}/cmdline').read_bytes()]


def test_respawn_restarts_killed_node(environment, tmp_path):
    with launched(environment, tmp_path, 'classifier', 'respawn:=true') as (launch, log):
        for count in (1, 2):
            wait(lambda c=count: log.read_text().count('[classifier]: model ') == c, 'the node')
            (node,) = wait(lambda: nodes_of(launch), 'its process')
            os.kill(node, signal.SIGKILL)
        wait(lambda: log.read_text().count('[classifier]: model ') == 3, 'the third node')
        (node,) = wait(lambda: nodes_of(launch), 'its process')
        os.killpg(launch.pid, signal.SIGINT)
        assert launch.wait(5) == 0
        assert not Path(f'/proc/{node}').exists()
    assert log.read_text().count('process has died') == 2
    assert 'Traceback' not in log.read_text()


@pytest.mark.skipif(not shutil.which('ros2'), reason='needs the ros2 command')
def test_ros2_commands_work_and_ctrl_c_ends_the_demo(environment, tmp_path):
    """``ros2`` shows topics, parameters and results; Ctrl-C ends all with exit code 0."""
    def ros2(expected, *words):
        """Run the command until its output matches: discovery may take long on a busy machine."""
        end = time.monotonic() + 60
        text = ''
        while not re.search(expected, text):
            assert time.monotonic() < end, f'{words} never gave {expected!r} but {text!r}'
            # Without the daemon, which would go on running, discovery needs a spin time.
            done = subprocess.run(['ros2', *words, '--no-daemon', '--spin-time', '2'],
                                  env=environment, capture_output=True, text=True, timeout=60)
            text = done.stdout + done.stderr

    with launched(environment, tmp_path, 'demo') as (launch, log):
        ros2(r"(?s)frame_id: camera.*class_id: '\d+'", 'topic', 'echo', '--once',
             '/classification', 'vision_msgs/msg/Classification')
        ros2('/classifier/label_info', 'topic', 'list')
        ros2('vision_msgs/msg/Classification', 'topic', 'info', '/classification')
        ros2('score_threshold', 'param', 'list', '/classifier')
        ros2('(?s)Classes in a result.*Max value: 100', 'param', 'describe', '/classifier',
             'top_k')
        ros2('successful', 'param', 'set', '/classifier', 'top_k', '2')
        ros2('must be 1 to 100|out of range', 'param', 'set', '/classifier', 'top_k', '999')
        ros2('value is: 2', 'param', 'get', '/classifier', 'top_k')
        os.killpg(launch.pid, signal.SIGINT)
        assert launch.wait(5) == 0
    text = log.read_text()
    assert text.count('process has finished cleanly') == 3
    assert re.search(r'\[results\]: astronaut_face.jpg: Faces_easy 8\d.\d%, ', text)
    assert 'Traceback' not in text
