# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Convert results to PerceptionTargets, the message of TROS' nodes and of its web page."""

from __future__ import annotations

from typing import Any, NamedTuple

from edgenext_ros.core.classifier import Timings
from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.core.to_yuv import Rectangle
from edgenext_ros.ros.log_limits import replace_invalid_utf8
from edgenext_ros.ros.outcome import Outcome
from edgenext_ros.ros.statistics import known_age
from rclpy.type_support import check_for_type_support
from std_msgs.msg import Header

_HIGHEST_FPS = 2 ** 15 - 1
_STAGES = ('preprocess', 'predict_infer', 'postprocess', 'pipeline')
"""The names that D-Robotics' dnn_node gives to the stages, after the name of the model."""
_LAST_SECOND = 2 ** 31 - 1


class TargetTypes(NamedTuple):
    """The message classes of ai_msgs that hold a result."""

    message: Any
    target: Any
    roi: Any
    attribute: Any
    perf: Any


def find_target_types() -> TargetTypes | None:
    """
    Import ai_msgs.

    :return: its message classes; None if the package is not installed.
    :raises Exception: the package is installed, but cannot be used; the type of the error depends
        on the release of ROS.
    """
    try:
        from ai_msgs.msg import Attribute, PerceptionTargets, Perf, Roi, Target
    except ModuleNotFoundError as error:
        if error.name in ('ai_msgs', 'ai_msgs.msg'):
            return None
        raise
    check_for_type_support(PerceptionTargets)
    return TargetTypes(PerceptionTargets, Target, Roi, Attribute, Perf)


class TargetsMessage:
    """
    A PerceptionTargets that is reused for each result.

    Construction takes several times as long as filling. Publishing copies the message, so the
    message can be reused.

    :param types: the message classes.
    """

    def __init__(self, types: TargetTypes) -> None:
        self._types = types
        self._message, self._target, self._roi = types.message(), types.target(), types.roi()
        self._target.rois = [self._roi]
        self._attributes: list[Any] = []
        self._perfs = [types.perf() for _ in _STAGES]
        self._model = ''

    def fill(self, outcome: Outcome, header: Header, *, fps: float, now_ns: int,
             since_s: float) -> Any:
        """
        Put a result into the message and return it; the next call overwrites it.

        :param outcome: an outcome with a result.
        :param header: the camera's header.
        :param fps: rate of the results, as in the diagnostics.
        :param now_ns: time of the node's clock in nanoseconds.
        :param since_s: seconds from the end of the work until ``now_ns``.
        """
        result, frame, model = outcome.result, outcome.frame, outcome.model
        assert result is not None and frame is not None
        message = self._message
        message.header = header
        message.fps = min(round(fps), _HIGHEST_FPS)
        message.targets = [self._target] if result.prediction.class_ids else []
        if result.prediction.class_ids:
            self._fill_target(result.prediction, model.labels,
                              model.classifier.converter.region(frame))
        self._name_stages(model.info.name)
        message.perfs = self._timed(result.timings, header, ready_ns=now_ns - round(since_s * 1e9))
        return message

    def _fill_target(self, prediction: Prediction, labels: LabelSet, part: Rectangle) -> None:
        class_ids, scores = prediction.class_ids, prediction.scores
        self._target.type = self._roi.type = labels[class_ids[0]]
        self._roi.confidence = scores[0]
        rect = self._roi.rect
        rect.x_offset, rect.y_offset, rect.width, rect.height = part
        for _ in range(len(class_ids) - 1 - len(self._attributes)):
            self._attributes.append(self._types.attribute())
        attributes = self._attributes[:len(class_ids) - 1]
        for attribute, class_id, score in zip(attributes, class_ids[1:], scores[1:], strict=True):
            attribute.type = labels[class_id]
            attribute.value = attribute.confidence = score
        self._target.attributes = attributes

    def _name_stages(self, model: str) -> None:
        if model == self._model:
            return
        self._model, name = model, replace_invalid_utf8(model)
        for perf, stage in zip(self._perfs, _STAGES, strict=True):
            perf.type = f'{name}_{stage}'

    def _timed(self, timings: Timings, header: Header, *, ready_ns: int) -> list[Any]:
        """Set the times of the stages; without ``pipeline`` if camera and node differ in time."""
        end_ns = ready_ns
        for perf, milliseconds in zip(
                self._perfs[2::-1],
                (timings.postprocess_ms, timings.infer_ms, timings.convert_ms), strict=True):
            start_ns = end_ns - round(1e6 * milliseconds)
            _set_stamp(perf.stamp_start, start_ns)
            _set_stamp(perf.stamp_end, end_ns)
            perf.time_ms_duration, end_ns = milliseconds, start_ns
        stamp = header.stamp
        age = known_age((ready_ns - stamp.sec * 10 ** 9 - stamp.nanosec) / 1e9)
        if age is None:
            return self._perfs[:3]
        pipeline = self._perfs[3]
        pipeline.stamp_start = stamp
        _set_stamp(pipeline.stamp_end, ready_ns)
        pipeline.time_ms_duration = 1e3 * age
        return self._perfs


def _set_stamp(stamp: Any, nanoseconds: int) -> None:
    """Set a stamp; times before 1970, as with a simulated clock, and after 2038 are limited."""
    second, stamp.nanosec = divmod(max(0, nanoseconds), 10 ** 9)
    stamp.sec = min(second, _LAST_SECOND)
