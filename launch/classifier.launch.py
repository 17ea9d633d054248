# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Start the classifier for a camera's topic.

ros2 launch edgenext_ros classifier.launch.py image:=/camera/image_raw model:=xx_small

TROS cameras, which are started by their own launch files:
  mipi_cam, out_format nv12, io_method ros:  camera:=mipi_cam       /image_raw, raw nv12
  hobot_usb_cam, pixel_format mjpeg:         camera:=hobot_usb_cam  /image, compressed
"""

from ament_index_python.packages import get_package_share_directory
from edgenext_ros.choices import ENGINES
from edgenext_ros.ros.dds_environment import dds_variables
from edgenext_ros.ros.launch_checks import parameter_file
from launch import LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.launch_context import LaunchContext
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

PACKAGE = 'edgenext_ros'

# Topic and message type of each camera driver with its default parameters.
CAMERAS = {'': ('image', 'raw'), 'mipi_cam': ('/image_raw', 'raw'),
           'hobot_usb_cam': ('/image', 'compressed')}

ARGUMENTS = [
    DeclareLaunchArgument('name', default_value='classifier', description='Name of the node'),
    DeclareLaunchArgument('namespace', default_value='', description='Namespace of the node'),
    DeclareLaunchArgument(
        'params_file', default_value=get_package_share_directory(PACKAGE)
        + '/config/classifier.yaml', description='YAML file with parameters'),
    DeclareLaunchArgument(
        'model', default_value='',
        description='Catalog name or path; empty takes it from params_file'),
    DeclareLaunchArgument(
        'runtime', default_value='', description='Inference engine; empty takes it from '
        'params_file', choices=['', 'auto', *ENGINES]),
    DeclareLaunchArgument(
        'camera', default_value='', choices=list(CAMERAS),
        description='TROS camera whose topic and message type to use'),
    DeclareLaunchArgument(
        'image', default_value='', description='Image topic; empty takes that of the camera'),
    DeclareLaunchArgument(
        'input_type', default_value='', choices=['', 'raw', 'compressed'],
        description='Message type of the image topic; empty takes that of the camera'),
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
    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    topic, input_type = CAMERAS[value('camera')]
    given = {name: value(name) for name in ('model', 'runtime') if value(name)}
    if value('input_type') or value('camera'):
        given['input_type'] = value('input_type') or input_type
    return [Node(
        package=PACKAGE, executable='classifier_node', name=value('name'),
        namespace=value('namespace'), output='screen',
        parameters=[
            parameter_file(value('params_file')),
            # As text, so that a model named 1 or true stays a name.
            {name: ParameterValue(text, value_type=str) for name, text in given.items()},
            *([{'use_sim_time': value('use_sim_time') == 'true'}]
              if value('use_sim_time') else [])],
        remappings=[('image', value('image') or topic)],
        arguments=['--ros-args', '--log-level', value('log_level')],
        additional_env=dds_variables(),
        respawn=value('respawn') == 'true', respawn_delay=2.0)]


def generate_launch_description() -> LaunchDescription:
    """Return the launch arguments and the node."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=classifier)])
