# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Exceptions in diagnostics, logging and rclpy's callbacks do not end the classification."""

import asyncio
from types import SimpleNamespace

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.core.frame import Frame, FrameError
from edgenext_ros.ros import diagnostics, image_log, safe_callbacks
from edgenext_ros.ros.messages import Classification
from edgenext_ros.ros.node import ClassifierNode
from edgenext_ros.ros.outcome import Outcome
from edgenext_ros.ros.settings import ClassifierSettings
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from std_msgs.msg import Header

FRAME = Frame('bgr8', 4, 4, 12, np.zeros(48, np.uint8))


def outcome(encoding='bgr8', **fields):
    """Make an outcome of an image with this encoding."""
    picture = SimpleNamespace(layout=f'4x4 {encoding}')
    return Outcome(None, SimpleNamespace(settings=ClassifierSettings()), 0.0, picture, **fields)


@pytest.fixture
def node(ros):
    """Make a classifier in this process, spun with the test's node."""
    node = ClassifierNode(context=ros.context,
                          parameter_overrides=[Parameter('runtime', value='onnx')])
    ros.executor.add_node(node)
    yield node
    node.destroy_node()


class StoppedClock:
    """A stopped clock."""

    def __init__(self, nanoseconds):
        self.nanoseconds = nanoseconds

    def now(self):
        return Time(nanoseconds=self.nanoseconds)


@pytest.mark.parametrize('nanoseconds,sec,nanosec', [
    (0, 0, 0), (1_500_000_000, 1, 500_000_000), (2 ** 31 * 10 ** 9 - 1, 2 ** 31 - 1, 999_999_999),
    (2 ** 31 * 10 ** 9, 2 ** 31 - 1, 999_999_999), (2 ** 63 - 1, 2 ** 31 - 1, 999_999_999)])
def test_stamp_is_limited_to_the_largest_value(nanoseconds, sec, nanosec):
    stamp = safe_callbacks.stamp_now(StoppedClock(nanoseconds))
    assert (stamp.sec, stamp.nanosec) == (sec, nanosec)


@pytest.mark.parametrize('nanoseconds', [0, 2 ** 31 * 10 ** 9, 4_000_000_000 * 10 ** 9],
                         ids=['1970', '2038', '2096'])
def test_diagnostics_and_results_are_published_at_any_time(
        ros, node, monkeypatch, make_image, nanoseconds):
    published = ros.collect(DiagnosticArray, '/diagnostics')
    results = ros.collect(Classification, 'classification')
    monkeypatch.setattr(node, 'get_clock', lambda: StoppedClock(nanoseconds))
    assert node.autostart()
    ros.ask(ros.publisher(), make_image(), results)
    ros.wait(lambda: published, what='the diagnostics')
    assert published[-1].header.stamp.sec == min(nanoseconds // 10 ** 9, 2 ** 31 - 1)


@pytest.mark.parametrize('name', [
    'report_values', 'diagnostic_message', 'why_no_image', 'seconds_without_image'])
def test_failing_diagnostics_are_logged_and_classification_continues(
        ros, node, monkeypatch, make_image, capfd, name):
    def fail(*arguments, **options):
        raise AssertionError('out of range')

    ros.collect(DiagnosticArray, '/diagnostics')
    results = ros.collect(Classification, 'classification')
    monkeypatch.setattr(f'edgenext_ros.ros.health.{name}', fail)
    node.set_parameters([Parameter('image_timeout', value=0.1)])
    assert node.autostart()
    output = []

    def is_logged():
        output.append(capfd.readouterr().err)
        return 'a timer failed, the node goes on' in ''.join(output)

    ros.wait(is_logged, what='the line')
    assert 'AssertionError: out of range' in ''.join(output)
    ros.ask(ros.publisher(), make_image(), results)


@pytest.mark.parametrize('times', [(-5,), (5, -5, 6), (0, 2 ** 31 - 1), (2 ** 31 - 1, 0, 5)],
                         ids=str)
def test_node_survives_any_time_on_clock(ros, make_image, times):
    process = ros.start('node', use_sim_time=True)
    ros.wait(lambda: '[classifier]: model ' in process.output, what='the start')
    clock = ros.publisher(Clock, '/clock')
    results = ros.collect(Classification, 'classification')
    camera = ros.publisher()
    for sec in times:
        time = Clock()
        time.clock.sec = sec
        if sec < 0:
            ros.repeat(clock, time, lambda: '/clock failed, the node goes on' in process.output)
        else:
            clock.publish(time)
        ros.ask(camera, make_image(), results)
    assert process.process.poll() is None
    assert process.stop() == 0


@pytest.mark.parametrize('changes', [
    {'result': 'some', 'frame': FRAME, 'encoding': '\udcff'}, {'error': FrameError('no \udcff')},
    {'error': RuntimeError('no \udcff')}], ids=['layout', 'frame', 'bug'])
def test_image_log_accepts_any_text(ros, capfd, changes):
    image_log.ImageLog(ros.node.get_logger(), topic='/image').on_outcome(outcome(**changes))
    error = capfd.readouterr().err
    assert 'image' in error
    assert '?' in error
    assert 'TypeError' not in error


def test_failing_image_log_is_printed_not_raised(capfd):
    def fail(text):
        raise ValueError('no logger')

    log = image_log.ImageLog(SimpleNamespace(info=fail, warning=fail), topic='/image')
    log.on_outcome(outcome(error=FrameError('bad')))
    log.on_outcome(outcome(result='some', frame=FRAME))
    assert capfd.readouterr().err.count('ValueError: no logger') == 2


def test_diagnostics_accept_any_text():
    message = diagnostics.diagnostic_message(
        1, 'a \udcff', name='/n', hardware_id='b \udcff', header=Header(),
        values={'c': 'd \udcff'})
    status = message.status[0]
    assert (status.message, status.hardware_id, status.values[0].value) == ('a ?', 'b ?', 'd ?')


@pytest.mark.parametrize('content', [
    b'\xff\xfe', b'', b'12\xb2', '²'.encode(), b'nan', b'1' * 5000, None], ids=str)
@pytest.mark.parametrize('name', ['name', 'temp2_input'])
def test_unreadable_sysfs_files_are_left_out(
        tmp_path, name, content):
    folder = tmp_path / 'hwmon' / 'hwmon0'
    folder.mkdir(parents=True)
    (tmp_path / 'ratio').write_text('7\n')
    (folder / 'name').write_text('pvt\n')
    (folder / 'temp2_input').write_text('41250\n')
    places = tmp_path / 'ratio', tmp_path / 'hwmon'
    assert diagnostics.bpu_values(*places) == {
        'bpu load percent': '7', 'bpu temperature celsius': '41.2'}
    (folder / name).unlink()
    if content is None:
        (folder / name).mkdir()
    else:
        (folder / name).write_bytes(content)
    values = diagnostics.bpu_values(*places)
    assert values.pop('bpu load percent') == '7'
    assert not values or content == b'1' * 5000  # Python 3.10 before .7 has no limit
    (tmp_path / 'ratio').write_bytes(b'\xff')
    assert diagnostics.bpu_values(*places) == {}


class LoggingNode:
    """A node with a logger and a ROS context."""

    def __init__(self, ok=True):
        self.lines = []
        self.context = SimpleNamespace(ok=lambda: ok)

    def get_logger(self):
        return SimpleNamespace(error=self.lines.append)


def test_log_exceptions_returns_the_response_and_logs_a_place_once():
    node = LoggingNode()

    def fail(request, response):
        raise ValueError(f'bad {request}')

    call = safe_callbacks.log_exceptions(fail, '~/service', node=node)
    assert [call(number, 'response') for number in range(3)] == ['response'] * 3
    assert len(node.lines) == 1
    assert node.lines[0].startswith('~/service failed, the node goes on:\nTraceback')
    assert 'ValueError: bad 0' in node.lines[0]


def test_log_exceptions_awaits_a_coroutine():
    async def answer(request, response):
        await asyncio.sleep(0)
        if request == 'bad':
            raise ValueError('bad')
        return 'answer'

    node = LoggingNode()
    call = safe_callbacks.log_exceptions(answer, '~/service', node=node)
    assert asyncio.run(call('good', 'response')) == 'answer'
    assert asyncio.run(call('bad', 'response')) == 'response'
    assert len(node.lines) == 1


def test_log_exceptions_raises_after_the_end_of_ros():
    def fail():
        raise ValueError('bad')

    with pytest.raises(ValueError, match='bad'):
        safe_callbacks.log_exceptions(fail, 'a timer', node=LoggingNode(ok=False))()
