# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The subscription follows the type of the publishers, and survives a refusal."""

from types import SimpleNamespace

from edgenext_ros.ros import image_subscription
from edgenext_ros.ros.image_subscription import ImageSubscription
import pytest
from rclpy.impl.implementation_singleton import rclpy_implementation as _rclpy

RAW, COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'


class Site:
    """A node and a receiver; the middleware refuses the types in ``refused``."""

    def __init__(self, *types):
        self.types, self.published, self.refused = types, [], set()
        self.subscribed, self.log, self.changes = None, [], 0
        self.now, self.last_image, self.busy = 100.0, 0.0, 0.0
        self.subscription = ImageSubscription(
            self, self, types=types, on_change=self._on_change,
            last_image=lambda: self.last_image, busy=lambda: self.busy)

    def _on_change(self):
        self.changes += 1

    def update(self, seconds=0.0):
        self.now += seconds
        self.subscription.update(image_timeout=2.0)
        return self.subscribed

    # Of the receiver.
    def subscribe(self, kind, topic):
        name = f'sensor_msgs/msg/{kind.__name__}'
        if name in self.refused:
            raise _rclpy.RCLError('invalid allocator')
        self.subscribed = name

    def unsubscribe(self):
        self.subscribed = None

    # Of the node.
    def resolve_topic_name(self, name):
        return f'/{name}'

    def get_publishers_info_by_topic(self, topic):
        return [SimpleNamespace(topic_type=name) for name in self.published]

    def get_logger(self):
        return SimpleNamespace(info=self.log.append, warning=self.log.append)


@pytest.fixture
def site(monkeypatch):
    made = Site(RAW, COMPRESSED)
    monkeypatch.setattr(image_subscription, 'monotonic', lambda: made.now)
    return made


def test_subscription_waits_for_a_publisher_and_follows_its_type(site):
    assert site.update() is None and site.subscription.seconds == 0.0
    for published in (RAW, COMPRESSED, RAW):
        site.published = [published]
        assert site.update(5.0) == published
        site.now += 1.5
        assert site.subscription.seconds == 1.5
    assert site.changes == 3
    assert site.log == [f'/image is published as {RAW}',
                        f'/image is published as {COMPRESSED}, before as {RAW}',
                        f'/image is published as {RAW}, before as {COMPRESSED}']


def test_refused_type_is_tried_again_in_turn_with_the_others(site):
    site.published, site.refused = [RAW, COMPRESSED], {RAW, COMPRESSED}
    assert site.update() is site.update(0.5) is None
    assert [text.partition(' is possible yet')[0] for text in site.log] == [
        f'no subscription to /image as {RAW}', f'no subscription to /image as {COMPRESSED}']
    site.refused = {RAW}
    site.update(0.5)
    assert site.update(0.5) == COMPRESSED


def test_only_type_that_is_refused_raises():
    only = Site(RAW)
    only.refused = {RAW}
    with pytest.raises(_rclpy.RCLError):
        only.update()
    only.refused = set()
    assert only.update() == RAW


@pytest.mark.parametrize('age,busy,changes', [
    (2.5, 0.0, True), (1.5, 0.0, False), (30.0, 29.5, False), (30.0, 10.0, True)])
def test_another_type_is_tried_only_if_images_could_have_come(site, age, busy, changes):
    site.published = [RAW, COMPRESSED]
    assert site.update() == RAW
    site.now += age
    site.busy = busy
    assert (site.update() == COMPRESSED) == changes
