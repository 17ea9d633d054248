# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node over DDS: figures where ROS 2 is, and one sentence where it is not."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

from edgenext_ros.bench.dds import LARGE, SMALL
from edgenext_ros.selftest import fast_node
from edgenext_ros.selftest.fast_node import NodeFailedError, NodeFigures
from edgenext_ros.selftest.finding import Conditions, Verdict
import pytest

QUICK, FULL = (Conditions(('simulator', 'onnx'), quick=quick) for quick in (True, False))


def check(conditions, figures=None, *, missing=''):
    """Return the findings, and the engines and cameras that were measured."""
    calls = []

    def measure(engine, camera, progress):
        progress('sends')
        calls.append((engine, camera))
        if isinstance(figures, Exception):
            raise figures
        return figures

    return list(fast_node.check(conditions, measure=measure, missing=lambda: missing)), calls


@pytest.mark.parametrize('conditions,sizes,frames', [(QUICK, [SMALL], 90),
                                                     (FULL, [SMALL, LARGE], 240)])
def test_cameras_of_each_size_are_measured(conditions, sizes, frames):
    found, calls = check(conditions, NodeFigures(sent=90, ages_ms=(4.0, 5.0, 9.0), cpu_ms=2.5))
    assert calls == [('onnx', replace(camera, frames=frames)) for camera in sizes]
    assert [finding.name for finding in found] == [
        f'node {camera.width}x{camera.height}' for camera in sizes]
    assert found[0].verdict is Verdict.MEASURED
    assert 'with onnx: a result is 5.0 ms old' in found[0].text
    assert '87 of 90 images without a result' in found[0].text
    assert found[0].figures['lost'] == 87


@pytest.mark.parametrize('conditions,more,words', [
    (QUICK, {'missing': 'rclpy'}, 'source /opt/ros/humble/setup.bash'),
    (QUICK, {'missing': 'vision_msgs'}, 'its package vision_msgs is not'),
    (QUICK, {'missing': 'vision_msgs'}, 'install ros-lyrical-vision-msgs with apt'),
    (Conditions(('simulator',)), {}, 'No engine works here')])
def test_missing_part_is_untested(monkeypatch, conditions, more, words):
    monkeypatch.setenv('ROS_DISTRO', 'lyrical')
    found, calls = check(conditions, **more)
    assert {finding.verdict for finding in found} == {Verdict.UNTESTED}
    assert all(words in finding.text for finding in found)
    assert not calls


@pytest.mark.parametrize('missing', fast_node._PACKAGES)
def test_missing_package_of_ros_is_found(monkeypatch, missing):
    monkeypatch.setattr(fast_node, 'find_spec', lambda name: None if name == missing else name)
    assert fast_node.missing_package() == missing


BOTH = 'simulator', 'libdnn', 'onnx'


@pytest.mark.parametrize('engines,wrong,engine,words', [
    (BOTH, (), 'libdnn', 'with libdnn: a result'),
    (BOTH, ('onnx',), 'libdnn', 'with libdnn: a result'),
    (BOTH, ('libdnn',), 'onnx', 'with onnx (because the answers of libdnn are wrong): a result'),
    (BOTH, ('libdnn', 'onnx'), 'libdnn', 'with libdnn (its answers are wrong, and so are those of '
     'the other engines): a result'),
    (BOTH[:2], ('libdnn',), 'libdnn', 'with libdnn (its answers are wrong, but it is the only '
     'engine): a result')])
def test_node_uses_the_first_engine_with_right_answers(engines, wrong, engine, words):
    (finding,), ((used, _),) = check(
        Conditions(engines, quick=True, wrong=wrong),
        NodeFigures(sent=90, ages_ms=(4.0, 5.0, 9.0), cpu_ms=2.5))
    assert used == engine
    assert words in finding.text


@pytest.mark.parametrize('figures,words', [
    (NodeFigures(sent=90, ages_ms=(), cpu_ms=1.0), 'No result arrived for 90 images'),
    (NodeFailedError('the node has ended; the last line of its log: boom'), 'boom')])
def test_node_without_results_is_wrong(figures, words):
    (finding,), _ = check(QUICK, figures)
    assert finding.verdict is Verdict.WRONG
    assert words in finding.text


@pytest.mark.dds
@pytest.mark.slow
@pytest.mark.skipif(find_spec('rclpy') is None, reason='source a ROS 2, or use ./dev test')
def test_node_is_measured_over_dds(onnxruntime, monkeypatch, tmp_path):
    monkeypatch.setenv('RCUTILS_CONSOLE_OUTPUT_FORMAT', '{message}')
    monkeypatch.setenv('ROS_LOG_DIR', str(tmp_path))
    camera, steps = replace(SMALL, rate=8, frames=24), []
    figures = fast_node.run_node('onnx', camera, steps.append)
    assert not list(tmp_path.iterdir()), 'the self-test writes no file besides its report'
    assert steps == ['the node with onnx: start',
                     'the node with onnx: 640x480 bgr8 at 8 Hz']
    assert figures.sent == 24
    assert 12 < len(figures.ages_ms) <= 24
    assert figures.lost == 24 - len(figures.ages_ms)
    assert all(0 < age < 10_000 for age in figures.ages_ms)
    assert figures.cpu_ms > 0


@pytest.mark.dds
@pytest.mark.slow
@pytest.mark.skipif(find_spec('rclpy') is None, reason='source a ROS 2, or use ./dev test')
def test_node_that_ends_is_named_by_its_last_line():
    with pytest.raises(NodeFailedError, match=r"the last line of its log: .*'nothing'"):
        fast_node.run_node('nothing', SMALL, lambda text: None)
