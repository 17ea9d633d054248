# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The publishers of a configured classifier."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from copy import copy
from functools import partial
from time import monotonic
from typing import Any

from edgenext_ros.ros import gil_free_publish, messages
from edgenext_ros.ros.annotate import AnnotatedPicture, wide_enough
from edgenext_ros.ros.loaded_model import LoadedModel
from edgenext_ros.ros.log_limits import replace_invalid_utf8
from edgenext_ros.ros.outcome import Outcome
from edgenext_ros.ros.picture_thread import PictureThread
from edgenext_ros.ros.qos import OVERRIDES
from edgenext_ros.ros.safe_callbacks import stamp_now
from edgenext_ros.ros.settings import ParameterError
from edgenext_ros.ros.targets import find_target_types, TargetsMessage, TargetTypes
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
_TARGETS = '~/targets'


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

    Results and pictures are published only while the node is active. Targets are results in the
    message of TROS' web page, published only where ai_msgs is installed.

    :param node: the lifecycle node that publishes.
    :param fps: returns the rate of the results for the targets.
    :raises ParameterError: two topics are remapped to the same name.
    """

    def __init__(self, node: LifecycleNode, *, fps: Callable[[], float]) -> None:
        self._node, self._fps = node, fps
        types = self._target_types()
        check_topics(node, _TOPICS if types is None else (*_TOPICS, _TARGETS))
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
            self._targets, self._target_message = None, None
            if types is not None:
                self._target_message = TargetsMessage(types)
                self._targets = active(types.message, _TARGETS)
            # Each listener of these needs images; the latched topics do not.
            self._results = tuple(publisher for publisher in (
                self.classification, self._annotated, self._targets) if publisher is not None)
            self._vision_info = latched(VisionInfo, '~/vision_info')
            self._label_info = latched(LabelInfo, '~/label_info')
            self.pictures: PictureThread[AnnotatedPicture] = PictureThread(
                AnnotatedPicture.message, self._publish_picture,
                on_error=partial(self._log_error, 'an annotated picture was'))
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
        if self._targets is not None and self._targets.get_subscription_count():
            self._publish_targets(outcome, header)
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
        targets = '' if self._targets is None else f', targets on {self._targets.topic_name}'
        node.get_logger().info(
            f'{what} {topic} ({kinds}){pause}, classifications on '
            f'{self.classification.topic_name} ({_TYPE}), pictures with them on '
            f'{self._annotated.topic_name}{targets}')

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

    def _target_types(self) -> TargetTypes | None:
        try:
            return find_target_types()
        except Exception as error:  # built for another release of ROS or of Python
            self._node.get_logger().warning(replace_invalid_utf8(
                f'~/targets is not published, because ai_msgs cannot be loaded '
                f'({type(error).__name__}: {" ".join(str(error).split())}): source the TROS of '
                f'this ROS release'))
            return None

    def _publish_targets(self, outcome: Outcome, header: Header) -> None:
        """Publish a result as PerceptionTargets; an error is logged, the result is published."""
        assert self._targets is not None and self._target_message is not None
        try:
            self._targets.publish(self._target_message.fill(
                outcome, header, fps=self._fps(), now_ns=self._node.get_clock().now().nanoseconds,
                since_s=max(0.0, monotonic() - outcome.ready)))
        except Exception as error:
            self._log_error('targets were', error)

    def _publish_picture(self, data: bytes) -> None:
        gil_free_publish.publish(self._annotated, data)

    def _log_error(self, what: str, error: Exception) -> None:
        """Log an error, unless the publisher was destroyed or the ROS context has ended."""
        if self._node.context.ok() and not isinstance(error, InvalidHandle):
            self._node.get_logger().error(
                f'{what} not published: {type(error).__name__}: {error}',
                throttle_duration_sec=5.0)

    def destroy(self) -> None:
        """End the pictures' thread, and destroy the publishers."""
        self._made.close()
