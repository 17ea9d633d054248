# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The message of a result."""

from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.ros import messages
from rclpy.serialization import deserialize_message, serialize_message
from std_msgs.msg import Header


def test_refilled_classification_message_has_no_old_results():
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
