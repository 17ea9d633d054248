# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors as one line, even if the logger gets no memory."""

from unittest.mock import Mock

from edgenext_ros.ros.errors import describe_error, is_expected
from edgenext_ros.ros.lifecycle import SafeLifecycleNode
from rclpy.lifecycle import TransitionCallbackReturn
from rosidl_generator_py.import_type_support_impl import UnsupportedTypeSupport


def test_error_names_the_message_library_that_does_not_load():
    error = UnsupportedTypeSupport('sensor_msgs')
    error.__context__ = ImportError('libsensor_msgs.so: failed to map segment from shared object')
    assert is_expected(error)
    assert describe_error(error) == (
        "Could not import 'rosidl_typesupport_c' for package 'sensor_msgs': "
        'libsensor_msgs.so: failed to map segment from shared object')


def test_failed_transition_is_printed_if_the_logger_fails(capsys):
    node = Mock()
    node.get_logger.return_value.error.side_effect = MemoryError
    answer = SafeLifecycleNode.attempt(node, 'configure', Mock(side_effect=MemoryError))
    assert answer == TransitionCallbackReturn.FAILURE
    assert node.failure == 'configure failed: not enough memory'
    assert capsys.readouterr().err == 'configure failed: not enough memory\n'


def test_vendor_code_that_exits_fails_the_transition():
    node = Mock()
    answer = SafeLifecycleNode.attempt(node, 'configure', Mock(side_effect=SystemExit('no BPU')))
    assert answer == TransitionCallbackReturn.FAILURE
    assert node.failure == 'configure failed: SystemExit: no BPU'
