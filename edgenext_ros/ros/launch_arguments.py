# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Launch arguments that the launch files share, their checks, and the parameters they set."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any, Final

from ament_index_python.packages import get_package_share_directory
from edgenext_ros.choices import ENGINES
from edgenext_ros.ros.camera_presets import DriverStream, STEREO_CAMERAS, stream_of, STREAMS
from edgenext_ros.ros.launch_checks import LaunchArgumentError, values_in
from edgenext_ros.ros.settings import (
    checked_value,
    ClassifierSettings,
    ParameterError,
    rule_of,
    TUNING,
)
from launch.actions import DeclareLaunchArgument
from launch.launch_context import LaunchContext
from launch.substitutions import LaunchConfiguration
from launch_ros.parameter_descriptions import ParameterValue

_ENTRIES = tuple(entry for entry in fields(ClassifierSettings) if entry.name in TUNING)
_KINDS: Final = {bool: 'true or false', int: 'a whole number', float: 'a number'}


def model_arguments() -> list[DeclareLaunchArgument]:
    """Return the arguments for the model, the engine, the images' type and the parameter file."""
    return [
        DeclareLaunchArgument(
            'params_file', default_value=get_package_share_directory('edgenext_ros')
            + '/config/classifier.yaml', description='YAML file with parameters'),
        DeclareLaunchArgument(
            'model', default_value='',
            description='Catalog name or path; empty takes it from params_file'),
        DeclareLaunchArgument(
            'runtime', default_value='', description='Inference engine; empty takes it from '
            'params_file', choices=['', 'auto', *ENGINES]),
        DeclareLaunchArgument(
            'input_type', default_value='', choices=['', 'raw', 'compressed', 'hbmem'],
            description='Message type of the image topic; empty takes that of the camera')]


def tuning_arguments() -> list[DeclareLaunchArgument]:
    """Return an argument for each parameter of ``TUNING``; each is empty by default."""
    return [DeclareLaunchArgument(
        entry.name, default_value='', description=f'{_description(entry)}'
        f'{_range(entry)}; empty takes it from params_file') for entry in _ENTRIES]


def _description(entry: Field[Any]) -> str:
    """Return a parameter's description without what its own empty value means."""
    return rule_of(entry).description.partition('; empty')[0]


def _range(entry: Field[Any]) -> str:
    constraint = rule_of(entry).constraint
    return f' ({constraint})' if constraint else ''


def argument(context: LaunchContext, name: str) -> str:
    """Return the value of a launch argument; empty if it is not declared."""
    return str(LaunchConfiguration(name, default='').perform(context))


def given_parameters(context: LaunchContext, *, input_type: str) -> dict[str, Any]:
    """
    Return the parameters that arguments set; those of empty arguments are left to params_file.

    :param context: has the arguments ``model``, ``runtime``, and those of ``TUNING``.
    :param input_type: value of that parameter, which ``topic_and_type`` returns.
    :raises LaunchArgumentError: a value is none that the parameter may have.
    """
    texts = {name: argument(context, name) for name in ('model', 'runtime')}
    texts['input_type'] = input_type
    texts |= {entry.name: argument(context, entry.name) for entry in _ENTRIES}
    values: dict[str, Any] = {name: text for name, text in texts.items() if text}
    for entry in _ENTRIES:
        if entry.name in values:
            values[entry.name] = _parameter(entry, values[entry.name])
    # As text, so that a model named 1 or true stays a name.
    return {name: ParameterValue(value, value_type=str) if isinstance(value, str) else value
            for name, value in values.items()}


def _parameter(entry: Field[Any], text: str) -> Any:
    """Return the value of a text for a parameter."""
    kind: type = type(entry.default)
    try:
        if kind is bool:
            return {'true': True, 'false': False}[text.lower()]
        return checked_value(entry, kind(text))
    except (ParameterError, ValueError, KeyError) as error:
        rule = rule_of(entry)
        expected = f'{_KINDS[kind]}{rule.constraint and f", {rule.constraint}"}' \
            if kind in _KINDS else rule.constraint
        raise LaunchArgumentError(f'{entry.name} {text!r}: expected {expected}') from error


def topic_and_type(
        context: LaunchContext, streams: tuple[DriverStream, ...] = STREAMS) -> tuple[str, str]:
    """
    Return the image topic and the input type that the arguments choose; empty if they do not.

    :param context: has the arguments ``camera``, ``image`` and ``input_type``.
    :param streams: the presets of ``camera``.
    :raises LaunchArgumentError: the camera has no topic with messages of this type.
    """
    camera, topic, input_type = (
        argument(context, name) for name in ('camera', 'image', 'input_type'))
    if not camera or (topic and input_type):
        return topic, input_type
    try:
        stream = stream_of(camera, input_type, streams=streams)
    except LookupError as error:
        raise LaunchArgumentError(f'input_type {input_type!r}: {error}') from error
    return topic or stream.topic, stream.input_type


def cameras_and_topics(
        context: LaunchContext, topic: str) -> tuple[list[str], list[tuple[str, str]]]:
    """
    Return the names of several cameras, and the remappings to their topics.

    :param context: has the arguments ``cameras`` and ``camera``.
    :param topic: one name in the namespace of each camera; or one for each, with spaces between;
        or one with ``CAMERA`` in it.
    :raises LaunchArgumentError: there is no camera, or the topics are not as many as the cameras.
    """
    names = argument(context, 'cameras').split()
    if argument(context, 'camera'):
        if names:
            raise LaunchArgumentError(
                f'cameras {" ".join(names)!r}: expected none beside the argument camera, whose '
                f'cameras are {" ".join(STEREO_CAMERAS)}')
        names = list(STEREO_CAMERAS)
    if not names:
        raise LaunchArgumentError(
            "cameras '': expected the names of the cameras, such as cameras:='front rear'")
    topics = topic.split() or ['image']
    if 'CAMERA' in topic:
        topics = [topic.replace('CAMERA', name.strip('/')) for name in names]
    if len(topics) == 1:
        return names, [('image', topics[0])]
    if len(topics) != len(names):
        raise LaunchArgumentError(
            f'image {topic!r}: expected one topic, or one for each of the {len(names)} cameras, '
            f'found {len(topics)}')
    return names, [(f'/{name.strip("/")}/image', topic)
                   for name, topic in zip(names, topics, strict=True)]


def reads_shared_memory(context: LaunchContext, input_type: str) -> bool:
    """
    Return whether the nodes read TROS' messages for shared memory.

    :param context: has the argument ``params_file``, which counts where ``input_type`` is empty.
    :param input_type: as ``topic_and_type`` returns it.
    """
    found = {input_type} if input_type else values_in(
        argument(context, 'params_file'), 'input_type')
    return 'hbmem' in found
