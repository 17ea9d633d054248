# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
A pytest plugin: fixtures of a ROS graph.

Each imports rclpy when it is used, since tests without ROS run where there is none.
"""

from contextlib import ExitStack
import gc
import itertools

from edgenext_ros.core.encode import encode
import pytest


@pytest.fixture
def ros(private_graph, tmp_path):
    """Make a ROS graph; whatever was started ends with the test."""
    from helpers.ros_graph import Ros
    with ExitStack() as stack:
        yield Ros(private_graph, tmp_path, stack)
    # A destroyed node is in a cycle, and in its domain's graph until that is collected; a hundred
    # tests later another test has this domain.
    gc.collect()


@pytest.fixture
def make_image(photograph):
    """Make Image messages of the photograph, each with a stamp of its own."""
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
    """Start a classifier with its results in a list: process, results, image publisher."""
    from edgenext_ros.ros.messages import Classification
    from helpers.ros_graph import RELIABLE
    from sensor_msgs.msg import CompressedImage, Image

    def start(qos=RELIABLE, **parameters):
        process = ros.start('node', **parameters)
        # Not only a subscriber: that might be the last test's node, which is not quite gone.
        ros.wait(lambda: '[classifier]: model ' in process.output, what='the start')
        results = ros.collect(Classification, 'classification')
        kind = CompressedImage if parameters.get('input_type') == 'compressed' else Image
        return process, results, ros.publisher(kind, qos=qos)

    return start
