# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""demo.launch.py under launch_testing: results, latched labels, and a clean end."""

import time
import unittest

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
import launch_testing
from launch_testing.actions import ReadyToTest
from launch_testing.asserts import assertExitCodes
import rclpy
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header
from vision_msgs.msg import Classification, LabelInfo

FILE = get_package_share_directory('edgenext_ros') + '/launch/demo.launch.py'


def generate_test_description():
    """Start the demo in a namespace."""
    return LaunchDescription([
        IncludeLaunchDescription(PythonLaunchDescriptionSource(FILE),
                                 launch_arguments={'namespace': 'robot'}.items()),
        ReadyToTest()])


class WhileItRuns(unittest.TestCase):
    """Messages that a downstream node receives."""

    def setUp(self):
        rclpy.init()
        self.node = rclpy.create_node('listener', namespace='robot')
        self.addCleanup(rclpy.shutdown)
        self.addCleanup(self.node.destroy_node)

    def wait(self, condition):
        end = time.monotonic() + 30
        while not condition():
            self.assertLess(time.monotonic(), end, 'nothing came in 30 s')
            rclpy.spin_once(self.node, timeout_sec=0.1)

    def test_headers_equal_those_of_the_camera(self):
        results, playing = {}, set()
        self.node.create_subscription(
            Header, 'camera/playing',
            lambda m: playing.add((m.stamp.sec, m.stamp.nanosec)), 10)
        self.node.create_subscription(
            Classification, 'classification',
            lambda m: results.update({(m.header.stamp.sec, m.header.stamp.nanosec): m}), 10)
        self.wait(lambda: len(playing & set(results)) >= 10)
        for stamp in playing & set(results):
            self.assertEqual(results[stamp].header.frame_id, 'camera')
            self.assertEqual(len(results[stamp].results), 5)

    def test_late_subscriber_gets_the_labels(self):
        labels = []
        self.node.create_subscription(
            LabelInfo, 'classifier/label_info', labels.append,
            QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
        self.wait(lambda: labels)
        self.assertEqual(len(labels[0].class_map), 100)


@launch_testing.post_shutdown_test()
class AfterTheEnd(unittest.TestCase):
    """The state after launch has sent SIGINT."""

    def test_every_process_ends_with_0_and_without_a_traceback(self, proc_info, proc_output):
        assertExitCodes(proc_info)
        for name in proc_info.process_names():
            text = ''.join(line.text.decode() for line in proc_output[name])
            self.assertNotIn('Traceback', text)
