# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors that users see as one line, without a traceback."""

from __future__ import annotations

import re

from edgenext_ros.core.labels import LabelError
from edgenext_ros.engines.base import EngineUnavailableError, InferenceError
from edgenext_ros.models import ModelError
from edgenext_ros.models.store import ModelNotFoundError
from edgenext_ros.ros.parameter_files import EXPECTED_LAYOUT
from edgenext_ros.ros.settings import ParameterError
from rclpy.exceptions import NameValidationException, ParameterException
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rosidl_generator_py.import_type_support_impl import UnsupportedTypeSupport

USER_ERRORS = (EngineUnavailableError, InferenceError, LabelError, ModelError, ModelNotFoundError,
               OSError, ParameterError)
"""Errors of this package whose text is one clear sentence for the user."""
REPORTED_ERRORS = (*USER_ERRORS, MemoryError, NameValidationException, ParameterException,
                   UnsupportedTypeSupport, _rclpy.RCLError)
"""``USER_ERRORS``, and the errors of ROS and Python that are reported without a traceback."""
_PLACE_IN_SOURCE = re.compile(r'(. Error: error not set)?, at /\S+:\d+')
_FORMS = {
    "Couldn't parse params file": EXPECTED_LAYOUT,
    "Couldn't parse remap rule": 'expected "-r image:=/topic" for a topic, and "-p NAME:=VALUE" '
                                 'for a parameter',
    "Couldn't parse parameter override rule": 'expected "-p NAME:=VALUE"',
    # rmw_fastrtps of Humble, when it announces the node; ros2/rmw_fastrtps#878.
    'Not enough memory in the buffer stream': 'if RMW_FASTRTPS_USE_QOS_FROM_XML is 1, '
    'FASTRTPS_DEFAULT_PROFILES_FILE must name a profile with a historyMemoryPolicy, such as '
    'config/fastdds.xml of this package',
}
"""The right form or the remedy, for errors of ROS, by the beginning of their texts."""
NO_THREAD = "can't start new thread"
"""Text of Python's RuntimeError when the system cannot start a thread."""
_LONG_WORD = re.compile(r'(\S{60})\S{140,}')


def is_expected(error: BaseException) -> bool:
    """Return whether an error is reported by its text alone, without a traceback."""
    return isinstance(error, REPORTED_ERRORS) or str(error) == NO_THREAD


def describe_error(error: BaseException) -> str:
    """Return an error's text as one line, without file names of rcl's source."""
    if str(error) == NO_THREAD:
        return 'not enough memory, or too many threads, for another thread'
    if isinstance(error, MemoryError):
        return f'not enough memory{f": {error}" if str(error) else ""}'
    if isinstance(error, UnsupportedTypeSupport):  # its context names the library and the reason
        return f'{error}: {error.__context__}'
    text = ' '.join(_PLACE_IN_SOURCE.sub('', str(error)).split())
    text = _LONG_WORD.sub(r'\1...', text.removesuffix(' ^'))
    text = text.removeprefix('failed to initialize rcl: ')
    form = next((form for begin, form in _FORMS.items() if text.startswith(begin)), '')
    return f'{text}; {form}' if form and 'opening YAML file' not in text else text
