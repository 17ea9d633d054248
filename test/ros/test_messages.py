# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Messages on a distro with other names: Foxy has Classification2D and no LabelInfo."""

from dataclasses import dataclass, field
import importlib.util
import sys
from types import SimpleNamespace

from edgenext_ros.core.labels import LabelSet
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.ros import messages
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
    found = module.classification_message(
        Prediction((2, 0), (0.75, 0.25)), Header(frame_id='front'),
        labels=LabelSet(('a', 'b', 'c')))
    assert found == Classification2D(
        Header(frame_id='front'), [ObjectHypothesis('c', 0.75), ObjectHypothesis('a', 0.25)])
