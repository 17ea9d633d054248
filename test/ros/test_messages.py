# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The result's message, also on a distro with other names: Foxy has no LabelInfo."""

from dataclasses import dataclass, field
import importlib.util
import sys
from types import SimpleNamespace

from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.ros import messages
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header


@dataclass
class Classification2D:
    """Foxy's message; its picture stays empty."""

    header: Header = field(default_factory=Header)
    results: list = field(default_factory=list)


@dataclass
class ObjectHypothesis:
    """Foxy's message: ``id`` became ``class_id`` in Galactic."""

    id: str = ''
    score: float = 0.0


def test_foxy_gets_classification2d(monkeypatch):
    foxy = SimpleNamespace(Classification2D=Classification2D, ObjectHypothesis=ObjectHypothesis,
                           VisionInfo=object)
    monkeypatch.setitem(sys.modules, 'vision_msgs', SimpleNamespace(msg=foxy))
    monkeypatch.setitem(sys.modules, 'vision_msgs.msg', foxy)
    spec = importlib.util.spec_from_file_location('messages_on_foxy', messages.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.LabelInfo is None
    found = module.ClassificationMessage().fill(
        Prediction((2, 0), (0.75, 0.25)), Header(frame_id='front'),
        labels=LabelSet(('a', 'b', 'c')))
    assert found == Classification2D(
        Header(frame_id='front'), [ObjectHypothesis('c', 0.75), ObjectHypothesis('a', 0.25)])


def test_a_message_that_is_filled_again_holds_nothing_of_before():
    labels = LabelSet(('a', 'b', 'c'))
    message = messages.ClassificationMessage()
    for prediction, frame_id in [
            (Prediction((1, 2), (0.5, 0.25)), 'first'), (Prediction((), ()), 'none'),
            (Prediction((2, 1, 0), (0.5, 0.25, 0.125)), 'more'), (Prediction((0,), (1.0,)), '')]:
        header = Header(frame_id=frame_id)
        header.stamp.sec = len(prediction)
        found = message.fill(prediction, header, labels=labels)
        written = deserialize_message(serialize_message(found), messages.Classification)
        assert written.header == header
        assert [(r.class_id, r.score) for r in written.results] == [
            (labels[c], s) for c, s in zip(prediction.class_ids, prediction.scores, strict=True)]
