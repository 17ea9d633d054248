# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors whose text is for the user: which ones, and each as one line."""

from __future__ import annotations

import re

from edgenext_ros.core.labels import LabelError
from edgenext_ros.engines.base import EngineUnavailableError, InferenceError, ModelError
from edgenext_ros.models.store import ModelNotFoundError
from edgenext_ros.ros.settings import ParameterError
from rclpy.exceptions import NameValidationException, ParameterException
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy
from rosidl_generator_py.import_type_support_impl import UnsupportedTypeSupport

USER_ERRORS = (InferenceError, LabelError, ModelError, ModelNotFoundError, OSError, ParameterError,
            EngineUnavailableError)
"""Errors whose text is one clear sentence for the user; others come with their traceback."""
REPORTED_ERRORS = (*USER_ERRORS, MemoryError, NameValidationException, ParameterException,
          UnsupportedTypeSupport, _rclpy.RCLError)
_PLACE_IN_SOURCE = re.compile(r'(. Error: error not set)?, at /\S+:\d+')
NO_THREAD = "can't start new thread"  # Python's RuntimeError
_LONG_WORD = re.compile(r'(\S{60})\S{140,}')


def is_expected(error: BaseException) -> bool:
    """Say whether the error's text is for the user, and needs no traceback."""
    return isinstance(error, REPORTED_ERRORS) or str(error) == NO_THREAD


def describe_error(error: BaseException) -> str:
    """Return one of the errors that users meet as one line, without places in rcl's source."""
    if str(error) == NO_THREAD:
        return 'not enough memory, or too many threads, for another thread'
    if isinstance(error, MemoryError):
        return f'not enough memory{f": {error}" if str(error) else ""}'
    if isinstance(error, UnsupportedTypeSupport):  # the import error says which library, and why
        return f'{error}: {error.__context__}'
    text = ' '.join(_PLACE_IN_SOURCE.sub('', str(error)).split())
    text = _LONG_WORD.sub(r'\1...', text.removesuffix(' ^'))
    return text.removeprefix('failed to initialize rcl: ')
