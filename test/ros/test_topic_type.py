# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The message type of a topic: by the input type and its publishers."""

import re
import sys
from types import SimpleNamespace

from edgenext_ros.ros.messages import INPUT_TYPES
from edgenext_ros.ros.settings import ParameterError
from edgenext_ros.ros.topic_type import choose_type, message_class
import pytest
from sensor_msgs.msg import Image

SIZES = A, B, C = INPUT_TYPES['hbmem'].types
IMAGE = 'sensor_msgs/msg/Image'
WITHOUT = """
import sys
sys.modules['hbm_img_msgs'] = None
from edgenext_ros.ros.node import main
sys.exit(main(sys.argv))
"""


@pytest.mark.parametrize('published,current,silent,chosen', [
    ([], None, True, None), ([IMAGE], None, True, None), ([B], None, True, B),
    ([IMAGE, C], None, True, C), ([C, A], None, True, A),
    ([], B, True, B), ([IMAGE], B, True, B), ([B], B, True, B),
    ([A], B, False, A), ([A, B], B, False, B), ([A, B, C], B, False, B),
    ([A, B], B, True, A), ([A, B], A, True, B), ([A, B, C], B, True, C), ([A, B, C], C, True, A),
], ids=str)
def test_type_follows_the_publishers(published, current, silent, chosen):
    assert choose_type(SIZES, published, current=current, silent=silent) == chosen


@pytest.mark.parametrize('published', [[], [A], [IMAGE]], ids=str)
@pytest.mark.parametrize('current', [None, IMAGE])
def test_the_only_type_is_taken_whatever_is_published(published, current):
    assert choose_type((IMAGE,), published, current=current, silent=True) == IMAGE


def test_classes_are_found_by_their_names():
    assert message_class(IMAGE) is Image


def test_missing_optional_package_is_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, 'hbm_img_msgs.msg', None)
    with pytest.raises(ParameterError, match=re.escape(
            '"sudo apt install tros-humble-hbm-img-msgs", then "source /opt/tros/humble/'
            'setup.bash"')):
        message_class(A)
    with pytest.raises(ModuleNotFoundError):
        message_class('a_package_of_nobody/msg/Image')


@pytest.mark.parametrize('content', [{}, {'HbmMsg1080P': type('HbmMsg1080P', (), {})}],
                         ids=['another version', 'without type support'])
def test_package_of_another_ros_is_refused(monkeypatch, content):
    monkeypatch.setitem(sys.modules, 'hbm_img_msgs', SimpleNamespace())
    monkeypatch.setitem(sys.modules, 'hbm_img_msgs.msg', SimpleNamespace(**content))
    with pytest.raises(ParameterError, match='package hbm_img_msgs is not available'):
        message_class('hbm_img_msgs/msg/HbmMsg1080P')


def test_missing_package_is_named_before_a_model_is_loaded(ros):
    process = ros.run([sys.executable, '-c', WITHOUT, '--ros-args', '-p', 'input_type:=hbmem'])
    assert process.process.wait(30) == 1
    assert 'the message package hbm_img_msgs is not available' in process.output
    assert process.output.count('\n') == 1 and 'Traceback' not in process.output
