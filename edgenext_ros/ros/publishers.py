# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The publishers of a configured classifier."""

from __future__ import annotations

from contextlib import ExitStack
from copy import copy
from functools import partial
from typing import Any

from edgenext_ros.ros import gil_free_publish, messages
from edgenext_ros.ros.annotate import AnnotatedPicture, wide_enough
from edgenext_ros.ros.loaded_model import LoadedModel
from edgenext_ros.ros.outcome import Outcome
from edgenext_ros.ros.picture_thread import PictureThread
from edgenext_ros.ros.qos import OVERRIDES
from edgenext_ros.ros.safe_callbacks import stamp_now
from edgenext_ros.ros.settings import ParameterError
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.exceptions import InvalidHandle
from rclpy.lifecycle import LifecycleNode
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from vision_msgs.msg import Classification, LabelInfo, VisionInfo

# These are copied for each use, because rclpy writes QoS overrides into a given profile.
_RELIABLE = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE)
_LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                      durability=DurabilityPolicy.TRANSIENT_LOCAL)


PICTURE_SECONDS = 0.25
"""
Maximum time that a pause waits for a picture that is being published. If a reliable reader has
stopped, Fast DDS blocks for 0.1 s, and Cyclone DDS blocks until the reader disappears.
"""
_TYPE = f'vision_msgs/msg/{Classification.__name__}'
_TOPICS = ('image', 'classification', '~/annotated_image', '~/vision_info', '~/label_info',
           '/diagnostics')


def check_topics(node: Node, names: tuple[str, ...]) -> None:
    """
    Check that no two topics of a node are remapped to the same name.

    :param node: resolves the names.
    :param names: the node's topics; /rosout and /parameter_events are checked too.
    :raises ParameterError: two topics have one name, such as the images and the node's results.
    """
    before: dict[str, str] = {}
    for name in (*names, '/rosout', '/parameter_events'):
        topic = node.resolve_topic_name(name)
        if topic in before:
            raise ParameterError(f'the topics {before[topic]!r} and {name!r} are both remapped '
                                 f'to {topic}; expected a topic of its own for each')
        before[topic] = name


class Publishers:
    """
    The publishers of results and annotated pictures, and the latched ones of the labels.

    Results and pictures are published only while the node is active.

    :param node: the lifecycle node that publishes.
    :raises ParameterError: two topics are remapped to the same name.
    """

    def __init__(self, node: LifecycleNode) -> None:
        self._node = node
        check_topics(node, _TOPICS)
        # The session has its own group, because a group keeps its entities forever.
        group = MutuallyExclusiveCallbackGroup()
        self._result = messages.ClassificationMessage()
        with ExitStack() as made:  # destroyed if a later step raises
            def active(kind: type, topic: str) -> Any:
                publisher = node.create_lifecycle_publisher(
                    kind, topic, copy(_RELIABLE), callback_group=group,
                    qos_overriding_options=OVERRIDES)
                made.callback(node.destroy_lifecycle_publisher, publisher)
                return publisher

            def latched(kind: type, topic: str) -> Any:
                publisher = node.create_publisher(
                    kind, topic, copy(_LATCHED), callback_group=group)
                made.callback(node.destroy_publisher, publisher)
                return publisher

            self.classification = active(Classification, 'classification')
            self._annotated = active(Image, '~/annotated_image')
            # Each listener of these needs images; the latched topics do not.
            self._results = (self.classification, self._annotated)
            self._vision_info = latched(VisionInfo, '~/vision_info')
            self._label_info = latched(LabelInfo, '~/label_info')
            self.pictures: PictureThread[AnnotatedPicture] = PictureThread(
                AnnotatedPicture.message, self._publish_picture,
                on_error=self._log_picture_error)
            made.callback(self.pictures.close, PICTURE_SECONDS)
            self._made = made.pop_all()

    @property
    def results(self) -> tuple[str, ...]:
        """Full names of the topics that need images."""
        return tuple(publisher.topic_name for publisher in self._results)

    def listened(self) -> tuple[str, ...]:
        """Return those of ``results`` that have a subscriber."""
        return tuple(publisher.topic_name for publisher in self._results
                     if publisher.get_subscription_count())

    def publish(self, outcome: Outcome) -> None:
        """Publish the result of an image, and its annotated picture if there is a subscriber."""
        result, picture, model = outcome.result, outcome.picture, outcome.model
        assert result is not None and picture is not None
        header = messages.header_message(picture)
        self.classification.publish(self._result.fill(
            result.prediction, header,
            labels=model.labels if model.settings.class_id == 'name' else None))
        if self._annotated.get_subscription_count():
            # The frame may be a reduced JPEG, so the pictures' thread decodes the message again.
            source = messages.INPUT_TYPES[model.settings.input_type]
            read = partial(source.frame, picture, enough=wide_enough)
            self.pictures.offer(AnnotatedPicture(
                read, result.prediction, model.labels, header, model.settings.yuv_range))

    def log_topics(self, input_type: str, *, pause: str, waits: bool) -> None:
        """
        Log the remapped topics of images and results.

        :param input_type: the parameter of this name.
        :param pause: what the subscription waits for, such as `` once ...``; empty for nothing.
        :param waits: whether there is no subscription yet, for lack of a publisher.
        """
        node = self._node
        topic = node.resolve_topic_name('image')
        kinds = ' or '.join(messages.INPUT_TYPES[input_type].types)
        what = 'waiting for a publisher of' if waits else 'listening on'
        node.get_logger().info(
            f'{what} {topic} ({kinds}){pause}, classifications on '
            f'{self.classification.topic_name} ({_TYPE}), pictures with them on '
            f'{self._annotated.topic_name}')

    def publish_labels(self, model: LoadedModel, *, version: int) -> None:
        """
        Publish the names of the classes, latched for subscribers that come later.

        :param model: the model with its labels.
        :param version: number of this list of labels.
        """
        header = Header(stamp=stamp_now(self._node.get_clock()))
        self._label_info.publish(messages.label_info_message(
            model.labels, header, threshold=model.settings.score_threshold))
        self._vision_info.publish(messages.vision_info_message(
            header, method=f'{model.info.name} on {model.info.engine}',
            labels=model.labels_source, version=version))

    def _publish_picture(self, data: bytes) -> None:
        gil_free_publish.publish(self._annotated, data)

    def _log_picture_error(self, error: Exception) -> None:
        """Log an error, unless the publisher was destroyed or the ROS context has ended."""
        if self._node.context.ok() and not isinstance(error, InvalidHandle):
            self._node.get_logger().error(
                f'an annotated picture was not published: {type(error).__name__}: {error}',
                throttle_duration_sec=5.0)

    def destroy(self) -> None:
        """End the pictures' thread, and destroy the publishers."""
        self._made.close()
