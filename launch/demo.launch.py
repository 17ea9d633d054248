# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Play pictures as a camera, classify them, and print the results.

ros2 launch edgenext_ros demo.launch.py source:=/path/to/pictures
"""

from pathlib import Path

from ament_index_python.packages import get_package_share_directory
from edgenext_ros.ros.dds_environment import dds_variables
from launch import LaunchDescription
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription
from launch.conditions import IfCondition
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

SHARE = Path(get_package_share_directory('edgenext_ros'))


def generate_launch_description() -> LaunchDescription:
    """Return the launch arguments, the camera, the classifier and the printing node."""
    return LaunchDescription([
        DeclareLaunchArgument(
            'source', default_value=str(SHARE / 'resource' / 'demo'),
            description='Picture, folder, video file, or webcam number'),
        DeclareLaunchArgument('rate', default_value='10.0', description='Frames a second'),
        DeclareLaunchArgument(
            'encoding', default_value='bgr8', description='Encoding of raw images'),
        DeclareLaunchArgument(
            'input_type', default_value='raw', choices=['raw', 'compressed'],
            description='Message type of the image topic'),
        DeclareLaunchArgument('namespace', default_value='', description='Namespace of both'),
        DeclareLaunchArgument(
            'model', default_value='demo', description='Catalog name or path'),
        DeclareLaunchArgument(
            'print', default_value='true', choices=['true', 'false'],
            description='Print the results, once a second'),
        # First, because it checks the arguments before any process is started.
        IncludeLaunchDescription(
            PythonLaunchDescriptionSource(str(SHARE / 'launch' / 'classifier.launch.py')),
            launch_arguments={
                'namespace': LaunchConfiguration('namespace'),
                'model': LaunchConfiguration('model'),
                'input_type': LaunchConfiguration('input_type')}.items()),
        Node(
            package='edgenext_ros', executable='camera_node', name='camera',
            namespace=LaunchConfiguration('namespace'), output='screen',
            additional_env=dds_variables(),
            parameters=[{
                'source': ParameterValue(LaunchConfiguration('source'), value_type=str),
                'rate': ParameterValue(LaunchConfiguration('rate'), value_type=float),
                'encoding': ParameterValue(LaunchConfiguration('encoding'), value_type=str),
                'output_type': ParameterValue(LaunchConfiguration('input_type'),
                                              value_type=str)}]),
        Node(
            package='edgenext_ros', executable='results_node', name='results',
            namespace=LaunchConfiguration('namespace'), output='screen',
            additional_env=dds_variables(),
            condition=IfCondition(LaunchConfiguration('print'))),
    ])
