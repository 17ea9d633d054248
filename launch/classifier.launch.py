# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Start the classifier for a camera's topic.

ros2 launch edgenext_ros classifier.launch.py image:=/camera/image_raw model:=xx_small

For a camera driver that runs with its own defaults, camera:=DRIVER replaces image:=TOPIC, and
input_type chooses among the driver's topics; docs/robot.md lists them:
  camera:=mipi_cam                     /image_raw
  camera:=mipi_cam input_type:=hbmem   /hbmem_img, in TROS' shared memory
  camera:=hobot_usb_cam                /image, JPEG
"""

from edgenext_ros.ros.camera_presets import cameras
from edgenext_ros.ros.dds_environment import dds_variables
from edgenext_ros.ros.launch_arguments import (
    argument,
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
    DeclareLaunchArgument('name', default_value='classifier', description='Name of the node'),
    DeclareLaunchArgument('namespace', default_value='', description='Namespace of the node'),
    DeclareLaunchArgument(
        'camera', default_value='', choices=['', *cameras()],
        description='Camera driver whose topic and message type to use'),
    DeclareLaunchArgument(
        'image', default_value='', description='Image topic; empty takes that of the camera'),
    *model_arguments(),
    *tuning_arguments(),
    DeclareLaunchArgument(
        'log_level', default_value='info', choices=['debug', 'info', 'warn', 'error', 'fatal'],
        description='Logging severity of the node'),
    DeclareLaunchArgument(
        'use_sim_time', default_value='', choices=['', 'true', 'false'],
        description='Take time from /clock; empty takes it from params_file'),
    DeclareLaunchArgument(
        'respawn', default_value='false', choices=['true', 'false'],
        description='Start the node again when its process ends'),
]


def classifier(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Build the action that starts the node."""
    topic, input_type = topic_and_type(context)
    parameters = given_parameters(context, input_type=input_type)
    use_sim_time = argument(context, 'use_sim_time')
    return [Node(
        package='edgenext_ros', executable='classifier_node', name=argument(context, 'name'),
        namespace=argument(context, 'namespace'), output='screen',
        parameters=[
            parameter_file(argument(context, 'params_file')), parameters,
            *([{'use_sim_time': use_sim_time == 'true'}] if use_sim_time else [])],
        remappings=[('image', topic or 'image')],
        arguments=['--ros-args', '--log-level', argument(context, 'log_level')],
        additional_env=dds_variables(shared_memory=reads_shared_memory(context, input_type)),
        respawn=argument(context, 'respawn') == 'true', respawn_delay=2.0)]


def generate_launch_description() -> LaunchDescription:
    """Return the launch arguments and the node."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=classifier)])
