# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The classifier node: a camera topic in, classifications out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
import sys
from threading import Lock
from time import monotonic
from typing import Any, NamedTuple

from edgenext_ros.core.classifier import Classification
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.newest_frame import Finish, Pipeline, RateLimiter
from edgenext_ros.engines.base import InferenceError
from edgenext_ros.engines.recovering import open_recovering
from edgenext_ros.ros import messages
from edgenext_ros.ros.annotate import Picture, wide_enough
from edgenext_ros.ros.classify_once import ClassifyOnce, REQUESTS
from edgenext_ros.ros.guarded import GuardedCallbacks
from edgenext_ros.ros.health import Watch
from edgenext_ros.ros.image_log import ImageLog
from edgenext_ros.ros.lifecycle import GuardedLifecycleNode
from edgenext_ros.ros.loaded_model import LoadedModel, Opener
from edgenext_ros.ros.parameters import Parameters
from edgenext_ros.ros.process import run
from edgenext_ros.ros.publishers import Outputs, PICTURE_SECONDS
from edgenext_ros.ros.receiver import Receiver
from edgenext_ros.ros.serialised_images import StampedData
from edgenext_ros.ros.settings import ClassifierSettings, ParameterError
from edgenext_ros.ros.statistics import Statistics
from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.subscription import Subscription
from std_msgs.msg import Header
from std_srvs.srv import SetBool

_STOP_SECONDS = 1.5


class _Work(NamedTuple):
    """An image, and what there was when it came."""

    subscription: Subscription
    engine: LoadedModel
    pipeline: Pipeline[_Work]
    received: float
    message: bytes


class ClassifierNode(GuardedCallbacks, GuardedLifecycleNode):
    """
    Classify the newest image of a camera.

    Images are taken as serialised bytes by the pipeline's threads, which read, convert, infer and
    publish: none passes the executor. One that a newer one replaces is not even read. The model
    exists from configure to cleanup, the subscription while the node is active and enabled.

    :param opener: opens the model; see ``LoadedModel.open``.
    """

    _whole = False

    def __init__(self, *, opener: Opener = open_recovering, **arguments: Any) -> None:
        super().__init__('classifier', **arguments)
        self._opener = opener
        self._table = Parameters(self, ClassifierSettings())
        self.add_on_set_parameters_callback(self._on_parameters)
        self.engine: LoadedModel | None = None
        self._outputs: Outputs | None = None
        self.pipeline: Pipeline[_Work] | None = None
        self.receiver: Receiver | None = None
        self.subscribed_at = 0.0
        self.enabled = True
        self._version = 0
        self.images = ImageLog(self)
        self._stamp = (0, 0)
        self._result = messages.ClassificationMessage()
        self.statistics = Statistics()
        self._limiter = RateLimiter()
        # Held by what publishes, and by what ends it: nothing is published after a pause.
        self._publishing = Lock()
        self.watch = Watch(self)
        self._once = ClassifyOnce(self)
        self.create_service(SetBool, '~/set_enabled', self._on_set_enabled, qos_profile=REQUESTS)
        self._whole = True

    @property
    def subscription(self) -> Subscription | None:
        """What images come from; None while the node does not listen."""
        return self.receiver.subscription if self.receiver is not None else None

    @property
    def settings(self) -> ClassifierSettings:
        """The parameters in force."""
        return self._table.settings

    # Lifecycle ------------------------------------------------------------------------------

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Load the model and make the publishers."""
        result = self.attempt('configure', self._configure)
        if result != TransitionCallbackReturn.SUCCESS:
            self._release()
        return result

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Begin to listen to the camera."""
        super().on_activate(state)  # first, or the first result would be lost
        result = self.attempt('activate', lambda: self.listen(active=True))
        if result == TransitionCallbackReturn.SUCCESS:
            self._outputs.tell(listening=self.subscription is not None)
        else:
            super().on_deactivate(state)
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening; the result of the frame in work is discarded."""
        result = self.attempt('deactivate', lambda: self.listen(active=False))
        self._once.answer(success=False, text='the node was deactivated')
        super().on_deactivate(state)
        if result == TransitionCallbackReturn.SUCCESS:
            self.get_logger().info('deactivated: no image is taken until "activate"')
        return result

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free the model."""
        return self.attempt('cleanup', self._release)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free all."""
        return self.attempt('shutdown', self._release)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Free all and return to unconfigured."""
        return self.attempt('recovery from an error', self._release)

    def destroy_node(self) -> None:
        """Free all, in whatever state; nothing is published any more."""
        if self._whole:  # rclpy 9 destroys also what its constructor has raised from
            self.attempt('destruction', self._release)
        super().destroy_node()

    def _configure(self) -> None:
        self.engine = engine = LoadedModel.open(self.settings, opener=self._opener)
        self._outputs = Outputs(self)
        self._version += 1
        self._outputs.publish_labels(engine, version=self._version)
        self.statistics, self._limiter = Statistics(), RateLimiter(self.settings.max_rate)
        self.receiver = Receiver(self, self._on_image)
        self.pipeline = Pipeline(self._classify, source=self.receiver, name='classify',
                                 at_once=engine.info.slots)
        engine.tell(self.get_logger())

    def _release(self) -> None:
        self.listen(active=False)
        self._once.answer(success=False, text='the node was shut down')
        pipeline, engine, outputs = self.pipeline, self.engine, self._outputs
        self.receiver = self.pipeline = self.engine = self._outputs = None
        idle = pipeline is None or pipeline.stop(_STOP_SECONDS)
        if outputs is not None:
            outputs.destroy()
        if engine is not None:
            engine.close(self.get_logger(), idle=idle)

    # Input ----------------------------------------------------------------------------------

    def listen(self, *, active: bool | None = None) -> None:
        """
        Have a subscription while active, and enabled or asked for one image; else nothing in work.

        :param active: what the state is about to be, in a transition.
        """
        with self._publishing:
            wanted = (self.state == 'active' if active is None else active) and (
                self.enabled or self._once.waiting)
            if wanted and self.subscription is None:
                self.subscribed_at = monotonic()
                self.receiver.subscribe(messages.INPUTS[self.settings.input_type].kind, 'image')
            elif not wanted and self.subscription is not None:
                self.receiver.unsubscribe()
                self.pipeline.clear()
                self._outputs.pictures.clear(PICTURE_SECONDS)

    def _on_image(self, message: bytes, subscription: Subscription) -> None:
        now, pipeline = monotonic(), self.pipeline
        if pipeline is None:
            return  # the node was shut down
        self.statistics.count_received()
        if not self._limiter.allows(now) and not self._once.waiting:
            self.statistics.count_skipped()
            return
        pipeline.submit(_Work(subscription, self.engine, pipeline, now, message))

    def _classify(self, work: _Work) -> Finish | None:
        """Turn one message into one result, and return what is done with it in its turn."""
        engine, settings = work.engine, work.engine.settings
        source = messages.INPUTS[settings.input_type]
        try:
            picture = source.read(work.message)
            if self._is_repeated(picture) and settings.skip_repeated and not self._once.waiting:
                self.statistics.count_skipped()
                return None
            shown = partial(source.frame, picture, wide_enough) \
                if self._outputs.annotated.get_subscription_count() else None
            frame = source.frame(picture, engine.classifier.converter.covers)
            result = engine.classifier.classify(
                frame, top_k=settings.top_k, threshold=settings.score_threshold,
                converted=work.pipeline.relieve)
        except BaseException as error:  # an engine's SystemExit too would end this thread
            return partial(self._finish, work, partial(self._fail, work, error))

        ready = monotonic()

        def succeed() -> None:
            if monotonic() - ready > engine.info.patience_s:
                raise InferenceError('it waited for an image before it, which hung')
            self.images.tell_of_layout(source.layout(picture), frame)
            self._publish(shown, result, messages.header_message(picture), engine)
            if self._once.waiting:
                self._once.answer(success=True, received=work.received,
                                  text=messages.in_words(result.prediction, engine.labels))

        return partial(self._finish, work, succeed)

    def _finish(self, work: _Work, finish: Finish) -> None:
        with self._publishing:
            if work.subscription is not self.subscription:  # paused, or perhaps active again
                self.statistics.count_skipped()
                return
            try:
                finish()
            except Exception as error:
                self._fail(work, error)

    def _fail(self, work: _Work, error: BaseException) -> None:
        if work.pipeline.busy_seconds > work.engine.info.patience_s:
            work.pipeline.clear()  # It has waited all the while, and is as stale.
        self.images.complain(error)
        self._once.answer(success=False, received=work.received, text=str(error))

    def _is_repeated(self, picture: StampedData) -> bool:
        """Say whether a picture has the stamp of the one before; one that is zero says nothing."""
        before, self._stamp = self._stamp, (picture.sec, picture.nanosec)
        return before == self._stamp != (0, 0)

    def _publish(self, shown: Callable[[], Frame] | None, result: Classification, header: Header,
                 engine: LoadedModel) -> None:
        self._outputs.classification.publish(self._result.fill(
            result.prediction, header,
            labels=engine.labels if engine.settings.class_id == 'name' else None))
        # Plain arithmetic: rclpy's Time raises on stamps that a broken driver may send.
        stamp = header.stamp.sec + header.stamp.nanosec / 1e9
        age = self.get_clock().now().nanoseconds / 1e9 - stamp
        self.statistics.count_result(result.timings, age, empty=not result.prediction.class_ids)
        self.images.settle()
        if shown is not None:
            self._outputs.pictures.offer(Picture(
                shown, result.prediction, engine.labels, header, engine.settings.yuv_range))

    # Service and parameters -----------------------------------------------------------------

    def _on_set_enabled(self, request: SetBool.Request,
                        response: SetBool.Response) -> SetBool.Response:
        before, self.enabled = self.enabled, request.data
        self.listen()
        response.success = True
        response.message = f'{"enabled" if request.data else "paused"}, {self.state}'
        if before != request.data:
            word = 'resumed' if request.data else 'paused'
            self.get_logger().info(f'{word} by set_enabled, {self.state}')
        return response

    def _on_parameters(self, changes: list[Parameter]) -> SetParametersResult:
        try:
            settings = self._table.change(changes, configured=self.engine is not None)
        except ParameterError as error:
            return SetParametersResult(successful=False, reason=str(error))
        before, self._table.settings = self.settings, settings
        if before.max_rate != settings.max_rate:
            self._limiter = RateLimiter(settings.max_rate)
        if self.engine is not None:
            self.engine = self.engine.changed(settings)
            if before.score_threshold != settings.score_threshold:
                self._outputs.publish_labels(self.engine, version=self._version)
        return SetParametersResult(successful=True)


def main(args: list[str] | None = None) -> int:
    """Run the node; the exit code is 1 when it could not start."""
    return run(lambda finish: ClassifierNode(), args, start=ClassifierNode.autostart)


if __name__ == '__main__':
    sys.exit(main())
