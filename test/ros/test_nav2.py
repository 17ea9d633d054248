# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Nav2's lifecycle manager drives the node with the settings that docs/robot.md recommends."""

import signal

from edgenext_ros.models.store import resource_folder
from edgenext_ros.ros.messages import Classification
from helpers.nav2_manager import Nav2Manager
from helpers.pages import needs_pages, ROOT, split
from lifecycle_msgs.msg import State
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
import yaml

NAME = 'classifier'


@pytest.fixture
def recipe(tmp_path):
    """Return the manager's parameters of the page, and write those of the node to a file."""
    blocks = [yaml.safe_load(block.text) for block in split(ROOT / 'docs' / 'robot.md')[1]
              if block.language == 'yaml']
    (manager,) = [block['lifecycle_manager_perception']['ros__parameters'] for block in blocks
                  if 'lifecycle_manager_perception' in block]
    (node,) = [block for block in blocks if NAME in block]
    path = tmp_path / 'classifier.yaml'
    path.write_text(yaml.safe_dump(node))
    return manager, path


def play(ros):
    """Start a camera, and return the list of the results."""
    camera = ros.start('camera.node', source=resource_folder() / 'demo')
    return camera, ros.collect(Classification, 'classification')


@needs_pages
def test_manager_drives_the_node_through_its_commands(ros, recipe):
    """A model that fails and its correction, pause, resume, reset, a crash, and the end."""
    parameters, file = recipe
    assert parameters['bond_timeout'] == 0.0, 'rclpy has no bond'
    process = ros.start('node', '--params-file', str(file), '-p', 'model:=absent')
    camera, results = play(ros)
    manager = Nav2Manager(ros, parameters['node_names'])
    assert manager.state(NAME) == State.PRIMARY_STATE_UNCONFIGURED
    assert not manager.startup()
    assert manager.state(NAME) == State.PRIMARY_STATE_UNCONFIGURED
    assert "configure failed: model 'absent'" in process.output
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value='demo')
    assert ros.call(SetParameters, f'/{NAME}/set_parameters', parameters=[
        Parameter(name='model', value=value)]).results[0].successful
    assert manager.startup()
    ros.wait(lambda: results, what='a result')
    assert manager.pause()
    assert manager.resume()
    assert manager.reset()
    assert manager.startup()
    assert process.stop(signal.SIGKILL) == -signal.SIGKILL
    camera.kill()
    ros.executor.spin_once(timeout_sec=0.1)
    process = ros.start('node', '--params-file', str(file))
    _, results = play(ros)
    # The service of the killed process stays visible for a while, as it does for Nav2.
    ros.wait(lambda: manager.state(NAME) == State.PRIMARY_STATE_UNCONFIGURED)
    assert manager.startup()
    ros.wait(lambda: results, what='a result after the crash')
    assert manager.shutdown() == [True] * 3
    assert manager.state(NAME) == State.PRIMARY_STATE_FINALIZED
    assert process.stop() == 0
    assert 'Traceback' not in process.output
