# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Annotated pictures: slow or blocked subscribers do not delay results."""

from itertools import count
import json
from pathlib import Path
import signal
import sys
from threading import Event, Thread
from types import SimpleNamespace

from edgenext_ros.core.encode import encode
from edgenext_ros.ros import gil_free_publish, node as module
from edgenext_ros.ros.messages import Classification, image_message
from edgenext_ros.ros.picture_thread import PictureThread
from edgenext_ros.ros.serialised_images import write_image
from helpers.ros_graph import Process
import pytest
from rclpy.exceptions import InvalidHandle
from rclpy.lifecycle import LifecyclePublisher
from rclpy.parameter import Parameter
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

FAST = 1e6
"""A rate so high that the thread never pauses."""


class Blocking:
    """A ``publish`` that blocks until ``go`` is set."""

    def __init__(self):
        self.begun, self.go = Event(), Event()
        self.published = []

    def __call__(self, message):
        self.begun.set()
        assert self.go.wait(20)
        self.published.append(message)


class Published(list):
    """A ``publish`` that collects messages; ``ended`` is set with the last one."""

    def __init__(self):
        super().__init__()
        self.ended = Event()

    def __call__(self, message):
        self.append(message)
        if message == 'last':
            self.ended.set()


@pytest.fixture
def blocking():
    """Make a blocking ``publish``, released at the end of the test."""
    publish = Blocking()
    yield publish
    publish.go.set()


@pytest.fixture
def pictures():
    """Return a function that makes a picture thread without pauses, ended with the test."""
    made = []

    def make(publish, draw=str, on_error=lambda error: None, rate=FAST):
        made.append(PictureThread(draw, publish, on_error=on_error, rate=rate))
        return made[-1]

    yield make
    for thread in made:
        assert thread.close(20)


@pytest.fixture
def published():
    """Make a ``publish`` that collects messages."""
    return Published()


def test_newest_picture_replaces_the_one_that_waits(pictures, blocking):
    thread = pictures(blocking)
    thread.offer('first')
    assert blocking.begun.wait(20)
    for index in range(5):
        thread.offer(index)
    blocking.begun.clear()
    blocking.go.set()
    assert blocking.begun.wait(20)
    assert thread.clear(20)
    assert blocking.published == ['first', '4']


def test_close_while_publish_blocks_returns_after_its_timeout(pictures, blocking):
    thread = pictures(blocking)
    thread.offer('blocks')
    assert blocking.begun.wait(20)
    thread.offer('waits')
    assert not thread.clear(0.01)
    thread.offer('waits too')
    assert not thread.close(0.01)
    thread.offer('comes too late')
    blocking.go.set()
    assert thread.close(20)
    assert blocking.published == ['blocks']


def test_picture_that_is_being_drawn_is_not_published_after_clear(pictures, published):
    begun, go = Event(), Event()

    def draw(item):
        begun.set()
        assert go.wait(20)
        return item

    thread = pictures(published, draw)
    thread.offer('first')
    assert begun.wait(20)
    assert thread.clear(0), 'clear does not wait for drawing'
    go.set()
    thread.offer('last')
    assert published.ended.wait(20)
    assert published == ['last']


@pytest.mark.parametrize('fails', ['draw', 'publish'])
def test_failure_is_reported_and_the_next_picture_published(pictures, published, fails):
    def fail_once(item):
        if item == 'first':
            failed.append(item)
            raise ValueError(item)
        return item

    failed, reported = [], Event()
    draw, publish = (fail_once, published) if fails == 'draw' else (
        str, lambda message: published(fail_once(message)))
    thread = pictures(publish, draw, on_error=lambda error: reported.set())
    thread.offer('first')
    assert reported.wait(20)
    thread.offer('last')
    assert published.ended.wait(20)
    assert published == ['last'] and failed == ['first']


def test_close_does_not_wait_for_the_pause_between_pictures(pictures, published):
    thread = pictures(published, rate=1e-3)
    thread.offer('last')
    assert published.ended.wait(20)
    thread.offer('in 1000 s')
    assert thread.close(20)
    assert published == ['last']


@pytest.fixture
def node(ros, blocking, monkeypatch):
    """Make an active classifier in this process that blocks while it publishes a picture."""
    publish = LifecyclePublisher.publish
    monkeypatch.setattr(LifecyclePublisher, 'publish', lambda publisher, message: (
        blocking(message) if publisher.msg_type is Image else publish(publisher, message)))
    monkeypatch.setattr(gil_free_publish, 'publish', lambda publisher, data: blocking(data))
    node = module.ClassifierNode(
        context=ros.context, parameter_overrides=[Parameter('runtime', value='onnx')])
    node.trigger_configure()
    node.trigger_activate()
    yield node
    if node.state != 'finalized':
        node.trigger_shutdown()
    node.destroy_node()


@pytest.mark.parametrize('transitions', [
    ('deactivate',), ('deactivate', 'cleanup'), ('shutdown',)], ids=' '.join)
def test_results_and_transitions_do_not_wait_for_a_blocked_picture(
        ros, node, make_image, blocking, transitions):
    results = ros.collect(Classification, 'classification')
    ros.collect(Image, '/classifier/annotated_image')
    camera = ros.publisher()
    ros.repeat(camera, make_image(), blocking.begun.is_set)
    for _ in range(3):
        ros.ask(camera, make_image(), results)
    for name in transitions:
        transition = Thread(target=getattr(node, f'trigger_{name}'))
        transition.start()
        transition.join(20)
        assert not transition.is_alive(), f'{name} waits for the picture'
    blocking.go.set()
    assert node.session is None or node.session.pipeline.drain(20)
    assert len(blocking.published) <= 1


VIEWER = """
import rclpy
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node('viewer')
node.create_subscription(Image, '/classifier/annotated_image', lambda _: print('seen'), 10)
rclpy.spin(node)
"""


def test_stopped_viewer_costs_no_results(ros):
    """Count the results of large images at a camera's rate, with and without the viewer."""
    config = Path(__file__).parents[2] / 'config'
    for variable in ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'):
        ros.environment.setdefault(variable, str(config / 'fastdds_localhost.xml'))
    ros.environment.setdefault('CYCLONEDDS_URI', f'file://{config / "cyclonedds.xml"}')
    ros.start('node', runtime='onnx')
    results = ros.collect(Classification, 'classification')
    ros.wait(lambda: ros.node.count_publishers('classification'), what='the node')
    logs = count(1)

    def start(*arguments):
        process = Process([sys.executable, '-u', *arguments], ros.environment,
                          ros.folder / f'helper_{next(logs)}.log')
        processes.append(process)
        return process

    def play():
        """Return how many images have a result."""
        results.clear()
        camera = start('-m', 'edgenext_ros.bench.dds_roles', 'camera', json.dumps(
            {'width': 1920, 'height': 1080, 'step': 5760, 'encoding': 'bgr8', 'rate': 30,
             'frames': 75}))
        ros.wait(lambda: camera.process.poll() is not None, what='the end of the images')
        return len(results)

    processes = []
    try:
        alone = play()
        viewer = start('-c', VIEWER)
        ros.wait(lambda: ros.node.count_subscribers('/classifier/annotated_image'))
        play()
        assert 'seen' in viewer.output
        viewer.process.send_signal(signal.SIGSTOP)
        play()  # until the histories are full
        # A busy machine may lose images for other reasons, but not each time.
        assert any(play() > 0.85 * alone for _ in range(3))
    finally:
        for process in processes:
            process.kill()


@pytest.mark.parametrize('encoding', ['bgr8', 'mono8'])
@pytest.mark.parametrize('frame_id', ['', 'a', 'camera', 'größe'])
def test_written_image_is_readable_by_rclpy(encoding, frame_id, photograph):
    frame = encode(photograph[:6, :5], encoding)
    message = image_message(frame, Image().header)
    message.header.frame_id = frame_id
    message.header.stamp.sec, message.header.stamp.nanosec = -5, 4 * 10 ** 9
    ours = write_image(frame, sec=-5, nanosec=4 * 10 ** 9, frame_id=frame_id)
    assert deserialize_message(ours, Image) == message


@pytest.mark.parametrize('reachable', [True, False])
def test_serialised_image_is_published(ros, make_image, monkeypatch, reachable):
    if not reachable:
        monkeypatch.setattr(gil_free_publish, 'load_rcl', lambda: None)
    image = make_image()
    heard = ros.collect(Image, 'picture')
    publisher = ros.publisher(topic='picture')
    ros.repeat(SimpleNamespace(publish=lambda data: gil_free_publish.publish(publisher, data)),
               serialize_message(image), lambda: heard)
    assert heard[0] == image


def test_publishing_on_a_destroyed_publisher_raises(ros, make_image):
    publisher = ros.node.create_publisher(Image, 'picture', 1)
    ros.node.destroy_publisher(publisher)
    with pytest.raises(InvalidHandle):
        gil_free_publish.publish(publisher, serialize_message(make_image()))


def test_publishing_in_an_ended_context_raises(ros, make_image):
    publisher = ros.node.create_publisher(Image, 'picture', 1)
    ros.context.shutdown()
    # rclpy 9 destroys a publisher with its context.
    with pytest.raises(RuntimeError, match=r'_message returned|destruction was requested'):
        gil_free_publish.publish(publisher, serialize_message(make_image()))
