# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The session of a classifier, from configure to cleanup, which processes the images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, ExitStack
from dataclasses import replace
from threading import Lock
from time import monotonic
from typing import Any

from edgenext_ros.core.newest_frame import Pipeline, RateLimiter
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.core.smoothing import ProbabilityMean
from edgenext_ros.engines.base import InferenceError
from edgenext_ros.ros.errors import describe_error
from edgenext_ros.ros.image_subscription import ImageSubscription
from edgenext_ros.ros.loaded_model import LoadedModel
from edgenext_ros.ros.messages import INPUT_TYPES
from edgenext_ros.ros.outcome import Observer, Outcome, ReceivedImage
from edgenext_ros.ros.publishers import PICTURE_SECONDS, Publishers
from edgenext_ros.ros.receiver import Receiver
from edgenext_ros.ros.serialised_images import StampedData
from edgenext_ros.ros.settings import ClassifierSettings
from edgenext_ros.ros.statistics import Statistics
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.lifecycle import LifecycleNode
from rclpy.subscription import Subscription
from rclpy.timer import Timer

STOP_SECONDS = 1.5
"""Maximum wait in seconds for the end of the session's threads."""
_FOLLOW_SECONDS = 0.5
"""Time between two looks at the types of the publishers, if ``input_type`` has several."""


class Session:
    """
    Model, threads, subscription and publishers, which have one common lifetime.

    The pipeline's threads pass images to ``work`` as serialised bytes, without the executor. Only
    the stamp and ``frame_id`` of an image are read before ``work``.

    :param node: the node of the topics.
    :param model: an open model; the session closes it.
    :param versions: yields a number for each label list, ascending across sessions.
    :param statistics: counts received and skipped images.
    :param observers: called with each outcome, in this order.
    :param is_asked_for: returns whether the next image is requested; then neither ``max_rate`` nor
        ``skip_repeated`` leaves it out.
    :param changing: the node's lock of transitions and parameter changes.
    :raises ParameterError: two topics are remapped to the same name.
    """

    def __init__(self, node: LifecycleNode, model: LoadedModel, *, versions: Iterator[int],
                 statistics: Statistics, observers: Iterable[Observer],
                 is_asked_for: Callable[[], bool],
                 changing: AbstractContextManager[Any]) -> None:
        self.model = model
        self.listens = False
        """Images are wanted; the subscription may still wait for a publisher with its type."""
        self.wanted_at = 0.0
        """Time since which images are wanted, in monotonic seconds."""
        self._node, self._versions = node, versions
        self._version = next(versions)
        self._statistics, self._observers = statistics, tuple(observers)
        self._is_asked_for, self._changing = is_asked_for, changing
        self._source = INPUT_TYPES[model.settings.input_type]
        self._limiter = RateLimiter(model.settings.max_rate)
        self._stamp, self._stamping = (0, 0), Lock()
        self._mean = ProbabilityMean()
        # Held while a result is published, and while the session subscribes or unsubscribes.
        self._publishing = Lock()
        self._timer: Timer | None = None
        self.publishers = Publishers(node, fps=lambda: statistics.fps)
        try:
            self.publishers.publish_labels(model, version=self._version)
            self.receiver = Receiver(node, self.receive, read_stamp=self._source.read_stamp)
            if len(self._source.types) > 1:
                # The session has its own group, because a group keeps its entities forever.
                self._timer = node.create_timer(
                    _FOLLOW_SECONDS, self._follow, clock=Clock(clock_type=ClockType.STEADY_TIME),
                    callback_group=MutuallyExclusiveCallbackGroup())
            self.pipeline = Pipeline(self.work, self.finish, source=self.receiver,
                                     name='classify', at_once=model.info.slots, clock=monotonic)
            self._subscription = ImageSubscription(
                node, self.receiver, types=self._source.types, on_change=self._forget,
                last_image=lambda: statistics.last_image,
                busy=lambda: self.pipeline.busy_seconds)
        except BaseException:  # no memory or thread: free the topics for the next attempt
            self._destroy()
            raise

    @property
    def subscription(self) -> Subscription | None:
        """The image subscription; None while the session is not subscribed."""
        return self.receiver.subscription

    @property
    def subscribed_seconds(self) -> float:
        """Seconds since the subscription was made; 0 without one."""
        return self._subscription.seconds

    # Images --------------------------------------------------------------------------------------

    def receive(self, message: bytes, subscription: Subscription) -> None:
        """
        Submit a serialised image to the pipeline, unless ``max_rate`` skips it.

        :param message: serialised message of the type that ``input_type`` names.
        :param subscription: the subscription that received it.
        """
        now = monotonic()
        self._statistics.count_received()
        if not self._limiter.allows(now) and not self._is_asked_for():
            self._statistics.count_skipped()
            return
        self.pipeline.submit(ReceivedImage(message, subscription, now))

    def work(self, image: ReceivedImage) -> Outcome:
        """Classify one image and return the outcome; called by several threads."""
        model = self.model  # one model and one set of parameters for the whole image
        settings = model.settings
        try:
            picture = self._source.read(image.message)
            if not self._source.has_frame_id:
                picture = replace(picture, frame_id=settings.frame_id)
            if self._is_repeated(picture) and settings.skip_repeated \
                    and not self._is_asked_for():
                return Outcome(image, model, monotonic())
            frame = self._source.frame(picture, enough=model.classifier.converter.covers)
            result = model.classifier.classify(
                frame, top_k=settings.top_k, threshold=settings.score_threshold,
                converted=self.pipeline.handover, all_classes=settings.smoothing > 0)
        except BaseException as error:  # vendor code may even raise SystemExit
            self._forget_stamp()  # a repeated image may give the result that this one did not
            return Outcome(image, model, monotonic(), error=error)
        return Outcome(image, model, monotonic(), picture, frame, result)

    def finish(self, outcome: Outcome) -> None:
        """Publish an outcome and pass it to the observers; called in the order of the images."""
        with self._publishing:
            # Paused after the image was received, and possibly subscribed again.
            if outcome.image.subscription is not self.receiver.subscription:
                outcome = outcome._replace(result=None, error=None)
            elif outcome.result is not None:
                outcome = self._published(outcome)
        timeout = outcome.model.info.hang_timeout_s
        if outcome.error is not None and self.pipeline.busy_seconds > timeout:
            self.pipeline.clear()  # the waiting image is as old as the hang
        for observer in self._observers:
            observer.on_outcome(outcome)

    def _smoothed(self, outcome: Outcome) -> Outcome:
        """Average a result with the ones before it, which is done in the order of the images."""
        result, picture, frame = outcome.result, outcome.picture, outcome.frame
        assert result is not None and picture is not None and frame is not None
        if result.probabilities is None:  # ``smoothing`` was 0
            self._mean.reset()
            return outcome
        settings = outcome.model.settings
        mean = self._mean.update(
            result.probabilities, stamp_ns=picture.sec * 10 ** 9 + picture.nanosec,
            source=(frame.width, frame.height, picture.frame_id), seconds=settings.smoothing)
        return outcome._replace(result=replace(result, prediction=Prediction.from_output(
            mean, top_k=settings.top_k, threshold=settings.score_threshold, probabilities=True)))

    def _published(self, outcome: Outcome) -> Outcome:
        try:
            if monotonic() - outcome.ready > outcome.model.info.hang_timeout_s:
                raise InferenceError('it waited for an earlier image, which hung')
            outcome = self._smoothed(outcome)
            self.publishers.publish(outcome)
        except Exception as error:
            # A failure of the publishers is not an error once the ROS context has ended.
            return outcome._replace(result=None, error=error if self._node.context.ok() else None)
        return outcome

    def _is_repeated(self, picture: StampedData) -> bool:
        """Return whether a picture has the stamp of the previous one; zero stamps never repeat."""
        with self._stamping:
            before, self._stamp = self._stamp, (picture.sec, picture.nanosec)
        return before == self._stamp != (0, 0)

    def _forget_stamp(self) -> None:
        with self._stamping:
            self._stamp = (0, 0)

    # Changes --------------------------------------------------------------------------------

    def listen(self, wanted: bool) -> None:
        """Subscribe or unsubscribe; images in work when unsubscribing give no result."""
        with self._publishing:
            if wanted and not self.listens:
                self.wanted_at = monotonic()
                try:
                    self._subscribe()
                except BaseException:
                    self._unsubscribe()
                    raise
                self.listens = True
            elif not wanted and self.listens:
                self.listens = False
                self._unsubscribe()
                self.publishers.pictures.clear(PICTURE_SECONDS)

    def _follow(self) -> None:
        """Subscribe when a publisher appears, and again when its type has changed."""
        with self._changing, self._publishing:
            if self.listens:
                self._subscribe()

    def _subscribe(self) -> None:
        self._subscription.update(image_timeout=self.model.settings.image_timeout)

    def _forget(self) -> None:
        """Forget the images of the former subscription."""
        self.pipeline.clear()
        self._forget_stamp()
        self._mean.reset()

    def _unsubscribe(self) -> None:
        self._subscription.end()
        self.pipeline.clear()

    def log_topics(self, *, pause: str) -> None:
        """Log the remapped topics of images and results; see ``Publishers.log_topics``."""
        self.publishers.log_topics(self.model.settings.input_type, pause=pause,
                                   waits=self.listens and self.subscription is None)

    def apply(self, settings: ClassifierSettings) -> None:
        """Use new parameters from the next image on."""
        before, self.model = self.model, self.model.with_settings(settings)
        if before.settings.max_rate != settings.max_rate:
            self._limiter = RateLimiter(settings.max_rate)
        if before.settings.score_threshold != settings.score_threshold:
            with self._logged('the new score_threshold is not published'):
                self.publishers.publish_labels(self.model, version=self._version)

    def swap(self, model: LoadedModel) -> None:
        """
        Replace the model, and leave the previous one open; the pipeline must be held.

        Its labels are published before its first result.
        """
        if model.engine is not self.model.engine:
            self._mean.reset()
        self.model = model
        with self._logged('fewer images are worked on at a time'):
            self.pipeline.set_at_once(model.info.slots)
        self._version = next(self._versions)
        with self._logged('the labels of the new model are not published'):
            self.publishers.publish_labels(model, version=self._version)

    @contextmanager
    def _logged(self, consequence: str) -> Iterator[None]:
        """Log an exception of a change that cannot be refused, because rclpy has accepted it."""
        try:
            yield
        except Exception as error:
            if self._node.context.ok():
                self._node.get_logger().error(f'{consequence}: {describe_error(error)}')

    def restart_counts(self) -> None:
        """Count dropped and lost frames from zero."""
        self.pipeline.reset_dropped()
        self.receiver.lost.reset_counts()

    def close(self) -> None:
        """Unsubscribe, end the threads, destroy the publishers, and free the model."""
        idle = False

        def stop() -> None:
            nonlocal idle
            idle = self.pipeline.stop(STOP_SECONDS)

        def free() -> None:
            self.model.close(self._node.get_logger(), idle=idle)

        with ExitStack() as steps:  # in reverse order, each one even if an earlier one raises
            steps.callback(free)
            steps.callback(self._destroy)
            steps.callback(stop)
            self.listen(False)

    def _destroy(self) -> None:
        if self._timer is not None:
            self._node.destroy_timer(self._timer)
        self.publishers.destroy()
