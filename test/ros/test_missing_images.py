# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Reasons why no image arrives."""

from dataclasses import replace
import subprocess
import sys

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.ros import missing_images
from edgenext_ros.ros.missing_images import why_no_image
from edgenext_ros.ros.settings import ClassifierSettings
from edgenext_ros.ros.snapshot import Snapshot
from helpers.diagnosed import status
import pytest
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import String

RAW, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'


class Publisher:
    """The ROS graph's information about a publisher."""

    qos_profile = QoSProfile(depth=1)

    def __init__(self, node_name='driver', topic_type=RAW, reliability='RELIABLE'):
        self.node_name, self.topic_type = node_name, topic_type
        self.qos_profile = QoSProfile(depth=1, reliability=ReliabilityPolicy[reliability])


LISTENING = Snapshot(state='active', enabled=True, failure='', settings=ClassifierSettings(),
                     subscription=Publisher())


class Graph:
    """A node that sees another node, these publishers on its topic, and other topics."""

    executor = None
    nodes = ('driver',)

    def __init__(self, *publishers, **others):
        self.get_publishers_info_by_topic = lambda topic: publishers
        self.get_topic_names_and_types = lambda: [
            (f'/{name}', [kind] if isinstance(kind, str) else kind)
            for name, kind in others.items()]

    def resolve_topic_name(self, name):
        return name.replace('~', '/classifier') if name[0] == '~' else f'/{name}'

    def get_name(self):
        return 'classifier'

    def get_namespace(self):
        return '/'

    def get_node_names_and_namespaces(self):
        return [(name, '/') for name in ('classifier', *self.nodes)]

    def count_publishers(self, topic):
        return int(topic != '/heard_only')


@pytest.mark.parametrize('graph,says', [
    (Graph(), 'nobody publishes /image'),
    (Graph(my_camera=RAW), f'nobody publishes /image; images are on /my_camera ({RAW})'),
    (Graph(a=COMPRESSED, b=RAW),
     f'nobody publishes /image; images are on /b ({RAW}), /a ({COMPRESSED})'),
    (Graph(a=RAW, b=RAW, c=RAW, d=RAW, e=RAW),
     f'nobody publishes /image; images are on /a ({RAW}), /b ({RAW}), /c ({RAW}) and 2 more'),
    (Graph(a='std_msgs/msg/String', heard_only=RAW, **{
        'classifier/annotated_image': RAW, 'rear/classifier/annotated_image': RAW}),
     'nobody publishes /image'),
    (Graph(Publisher()),
     '/image is published but brings none: its camera sends nothing, or DDS loses its frames; '
     'large ones need a profile, see "Large frames" in docs/robot.md; after a crash of any node '
     'that listens to it, restart the camera'),
    (Graph(Publisher(topic_type=COMPRESSED)),
     f"driver publishes {COMPRESSED} on /image, expected {RAW}; see parameter 'input_type'"),
    (Graph(Publisher('_NODE_NAME_UNKNOWN_', COMPRESSED)),
     f"a node publishes {COMPRESSED} on /image, expected {RAW}; see parameter 'input_type'"),
], ids=lambda value: value if isinstance(value, str) else '')
def test_why_no_image_names_the_reason(graph, says):
    assert why_no_image(graph, LISTENING) == says


def test_silent_camera_in_shared_memory_names_its_profile(monkeypatch):
    monkeypatch.setitem(missing_images.INPUT_TYPES, 'hbmem', missing_images.INPUT_TYPES['raw'])
    monkeypatch.setattr(missing_images, 'shared_memory_remedy', lambda: 'start it with THAT=it')
    listening = replace(LISTENING, settings=ClassifierSettings(input_type='hbmem'))
    assert 'or DDS loses its frames; start it with THAT=it, see "Large frames" in ' in \
        why_no_image(Graph(Publisher()), listening)


@pytest.mark.parametrize('distro,variable', [
    ('humble', 'ROS_LOCALHOST_ONLY'), ('jazzy', 'ROS_AUTOMATIC_DISCOVERY_RANGE')])
@pytest.mark.parametrize('nodes,topics,alone', [
    ((), {}, True), (('_ros2cli_12',), {}, True), (('driver',), {}, False),
    ((), {'my_camera': RAW}, False)], ids=str)
def test_node_alone_in_its_graph_names_the_domain(monkeypatch, nodes, topics, alone, distro,
                                                  variable):
    monkeypatch.setenv('ROS_DISTRO', distro)
    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    monkeypatch.delenv(variable, raising=False)
    graph = Graph(**topics)
    graph.nodes = nodes
    hint = (f'nobody publishes /image; no other node is visible: the camera needs the same '
            f'ROS_DOMAIN_ID (here 7) and {variable} (here not set)')
    assert (why_no_image(graph, LISTENING) == hint) == alone
    assert ('ROS_DOMAIN_ID' in why_no_image(graph, LISTENING)) == alone


@pytest.mark.parametrize('distro,limits', [
    ('humble', ' and ROS_LOCALHOST_ONLY (here 1)'),
    ('jazzy', ', ROS_LOCALHOST_ONLY (here 1) and ROS_AUTOMATIC_DISCOVERY_RANGE (here SUBNET)')])
def test_node_alone_names_every_variable_that_limits_it(monkeypatch, distro, limits):
    for name, value in (('ROS_DISTRO', distro), ('ROS_DOMAIN_ID', '7'),
                        ('ROS_LOCALHOST_ONLY', '1'),
                        ('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET')):
        monkeypatch.setenv(name, value)
    graph = Graph()
    graph.nodes = ()
    assert why_no_image(graph, LISTENING).endswith(f' the same ROS_DOMAIN_ID (here 7){limits}')


@pytest.mark.parametrize('words', [['node'], ['multi_node', 'front', 'rear']], ids=' '.join)
def test_nodes_of_one_process_are_alone(private_graph, words):
    module, *cameras = words
    command = [sys.executable, '-u', '-m', f'edgenext_ros.ros.{module}', *cameras, '--ros-args',
               '-p', 'image_timeout:=0.3']
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as process:
        says = f'no other node is visible: the camera needs the same ROS_DOMAIN_ID (here ' \
            f'{private_graph})'
        assert any(says in line for line in process.stdout)
        process.kill()


@pytest.mark.parametrize('name,shown', [
    ('driver', 'driver'), ('_NODE_NAME_UNKNOWN_', 'a node')])
def test_publisher_with_incompatible_qos_is_named(name, shown):
    graph = Graph(Publisher(name, reliability='BEST_EFFORT'))
    assert why_no_image(graph, LISTENING).startswith(
        f'the quality of service of {shown} does not fit on /image (')


def test_diagnostics_name_topics_with_images(ros):
    publishers = [ros.node.create_publisher(kind, topic, 1) for kind, topic in (
        (Image, '/my_camera/image_raw'), (CompressedImage, '/jpeg'), (String, '/text'))]
    says = f'nobody publishes /image; images are on /my_camera/image_raw ({RAW}), /jpeg ' \
        f'({COMPRESSED})'
    process = ros.start('node', image_timeout=0.3)
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    ros.wait(lambda: (status(diagnostics) or (0, ''))[1].endswith(says), what=says)
    ros.wait(lambda: says in process.output, what='the warning')
    assert len(publishers) == 3
