# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The classifier node: a camera topic in, classifications out."""

from __future__ import annotations

from copy import copy
import sys
from time import monotonic
import traceback
from typing import Any

from edgenext_ros.core.cdr import StampedData
from edgenext_ros.core.classifier import Classification
from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.pipeline import Pipeline, RateLimiter
from edgenext_ros.ros import messages
from edgenext_ros.ros.annotate import annotate
from edgenext_ros.ros.diagnostics import Complaints, Statistics
from edgenext_ros.ros.engine import Engine, Opener
from edgenext_ros.ros.lifecycle import GuardedLifecycleNode, run
from edgenext_ros.ros.once import ClassifyOnce, REQUESTS
from edgenext_ros.ros.outputs import Outputs
from edgenext_ros.ros.parameters import ClassifierSettings, ParameterError, Parameters
from edgenext_ros.ros.watch import Watch
from edgenext_ros.runtime.base import EngineRestsError, InferenceError
from edgenext_ros.runtime.recovering import LEAST_PATIENCE_S, open_recovering
from rcl_interfaces.msg import SetParametersResult
from rclpy.lifecycle import LifecycleState, TransitionCallbackReturn
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rclpy.qos_overriding_options import QoSOverridingOptions
from std_msgs.msg import Header
from std_srvs.srv import SetBool

# Copied for each use: rclpy writes QoS overrides into the profile that it is given.
# No queue of images: when large ones come faster than they are taken, its oldest would come first.
_NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
_STOP_SECONDS = 1.5
# Else the executor builds its next wait set, in Python, while the image needs the interpreter.
_ASIDE_SECONDS = 1e-3


class ClassifierNode(GuardedLifecycleNode):
    """
    Classify the newest image of a camera.

    Callbacks run in the executor's thread, which takes images as serialised bytes; reading them,
    conversion, inference and publishing in the pipeline's. So an image that a newer one replaces
    costs little. The model exists from configure to cleanup, the subscription while the node is
    active and enabled.

    :param opener: opens the model; see ``Engine.open``.
    """

    def __init__(self, *, opener: Opener = open_recovering, **arguments: Any) -> None:
        super().__init__('classifier', **arguments)
        self._opener = opener
        self._table = Parameters(self, ClassifierSettings())
        self.add_on_set_parameters_callback(self._on_parameters)
        self.engine: Engine | None = None
        self._outputs: Outputs | None = None
        self.pipeline: Pipeline[Any] | None = None
        self.subscription: Any = None
        self.subscribed_at = 0.0
        self.enabled = True
        self._version = 0
        self._complaints = Complaints()
        self._news = Complaints()
        self._layout, self._stamp = '', (0, 0)
        self._result = messages.ClassificationMessage()
        self.statistics = Statistics()
        self._limiter = RateLimiter()
        self.watch = Watch(self)
        self._once = ClassifyOnce(self)
        self.create_service(SetBool, '~/set_enabled', self._on_set_enabled, qos_profile=REQUESTS)

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
        super().on_activate(state)
        return self.attempt('activate', lambda: self.listen(active=True))

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Stop listening; the result of the frame in work is discarded."""
        result = self.attempt('deactivate', lambda: self.listen(active=False))
        self._once.answer(success=False, text='the node was deactivated')
        super().on_deactivate(state)
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

    def _configure(self) -> None:
        settings = self.settings
        self.engine = engine = Engine.open(settings, opener=self._opener)
        self._outputs = Outputs(self)
        self._version += 1
        self._publish_label_info()
        self.statistics = Statistics()
        self._limiter = RateLimiter(settings.max_rate)
        self.pipeline = Pipeline(self._classify, name='classify')
        if engine.found:
            self.get_logger().info(f'runtime auto: {engine.found}')
        self.get_logger().info(
            f'model {engine.info.name} ({engine.path}), {engine.info.classes} classes, '
            f'{engine.info.width}x{engine.info.height}, on {engine.info.engine}')

    def _publish_label_info(self) -> None:
        self._outputs.publish_labels(
            self.engine, threshold=self.settings.score_threshold, version=self._version)

    def _release(self) -> None:
        self.listen(active=False)
        self._once.answer(success=False, text='the node was shut down')
        pipeline, self.pipeline = self.pipeline, None
        idle = pipeline is None or pipeline.stop(_STOP_SECONDS)
        engine, self.engine = self.engine, None
        outputs, self._outputs = self._outputs, None
        if outputs is not None:
            outputs.destroy()
        if engine is not None:
            try:
                if not idle:
                    raise InferenceError('it did not return from a frame')
                engine.close()
            except InferenceError as error:
                self.get_logger().error(
                    f'the engine was not closed, its memory stays taken: {error}')

    # Input ----------------------------------------------------------------------------------

    def listen(self, *, active: bool | None = None) -> None:
        """
        Have a subscription while active, and enabled or asked for one image; else nothing in work.

        :param active: what the state is about to be, in a transition.
        """
        wanted = (self.state == 'active' if active is None else active) and (
            self.enabled or self._once.waiting)
        if wanted and self.subscription is None:
            self.subscription = self.create_subscription(
                messages.INPUTS[self.settings.input_type].kind, 'image', self._on_image,
                copy(_NEWEST), raw=True,
                qos_overriding_options=QoSOverridingOptions.with_default_policies())
            self.subscribed_at = monotonic()
        elif not wanted and self.subscription is not None:
            self.destroy_subscription(self.subscription)
            self.subscription = None
            self.pipeline.clear()
            self.pipeline.drain(_STOP_SECONDS)

    def _on_image(self, message: bytes) -> None:
        self.statistics.count_received()
        now = monotonic()
        if not self._limiter.allows(now) and not self._once.waiting:
            self.statistics.count_skipped()
            return
        self.pipeline.submit((self.subscription, self.engine, now, message))
        self.pipeline.drain(_ASIDE_SECONDS)

    def _classify(self, work: tuple[Any, Engine, float, bytes]) -> None:
        """Turn one message into one result; runs in the pipeline's thread."""
        subscription, engine, received, message = work
        source = messages.INPUTS[self.settings.input_type]
        try:
            picture = source.read(message)
            if self._is_repeated(picture) and self.settings.skip_repeated \
                    and not self._once.waiting:
                self.statistics.count_skipped()
                return
            # People want to see all of the picture.
            shown = self._outputs.annotated.get_subscription_count()
            frame = source.frame(picture, None if shown else engine.classifier.converter.covers)
            self._tell_of_layout(source.layout(picture))
            result = engine.classifier.classify(
                frame, top_k=self.settings.top_k, threshold=self.settings.score_threshold)
            # Another subscription, or none: paused, or deactivated and perhaps active again.
            if subscription is self.subscription:
                self._publish(frame, result, messages.header_message(picture), engine.labels,
                              shown=shown)
                if self._once.waiting:
                    self._once.answer(success=True, received=received,
                                      text=messages.in_words(result.prediction, engine.labels))
        except Exception as error:
            # As late as a result would be: what it is about is gone.
            if subscription is self.subscription:
                if self.pipeline.busy_seconds > LEAST_PATIENCE_S:
                    self.pipeline.clear()  # It has waited all the while, and is as stale.
                self._complain(error)
                self._once.answer(success=False, received=received, text=str(error))

    def _is_repeated(self, picture: StampedData) -> bool:
        """Say whether a picture has the stamp of the one before; one that is zero says nothing."""
        before, self._stamp = self._stamp, (picture.sec, picture.nanosec)
        return before == self._stamp != (0, 0)

    def _tell_of_layout(self, layout: str) -> None:
        """Log what kind of pictures come, when it is another than before."""
        if layout != self._layout:
            before, self._layout = self._layout, layout
            text = f'{layout}, before {before}' if before else layout
            # Two cameras on one topic would fill the disk.
            if self._news.deserves_a_line(text):
                self.get_logger().info(f'images of {self.resolve_topic_name("image")}: {text}')

    def _publish(self, frame: Frame, result: Classification, header: Header,
                 labels: LabelSet, *, shown: int) -> None:
        self._outputs.classification.publish(self._result.fill(
            result.prediction, header,
            labels=labels if self.settings.class_id == 'name' else None))
        # Plain arithmetic: rclpy's Time raises on stamps that a broken driver may send.
        stamp = header.stamp.sec + header.stamp.nanosec / 1e9
        age = self.get_clock().now().nanoseconds / 1e9 - stamp
        self.statistics.count_result(result.timings, age)
        if self._complaints.settle():
            self.get_logger().info('frames are good again')
        if shown:
            self._outputs.annotated.publish(messages.image_message(
                annotate(frame, result.prediction, labels,
                         yuv_range=self.settings.yuv_range), header))

    def _complain(self, error: Exception) -> None:
        """Count and log what gave no result."""
        # Others are a bug of ours, which must not end the thread.
        reason = str(error) if isinstance(error, (FrameError, InferenceError)) else \
            ''.join(traceback.format_exception(type(error), error, error.__traceback__))
        self.statistics.count_problem(reason, engine=not isinstance(error, FrameError))
        # That the engine rests was to be expected when it was said why.
        if not isinstance(error, EngineRestsError) and self._complaints.deserves_a_line(reason):
            topic = self.resolve_topic_name('image')
            self.get_logger().warning(f'no result for a frame of {topic}: {reason}')

    # Service and parameters -----------------------------------------------------------------

    def _on_set_enabled(self, request: SetBool.Request,
                        response: SetBool.Response) -> SetBool.Response:
        self.enabled = request.data
        self.listen()
        response.success = True
        response.message = f'{"enabled" if request.data else "paused"}, {self.state}'
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
            info = self.engine.info
            self.engine.classifier.converter = Nv12Converter(
                width=info.width, height=info.height, fit=settings.fit,
                yuv_range=settings.yuv_range)
            if before.score_threshold != settings.score_threshold:
                self._publish_label_info()
        return SetParametersResult(successful=True)

    def autostart(self) -> bool:
        """Configure and activate if the parameter says so; False when that failed."""
        return not self.settings.autostart or (
            self.trigger_configure() == TransitionCallbackReturn.SUCCESS
            and self.trigger_activate() == TransitionCallbackReturn.SUCCESS)


def main(args: list[str] | None = None) -> int:
    """Run the node; the exit code is 1 when it could not start."""
    return run(ClassifierNode, args, start=ClassifierNode.autostart)


if __name__ == '__main__':
    sys.exit(main())
