# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Damaged parameter files through the code of a node: rcl's parser, then the settings."""

from pathlib import Path

from edgenext_ros.ros.parameters import Parameters
from edgenext_ros.ros.settings import ClassifierSettings, ParameterError
from helpers.fuzzing import cases, damaged
from hypothesis import given
import pytest

pytestmark = pytest.mark.slow

rclpy = pytest.importorskip('rclpy', reason='needs ROS 2')
GOOD = (Path(__file__).parents[2] / 'config' / 'classifier.yaml').read_bytes()
SHORT = b'/**:\n  ros__parameters:\n    top_k: 3\n    score_threshold: 0.5\n    model: demo\n'


@pytest.fixture(scope='module')
def file(tmp_path_factory):
    """Return the path of a file in a new folder."""
    return tmp_path_factory.mktemp('parameters') / 'parameters.yaml'


@cases
@given(data=damaged([GOOD, SHORT]))
def test_damaged_parameter_file_is_read_or_refused(private_graph, file, data):
    file.write_bytes(data)
    context = rclpy.Context()
    try:
        # A node reports RuntimeError, the base of rcl's errors, as one sentence.
        rclpy.init(context=context, domain_id=private_graph,
                   args=['--ros-args', '--params-file', str(file)])
        node = rclpy.create_node('classifier', context=context)
    except RuntimeError as error:
        assert str(error)
        context.try_shutdown()
        return
    try:
        Parameters(node, ClassifierSettings())
    except ParameterError as error:
        assert str(error).startswith('parameter ')
    finally:
        node.destroy_node()
        context.try_shutdown()
