# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The topic ~/targets of a running node, with and without ai_msgs."""

from importlib.util import find_spec
from pathlib import Path
import shutil
import sys

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.ros.messages import Classification
from edgenext_ros.ros.targets import TargetsMessage
from helpers.ros_graph import BEST_EFFORT, compressed
from helpers.tros import NEEDS_AI_MSGS
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from rclpy.qos import DurabilityPolicy, HistoryPolicy, ReliabilityPolicy

pytest_plugins = ['helpers.hostile_engine']
TOPIC = '/classifier/targets'


def set_parameter(ros, name, value):
    kind, field = {str: (ParameterType.PARAMETER_STRING, 'string_value'),
                   float: (ParameterType.PARAMETER_DOUBLE, 'double_value')}[type(value)]
    answer = ros.call(SetParameters, '/classifier/set_parameters', parameters=[
        Parameter(name=name, value=ParameterValue(type=kind, **{field: value}))])
    assert answer.results[0].successful, answer.results[0].reason


def rect_of(message):
    (target,) = message.targets
    rect = target.rois[0].rect
    return rect.x_offset, rect.y_offset, rect.width, rect.height


@NEEDS_AI_MSGS
def test_subscriber_gets_the_targets_of_each_result(ros, classifier, make_image):
    from ai_msgs.msg import PerceptionTargets
    process, results, camera = classifier(class_id='name')
    assert f'targets on {TOPIC}' in process.output
    found = ros.collect(PerceptionTargets, TOPIC)
    (publisher,) = ros.wait(lambda: ros.node.get_publishers_info_by_topic(TOPIC))
    qos = publisher.qos_profile
    assert (qos.reliability, qos.durability) == (
        ReliabilityPolicy.RELIABLE, DurabilityPolicy.VOLATILE)
    assert (qos.history, qos.depth) in [  # as far as the middleware tells
        (HistoryPolicy.KEEP_LAST, 10), (HistoryPolicy.UNKNOWN, 0)]

    def ask(**changes):
        message = ros.ask(camera, make_image(**changes), found)
        return message, ros.wait(lambda: next(
            (one for one in results if one.header == message.header), None), what='its result')

    message, result = ask()
    assert message.header.frame_id == 'front_camera'
    (target,) = message.targets
    assert [(target.rois[0].type, target.rois[0].confidence)] + [
        (one.type, one.value) for one in target.attributes] == [
            (one.class_id, pytest.approx(one.score)) for one in result.results]
    assert rect_of(message) == (40, 0, 240, 240)
    set_parameter(ros, 'fit', 'stretch')
    assert rect_of(ask()[0]) == (0, 0, 320, 240)
    set_parameter(ros, 'score_threshold', 1.0)
    message, result = ask()
    assert (message.targets, result.results) == ([], [])
    assert [perf.type.rpartition('_')[2] for perf in message.perfs] == [
        'preprocess', 'infer', 'postprocess']  # no pipeline: the stamps are of 1970


@NEEDS_AI_MSGS
def test_region_of_a_large_jpeg_is_in_pixels_of_the_jpeg(ros, classifier, photograph):
    """And the publisher's quality of service is that of its override."""
    from ai_msgs.msg import PerceptionTargets
    _, _, camera = classifier(
        input_type='compressed',
        **{f'qos_overrides.{TOPIC}.publisher.reliability': 'best_effort'})
    found = ros.collect(PerceptionTargets, TOPIC, qos=BEST_EFFORT)
    picture = cv2.imencode('.jpg', cv2.resize(photograph, (1280, 960)))[1]
    assert rect_of(ros.ask(camera, compressed(picture, 1), found)) == (160, 0, 960, 960)
    (publisher,) = ros.node.get_publishers_info_by_topic(TOPIC)
    assert publisher.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT


@NEEDS_AI_MSGS
def test_fps_is_that_of_the_diagnostics(ros, node, play, engine):
    from ai_msgs.msg import PerceptionTargets
    found = ros.collect(PerceptionTargets, TOPIC)
    heard = ros.collect(DiagnosticArray, '/diagnostics')
    ros.wait(lambda: node.count_subscribers(TOPIC) and node.count_subscribers('/diagnostics'))
    for _ in range(14):
        engine.now += 1 / 13
        play()
    ros.wait(lambda: node.health.update() or heard, what='diagnostics')
    header = play()
    message = ros.wait(lambda: next((one for one in found if one.header == header), None))
    fps = {value.key: value.value for value in heard[0].status[0].values}['fps']
    assert (message.fps, fps) == (13, '13.00')


@NEEDS_AI_MSGS
def test_message_is_not_made_without_a_subscriber(ros, node, play, published, monkeypatch):
    monkeypatch.setattr(TargetsMessage, 'fill', lambda *_, **__: pytest.fail('made'))
    play()
    assert len(published) == 1 and node.statistics.report().counts.classified == 1


@NEEDS_AI_MSGS
def test_result_is_published_although_its_targets_fail(ros, node, play, monkeypatch, capfd):
    from ai_msgs.msg import PerceptionTargets
    results = ros.collect(Classification, 'classification')
    ros.collect(PerceptionTargets, TOPIC)
    ros.wait(lambda: node.count_subscribers(TOPIC) and node.count_subscribers('classification'))

    def fail(*_, **__):
        raise AttributeError("'Target' object has no attribute 'rois'")

    monkeypatch.setattr(TargetsMessage, 'fill', fail)
    header = play()
    ros.wait(lambda: [one for one in results if one.header == header], what='the result')
    assert node.statistics.report().counts.failed == 0
    assert "targets were not published: AttributeError: 'Target'" in capfd.readouterr().err


def take_modules():
    """Take ai_msgs out of the imported modules, and return what was there."""
    names = [name for name in sys.modules if name.partition('.')[0] == 'ai_msgs']
    return {name: sys.modules.pop(name) for name in names}


@pytest.fixture
def own_path(monkeypatch, tmp_path):
    """Have modules in a folder imported first, and forget them with the test."""
    before = take_modules()
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    take_modules()
    sys.modules.update(before)


def hide(folder):
    sys.modules['ai_msgs'] = None  # import then fails as if it were missing


def empty(folder):
    """Have a folder of its name on the path, as in the source folder of a workspace."""
    (folder / 'ai_msgs').mkdir()
    (folder / 'ai_msgs' / '__init__.py').touch()


def break_file(folder):
    (folder / 'ai_msgs' / 'msg').mkdir(parents=True)
    for name, text in ('__init__.py', ''), ('msg/__init__.py', 'raise OSError("first\\nsecond")'):
        (folder / 'ai_msgs' / name).write_text(text)


def take_libraries(folder):
    """Leave Python's files only, as of a package that was built for another Python."""
    shutil.copytree(Path(find_spec('ai_msgs').origin).parent, folder / 'ai_msgs',
                    ignore=shutil.ignore_patterns('*.so'))


@pytest.mark.parametrize('change,warning', [
    (hide, ''), (empty, ''), (break_file, '(OSError: first second): source the TROS of this ROS'),
    pytest.param(take_libraries, '(UnsupportedTypeSupport: ', marks=NEEDS_AI_MSGS)])
def test_node_works_without_ai_msgs(
        ros, engine, make_node, give, published, own_path, capfd, change, warning):
    change(own_path)
    node = make_node(engine.opener)
    give(node)
    assert node.session.pipeline.drain(20)
    assert len(published) == 1 and node.statistics.report().counts.failed == 0
    log = capfd.readouterr().err
    assert 'listening on /image ' in log and 'targets on' not in log
    lines = [line for line in log.splitlines() if '[WARN]' in line and 'targets' in line]
    assert len(lines) == bool(warning) and warning in ''.join(lines)
    assert 'Traceback' not in log
    assert TOPIC not in dict(node.get_publisher_names_and_types_by_node('classifier', '/'))
    assert not node.has_parameter(f'qos_overrides.{TOPIC}.publisher.depth')
