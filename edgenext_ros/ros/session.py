# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What a classifier has from configure to cleanup, and the way of an image through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Lock
from time import monotonic

from edgenext_ros.core.newest_frame import Pipeline, RateLimiter
from edgenext_ros.engines.base import InferenceError
from edgenext_ros.ros.errors import describe_error
from edgenext_ros.ros.loaded_model import LoadedModel
from edgenext_ros.ros.messages import INPUT_TYPES
from edgenext_ros.ros.outcome import Observer, Outcome, ReceivedImage
from edgenext_ros.ros.publishers import PICTURE_SECONDS, Publishers
from edgenext_ros.ros.receiver import Receiver
from edgenext_ros.ros.serialised_images import StampedData
from edgenext_ros.ros.settings import ClassifierSettings
from edgenext_ros.ros.statistics import Statistics
from rclpy.lifecycle import LifecycleNode
from rclpy.subscription import Subscription

STOP_SECONDS = 1.5


class Session:
    """
    Model, threads, subscription and publishers, which live and die together.

    Images reach ``work`` as serialised bytes in the pipeline's threads, past the executor; an
    image that a newer one replaces is not even read.

    :param node: whose topics these are.
    :param model: an open model; the session closes it.
    :param versions: numbers of the label lists, counted up over all sessions.
    :param statistics: counts the images that are left out.
    :param observers: told of each outcome, in this order.
    :param is_asked_for: says whether somebody waits for the next image, whatever the rate.
    """

    def __init__(self, node: LifecycleNode, model: LoadedModel, *, versions: Iterator[int],
                 statistics: Statistics, observers: Iterable[Observer],
                 is_asked_for: Callable[[], bool]) -> None:
        self.model = model
        self.subscribed_at = 0.0
        """Steady seconds."""
        self._node, self._versions = node, versions
        self._version = next(versions)
        self._statistics, self._observers = statistics, tuple(observers)
        self._is_asked_for = is_asked_for
        self._source = INPUT_TYPES[model.settings.input_type]
        self._limiter = RateLimiter(model.settings.max_rate)
        self._stamp, self._stamping = (0, 0), Lock()
        # Held while a result is published, and while publishing ends.
        self._publishing = Lock()
        self.publishers = Publishers(node)
        try:
            self.publishers.publish_labels(model, version=self._version)
            self.receiver = Receiver(node, self.receive)
            self.pipeline = Pipeline(self.work, self.finish, source=self.receiver,
                                     name='classify', at_once=model.info.slots, clock=monotonic)
        except BaseException:  # no memory or no thread; the topics would stay, and come twice
            self.publishers.destroy()
            raise

    @property
    def subscription(self) -> Subscription | None:
        """Where images come from; None while the session does not listen."""
        return self.receiver.subscription

    # The way of an image --------------------------------------------------------------------

    def receive(self, message: bytes, subscription: Subscription) -> None:
        """
        Take a serialised image; it is worked on when no newer one replaces it before.

        :param message: of the type of ``input_type``, serialised.
        :param subscription: where it came from.
        """
        now = monotonic()
        self._statistics.count_received()
        if not self._limiter.allows(now) and not self._is_asked_for():
            self._statistics.count_skipped()
            return
        self.pipeline.submit(ReceivedImage(message, subscription, now))

    def work(self, image: ReceivedImage) -> Outcome:
        """Turn one image into one outcome; called by several threads."""
        model = self.model  # one state for all of this image
        settings = model.settings
        try:
            picture = self._source.read(image.message)
            if self._is_repeated(picture) and settings.skip_repeated \
                    and not self._is_asked_for():
                return Outcome(image, model, monotonic())
            frame = self._source.frame(picture, enough=model.classifier.converter.covers)
            result = model.classifier.classify(
                frame, top_k=settings.top_k, threshold=settings.score_threshold,
                converted=self.pipeline.handover)
        except BaseException as error:  # an engine's SystemExit too is its failure, not our end
            return Outcome(image, model, monotonic(), error=error)
        return Outcome(image, model, monotonic(), picture, frame, result)

    def finish(self, outcome: Outcome) -> None:
        """Publish an outcome and tell the observers; called in the order of the images."""
        with self._publishing:
            # Paused in the meantime, or paused and listening again.
            if outcome.image.subscription is not self.receiver.subscription:
                outcome = outcome._replace(result=None, error=None)
            elif outcome.result is not None:
                outcome = self._published(outcome)
        patience = outcome.model.info.patience_s
        if outcome.error is not None and self.pipeline.busy_seconds > patience:
            self.pipeline.clear()  # the waiting image has waited all the while, and is as old
        for observer in self._observers:
            observer.on_outcome(outcome)

    def _published(self, outcome: Outcome) -> Outcome:
        try:
            if monotonic() - outcome.ready > outcome.model.info.patience_s:
                raise InferenceError('it waited for an image before it, which hung')
            self.publishers.publish(outcome)
        except Exception as error:
            # ROS may have ended, and the topics with it: that is no failure.
            return outcome._replace(result=None, error=error if self._node.context.ok() else None)
        return outcome

    def _is_repeated(self, picture: StampedData) -> bool:
        """Say whether a picture has the stamp of the one before; a stamp of zero says nothing."""
        with self._stamping:
            before, self._stamp = self._stamp, (picture.sec, picture.nanosec)
        return before == self._stamp != (0, 0)

    # Changes --------------------------------------------------------------------------------

    def listen(self, wanted: bool) -> None:
        """Subscribe or unsubscribe; after the latter no image in work gives a result."""
        with self._publishing:
            if wanted and self.subscription is None:
                self.subscribed_at = monotonic()
                self.receiver.subscribe(self._source.kind, 'image')
            elif not wanted and self.subscription is not None:
                self.receiver.unsubscribe()
                self.pipeline.clear()
                self.publishers.pictures.clear(PICTURE_SECONDS)

    def apply(self, settings: ClassifierSettings) -> None:
        """Use other parameters for the next images."""
        before, self.model = self.model, self.model.with_settings(settings)
        if before.settings.max_rate != settings.max_rate:
            self._limiter = RateLimiter(settings.max_rate)
        if before.settings.score_threshold != settings.score_threshold:
            self.publishers.publish_labels(self.model, version=self._version)

    def swap(self, model: LoadedModel) -> LoadedModel:
        """
        Put another model in the place of the present one; the pipeline must be held.

        Its labels are published before its first result.

        :return: the model of before, which is not closed.
        """
        before, self.model = self.model, model
        try:
            self.pipeline.set_at_once(model.info.slots)
        except RuntimeError as error:  # rclpy has set the parameter, so there is no way back
            self._node.get_logger().error(f'fewer images are worked on at a time: '
                                          f'{describe_error(error)}')
        self._version = next(self._versions)
        self.publishers.publish_labels(model, version=self._version)
        return before

    def restart_counts(self) -> None:
        """Forget dropped and lost frames."""
        self.pipeline.reset_dropped()
        self.receiver.lost.begin_anew()

    def close(self) -> None:
        """Stop listening, end the threads, take the topics away, and free the model."""
        self.listen(False)
        idle = self.pipeline.stop(STOP_SECONDS)
        self.publishers.destroy()
        self.model.close(self._node.get_logger(), idle=idle)
