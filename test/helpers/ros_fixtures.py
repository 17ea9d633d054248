# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A pytest plugin: fixtures of a ROS graph.

Each fixture imports rclpy when it is used, because other tests run without ROS.
"""

from contextlib import ExitStack
import gc
import itertools
from pathlib import Path

from edgenext_ros.core.encode import encode
import pytest


@pytest.fixture
def ros(private_graph, tmp_path):
    """Make a ROS graph; all its processes end with the test."""
    from helpers.ros_graph import Ros
    with ExitStack() as stack:
        yield Ros(private_graph, tmp_path, stack)
    # A destroyed node is part of a reference cycle, and stays in the graph until it is collected.
    # A hundred tests later, another test uses the same domain.
    gc.collect()


@pytest.fixture
def large_buffers(ros):
    """Give the processes the package's profiles, so that no large frames are lost."""
    from edgenext_ros.ros import dds_profiles
    config = Path(__file__).parents[2] / 'config'
    ros.environment |= {
        dds_profiles.fast_dds_variable(): str(config / 'fastdds_localhost.xml'),
        'CYCLONEDDS_URI': f'file://{config / "cyclonedds.xml"}'}


@pytest.fixture
def make_image(photograph):
    """Return a function that makes Images of the photograph, each with another stamp."""
    from edgenext_ros.ros.messages import image_message
    from sensor_msgs.msg import Image
    stamps = itertools.count(1)

    def make(source='bgr8', /, **changes):
        message = image_message(encode(photograph, source), Image().header)
        message.header.frame_id = 'front_camera'
        message.header.stamp.sec = next(stamps)
        for name, value in changes.items():
            setattr(message, name, value)
        return message

    return make


@pytest.fixture
def classifier(ros):
    """Return a function that starts a classifier: process, list of results, image publisher."""
    from edgenext_ros.ros.messages import Classification
    from helpers.ros_graph import RELIABLE
    from sensor_msgs.msg import CompressedImage, Image

    def start(qos=RELIABLE, **parameters):
        process = ros.start('node', **parameters)
        # A subscriber alone might be the node of an earlier test that has not quite ended.
        ros.wait(lambda: '[classifier]: model ' in process.output, what='the start')
        results = ros.collect(Classification, 'classification')
        kind = CompressedImage if parameters.get('input_type') == 'compressed' else Image
        return process, results, ros.publisher(kind, qos=qos)

    return start
