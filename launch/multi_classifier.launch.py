# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Start a classifier for each of several cameras, in one process with one model.

ros2 launch edgenext_ros multi_classifier.launch.py cameras:='front rear'

The nodes are /front/classifier and /rear/classifier, which subscribe to /front/image and
/rear/image, or to the topics that the argument image names in the same order.

ros2 launch edgenext_ros multi_classifier.launch.py camera:=mipi_cam input_type:=hbmem

The nodes /left/classifier and /right/classifier subscribe to the topics of TROS' stereo camera.
"""

from edgenext_ros.ros.camera_presets import cameras, STEREO_STREAMS
from edgenext_ros.ros.dds_environment import dds_variables
from edgenext_ros.ros.launch_arguments import (
    argument,
    cameras_and_topics,
    given_parameters,
    model_arguments,
    reads_shared_memory,
    topic_and_type,
    tuning_arguments,
)
from edgenext_ros.ros.launch_checks import parameter_file
from launch import LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.launch_context import LaunchContext
from launch_ros.actions import Node

ARGUMENTS = [
    DeclareLaunchArgument(
        'cameras', default_value='', description='Names of the cameras, with spaces between'),
    DeclareLaunchArgument(
        'camera', default_value='', choices=['', *cameras(STEREO_STREAMS)],
        description='Driver of a stereo camera, instead of cameras and image'),
    DeclareLaunchArgument(
        'image', default_value='',
        description='Image topic, in the namespace of each camera, or one for each, with spaces '
        'between; empty takes image, or those of camera'),
    *model_arguments(),
    *tuning_arguments(),
]


def classifiers(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Build the action that starts the process."""
    topic, input_type = topic_and_type(context, STEREO_STREAMS)
    names, remappings = cameras_and_topics(context, topic)
    return [Node(
        package='edgenext_ros', executable='multi_classifier_node', output='screen',
        parameters=[parameter_file(argument(context, 'params_file')),
                    given_parameters(context, input_type=input_type)],
        remappings=remappings, arguments=names,
        additional_env=dds_variables(shared_memory=reads_shared_memory(context, input_type)))]


def generate_launch_description() -> LaunchDescription:
    """Return the launch arguments and the process."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=classifiers)])
