# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The profiles of Fast DDS under RMW_FASTRTPS_USE_QOS_FROM_XML=1, TROS' zero copy."""

import os
from pathlib import Path
import subprocess
import sys

from edgenext_ros.ros.dds_profiles import fast_dds_variable, ZERO_COPY_VARIABLE
import pytest
from rclpy.utilities import get_rmw_implementation_identifier

CONFIG = Path(__file__).parents[2] / 'config'
pytestmark = pytest.mark.skipif(
    'fastrtps' not in get_rmw_implementation_identifier(), reason='profiles of Fast DDS')

CAMERA = """
import time
from array import array
from builtin_interfaces.msg import Time
import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node('camera')
qos = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
images = node.create_publisher(Image, 'image', qos)
times = node.create_publisher(Time, 'time', qos)
image = Image(encoding='bgr8', width=1920, height=1080, step=5760, data=array('B', bytes(6220800)))
while True:
    image.header.stamp.sec += 1
    images.publish(image)
    times.publish(image.header.stamp)
    time.sleep(0.1)
"""

LISTENER = r"""
import re
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from vision_msgs.msg import Classification
rclpy.init()
node = rclpy.create_node('listener')
results, times, states = [], [], []
qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
node.create_subscription(Classification, 'classification', results.append, 10)
node.create_subscription(Time, 'time', times.append, qos)
node.create_subscription(DiagnosticArray, '/diagnostics', states.append, 1)
while min(len(results), len(times), 5 * len(states)) < 5:
    rclpy.spin_once(node)
assert all(len(result.results) == 5 for result in results)
print({pair.key: pair.value for pair in states[0].status[0].values}['dds profile'])
maps = open('/proc/self/maps').read()
print('mapped', len(set(re.findall(r'/dev/shm/\S*datasharing\S*', maps))))
"""

NODE = "import rclpy; rclpy.init(); rclpy.create_node('lonely'); print('started')"


def zero_copy(environment, profile, *, localhost):
    """Return an environment with a profile and TROS' variable."""
    environment = {**environment, ZERO_COPY_VARIABLE: '1', fast_dds_variable(): str(profile)}
    if not localhost:
        for name in ('ROS_LOCALHOST_ONLY', 'ROS_AUTOMATIC_DISCOVERY_RANGE'):
            environment.pop(name, None)
        environment['FASTDDS_BUILTIN_TRANSPORTS'] = 'SHM'  # nothing leaves this machine
    return environment


@pytest.mark.parametrize('profile', ['fastdds.xml', 'fastdds_localhost.xml'])
def test_images_results_and_messages_of_fixed_size_flow(ros, profile):
    environment = zero_copy(
        ros.environment, CONFIG / profile, localhost='localhost' in profile)
    node, camera, listener = [
        ros.run([sys.executable, *words], environment=environment)
        for words in (['-m', 'edgenext_ros.ros.node'], ['-c', CAMERA], ['-c', LISTENER])]
    ros.wait(lambda: listener.process.poll() is not None, 40, 'what the listener waits for')
    assert listener.output.splitlines() == [
        f'{fast_dds_variable()}={CONFIG / profile}, {ZERO_COPY_VARIABLE}=1', 'mapped 2']
    assert 'lost' not in node.output
    for process in (node, camera, listener):
        assert 'XMLPARSER' not in process.output and 'Error' not in process.output


def test_fast_dds_reports_a_wrong_element(private_graph, tmp_path):
    """The test above would not see a wrong element if Fast DDS did not log it."""
    path = tmp_path / 'wrong.xml'
    path.write_text((CONFIG / 'fastdds.xml').read_text().replace(
        'data_sharing', 'data_shared'))
    done = subprocess.run(
        [sys.executable, '-c', NODE], capture_output=True, text=True, timeout=60,
        env={**os.environ, fast_dds_variable(): str(path), ZERO_COPY_VARIABLE: '0'})
    assert 'started' in done.stdout
    assert 'XMLPARSER' in done.stdout + done.stderr


@pytest.mark.skipif(os.environ.get('ROS_DISTRO') != 'humble', reason='others need no profile')
def test_humble_needs_a_profile_and_the_node_says_so(ros):
    environment = {**ros.environment, ZERO_COPY_VARIABLE: '1'}
    environment.pop(fast_dds_variable(), None)
    process = ros.run([sys.executable, '-m', 'edgenext_ros.ros.node'], environment=environment)
    assert process.process.wait(30) == 1
    last = process.output.splitlines()[-1]
    assert '[FATAL]' in last and 'Not enough memory in the buffer stream; if RMW_FASTRTPS' in last
    assert last.endswith('such as config/fastdds.xml of this package')
    assert 'Traceback' not in process.output
