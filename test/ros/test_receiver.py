# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The receiver takes images in its own thread, without the executor."""

from threading import Event, Thread

from edgenext_ros.ros.receiver import Receiver
import pytest
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.serialization import deserialize_message
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

RCLError = rclpy_implementation.RCLError


class Taker:
    """Runs a receiver in a thread, and collects messages and the end."""

    def __init__(self, node):
        self.messages, self.waits, self.ended = [], 0, Event()
        self.receiver = Receiver(node, self.note)
        self.thread = Thread(target=self.run, daemon=True)
        self.thread.start()

    def note(self, message, subscription):
        assert subscription is self.receiver.subscription
        self.messages.append(message)

    def run(self):
        while self.receiver.wait():
            self.waits += 1
            self.receiver.take()
        self.ended.set()


@pytest.fixture
def taker(ros):
    """Run a receiver on the test's node until the end of the test."""
    taker = Taker(ros.node)
    yield taker
    taker.receiver.close()
    taker.thread.join(10)
    assert not taker.thread.is_alive()


def test_receiver_delivers_serialised_messages_without_the_executor(ros, taker, make_image):
    taker.receiver.subscribe(Image, 'image')
    camera, image = ros.publisher(), make_image()
    assert ros.repeat(camera, image, lambda: taker.messages)
    assert deserialize_message(bytes(taker.messages[0]), Image) == image
    group = taker.receiver.subscription.callback_group
    assert not group.can_execute(taker.receiver.subscription)
    assert not taker.receiver.subscription.event_handlers


def test_receiver_takes_images_only_while_subscribed(ros, taker, make_image):
    camera = ros.node.create_publisher(Image, 'image', 1)
    for _ in range(3):
        taker.receiver.subscribe(Image, 'image')
        ros.wait(camera.get_subscription_count)
        assert ros.repeat(camera, make_image(), lambda: taker.messages)
        taker.receiver.unsubscribe()
        assert taker.receiver.subscription is None
        ros.wait(lambda: not camera.get_subscription_count())
        taker.messages.clear()
        camera.publish(make_image())
    assert not taker.messages


def test_topic_may_change_its_type(ros, taker):
    """Fast DDS refuses a second type for a topic until the former subscription is destroyed."""
    for _ in range(10):
        for kind in (Image, CompressedImage):
            taker.receiver.subscribe(kind, 'image')
            before = taker.waits
            taker.receiver.wake()  # until then the thread may not use the subscription
            ros.wait(lambda before=before: taker.waits > before)
            taker.receiver.unsubscribe()


@pytest.mark.parametrize('subscribed', [True, False])
def test_receiver_wait_blocks_until_woken(ros, taker, subscribed):
    if subscribed:
        taker.receiver.subscribe(Image, 'image')
    for _ in range(5):
        before = taker.waits
        taker.receiver.wake()
        ros.wait(lambda before=before: taker.waits > before)
    for _ in range(10):
        ros.executor.spin_once(timeout_sec=0.02)
    assert taker.waits <= 7


@pytest.mark.parametrize('subscribed', [True, False])
@pytest.mark.parametrize('end', ['close', 'context', 'node'])
def test_receiver_wait_ends_with_receiver_context_or_node(ros, taker, subscribed, end):
    if subscribed:
        taker.receiver.subscribe(Image, 'image')
    if end == 'context':
        ros.context.shutdown()
    elif end == 'node':
        ros.node.destroy_node()
        taker.receiver.wake()  # destroying a node wakes no receiver
        if not subscribed:
            taker.receiver.close()
    else:
        taker.receiver.close()
    assert taker.ended.wait(10)


class BrokenHandle:
    """A subscription's handle that raises when a message is taken."""

    def __init__(self, error):
        self.error = error

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return None

    def take_message(self, *arguments):
        raise self.error


@pytest.mark.parametrize('error', [MemoryError('6 MB'), RCLError('busy')], ids=repr)
def test_failed_take_is_logged(ros, make_image, monkeypatch, capfd, error):
    receiver = Receiver(ros.node, lambda *_: pytest.fail('a message was delivered'))
    receiver.subscribe(Image, 'image')
    ros.publisher().publish(make_image())

    def take():
        receiver.wait()
        with monkeypatch.context() as patch:
            patch.setattr(Subscription, 'handle', BrokenHandle(error))
            receiver.take()
        return f'an image was not received: {type(error).__name__}: {error}' in \
            capfd.readouterr().err

    ros.wait(take, what='the line')


class BrokenWaitSet:
    """A wait set that raises."""

    def __init__(self, *sizes):
        pass

    def clear_entities(self):
        raise RCLError('busy')


def test_failed_wait_is_repeated_while_context_is_valid(ros, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(rclpy_implementation, 'WaitSet', BrokenWaitSet)
        receiver = Receiver(ros.node, lambda *_: None)
    assert receiver.wait()
    ros.context.shutdown()
    assert not receiver.wait()


def test_receiver_stops_waiting_once_executor_takes_images(ros, taker, make_image):
    taker.receiver.subscribe(Image, 'image')
    before = taker.waits
    taker.receiver.subscription.callback(b'taken elsewhere')
    assert taker.messages == [b'taken elsewhere']
    ros.wait(lambda: taker.waits > before, what='the end of the wait for images')
    camera, image = ros.publisher(), make_image()
    camera.publish(image)
    for _ in range(10):
        ros.executor.spin_once(timeout_sec=0.05)
    assert len(taker.messages) == 1, 'both threads took the image'
    taker.receiver.unsubscribe()
    taker.receiver.subscribe(Image, 'image')
    assert ros.repeat(camera, image, lambda: len(taker.messages) > 1)


def test_message_of_former_subscription_is_dropped(ros, taker):
    taker.receiver.subscribe(Image, 'image')
    subscription = taker.receiver.subscription
    taker.receiver.unsubscribe()
    subscription.callback(b'late')
    assert not taker.messages
