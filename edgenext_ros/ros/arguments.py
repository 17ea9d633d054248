# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Check a node's command line: log file, parameter files, unused arguments and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
import os
from pathlib import Path

from edgenext_ros.models import regular_file
from edgenext_ros.ros import parameter_files
from edgenext_ros.ros.settings import ParameterError
import rclpy
from rclpy.node import Node
from rclpy.utilities import remove_ros_args


_NO_LOG_FILE = '--disable-external-lib-logs'


def log_file_arguments(arguments: Sequence[str]) -> list[str]:
    """Return arguments that disable rcl's log file if it cannot be written; else none."""
    if _NO_LOG_FILE in arguments:
        return []
    # rcl reads only these variables, not the user database, which may also give a home.
    home, chosen = os.environ.get('HOME'), os.environ.get('ROS_LOG_DIR')
    if not chosen and os.environ.get('ROS_HOME'):
        chosen = f'{os.environ["ROS_HOME"]}/log'
    if not home and (chosen or '~').startswith('~'):
        return _warn_of_no_log_file('no log file: HOME is not set, nor ROS_LOG_DIR')
    folder = Path(chosen or '~/.ros/log').expanduser()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return []
        reason = 'it cannot be written to'
    except OSError as error:
        reason = error.strerror or str(error)
    return _warn_of_no_log_file(f'no log file in {folder}: {reason}')


def _warn_of_no_log_file(reason: str) -> list[str]:
    # rclpy.init fails without these arguments if the log file cannot be created.
    rclpy.logging.get_logger('edgenext_ros').warning(reason)
    return ['--ros-args', _NO_LOG_FILE]


def check_files(arguments: Sequence[str]) -> None:
    """
    Check that each parameter file is a regular file; rcl blocks on a pipe without a writer.

    :raises ParameterError: a parameter file is a folder, pipe, socket or device.
    """
    for before, argument in pairwise(arguments):
        if before == '--params-file':
            try:
                regular_file.check(Path(argument))
            except regular_file.NotAFileError as error:
                raise ParameterError(f'--params-file {argument}: {error.strerror}') from error
            except OSError:
                continue  # rcl reports it


def warn_of_unread_arguments(arguments: Sequence[str]) -> None:
    """Warn of arguments that nothing reads, such as ``image:=/topic`` without ``--ros-args``."""
    unread = remove_ros_args(list(arguments))[1:]
    if unread:
        rclpy.logging.get_logger('edgenext_ros').warning(
            f'ignored: {" ".join(unread)}; expected parameters as "--ros-args -p NAME:=VALUE", '
            f'topics as "--ros-args -r image:=/topic"')


def warn_of_ignored_parameters(nodes: Sequence[Node], arguments: Sequence[str]) -> None:
    """Warn of parameters that match none of the nodes by name; rcl ignores them silently."""
    names = tuple(node.get_fully_qualified_name() for node in nodes)
    for source, sections in _parameters(arguments):
        ignored = parameter_files.ignored(source, sections, names)
        if ignored:
            nodes[0].get_logger().warning(ignored)


def _parameters(arguments: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each file or argument with parameters, and the node names that it applies to."""
    is_for_ros, before = False, ''
    for argument in arguments:
        if not is_for_ros:
            is_for_ros = argument == '--ros-args'
        elif argument == '--':
            is_for_ros = False
        elif before == '--params-file':
            yield argument, parameter_files.sections_of(Path(argument))
        elif before in ('-p', '--param') and ':' in argument.partition(':=')[0]:
            yield f'"-p {argument}"', [argument.partition(':')[0]]
        before = argument
