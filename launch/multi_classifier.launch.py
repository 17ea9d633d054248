# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Start a classifier for each of several cameras, in one process with one model.

ros2 launch edgenext_ros multi_classifier.launch.py cameras:='front rear'

The nodes are /front/classifier and /rear/classifier, which subscribe to /front/image and
/rear/image.
"""

from ament_index_python.packages import get_package_share_directory
from edgenext_ros.ros.dds_environment import dds_variables
from edgenext_ros.ros.launch_checks import parameter_file
from launch import LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.launch_context import LaunchContext
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

PACKAGE = 'edgenext_ros'

ARGUMENTS = [
    DeclareLaunchArgument('cameras', description='Names of the cameras, with spaces between'),
    DeclareLaunchArgument(
        'image', default_value='image',
        description='Image topic, in the namespace of each camera'),
    DeclareLaunchArgument(
        'model', default_value='', description='Catalog name or path; empty: as in params_file'),
    DeclareLaunchArgument(
        'runtime', default_value='', description='Inference engine; empty: as in params_file'),
    DeclareLaunchArgument(
        'params_file', default_value=get_package_share_directory(PACKAGE)
        + '/config/classifier.yaml', description='YAML file with parameters'),
]


def classifiers(context: LaunchContext) -> list[LaunchDescriptionEntity]:
    """Build the action that starts the process."""
    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    given = {name: ParameterValue(value(name), value_type=str)
             for name in ('model', 'runtime') if value(name)}
    cameras = value('cameras').split()
    parameters = parameter_file(value('params_file'))
    return [Node(package=PACKAGE, executable='multi_classifier_node', output='screen',
                 additional_env=dds_variables(),
                 parameters=[parameters, given],
                 remappings=[('image', value('image'))], arguments=cameras)]


def generate_launch_description() -> LaunchDescription:
    """Return the launch arguments and the process."""
    return LaunchDescription([*ARGUMENTS, OpaqueFunction(function=classifiers)])
