# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""A process with a classifier node for each of several cameras."""

import sys

from edgenext_ros.ros.messages import Classification
from helpers.programs import HANGS_IN_A_PROCESS
from helpers.ros_graph import Process
import pytest


CAMERAS = ('front', 'rear', 'left', 'right')


@pytest.fixture
def start(ros):
    """Start the node for some cameras."""
    def start_it(*cameras, **parameters):
        words = [f'{key}:={value}' for key, value in parameters.items()]
        process = Process(
            [sys.executable, '-m', 'edgenext_ros.ros.multi_node', *cameras, '--ros-args',
             *[part for word in words for part in ('-p', word)]],
            ros.environment, ros.folder / 'multi.log')
        ros.at_end(process.kill)
        return process

    return start_it


def test_each_camera_has_a_node_and_results_of_its_own(ros, start, make_image):
    process = start('front', 'rear', top_k=2)
    ros.wait(lambda: process.output.count('100 classes') == 2, what='both nodes')
    results = {name: ros.collect(Classification, f'/{name}/classification')
               for name in ('front', 'rear')}
    cameras = {name: ros.publisher(topic=f'/{name}/image') for name in results}
    for name, other in (('front', 'rear'), ('rear', 'front')):
        before = len(results[other])
        found = ros.ask(cameras[name], make_image(), results[name])
        assert len(found.results) == 2
        assert len(results[other]) == before
    assert process.stop() == 0
    assert 'Traceback' not in process.output


def test_nodes_with_a_hung_engine_end_before_launch_escalates(ros, make_image):
    process = Process([sys.executable, '-c', HANGS_IN_A_PROCESS, 'multi_node', *CAMERAS],
                      ros.environment, ros.folder / 'multi.log')
    ros.at_end(process.kill)
    ros.wait(lambda: process.output.count('100 classes') == len(CAMERAS), what='the nodes')
    for begun, name in enumerate(CAMERAS, start=1):
        camera = ros.publisher(topic=f'/{name}/image')
        ros.repeat(camera, make_image(),
                   lambda begun=begun: process.output.count('begins') == begun)
    assert process.stop() == 0
    assert process.output.count('a frame is still in work') == len(CAMERAS) - 1
    assert process.output.count('the engine was not closed') == 1, 'for the last node only'
    assert 'Traceback' not in process.output


@pytest.mark.parametrize('cameras,reason', [
    ([], 'found none'), (['front', 'front'], 'each once'), (['fr ont'], "camera 'fr ont'"),
    (['front', '/front'], 'found /front/classifier /front/classifier'),
    (['front', 'rear', '--ros-args', '-r', '__ns:=/robot'], 'no remapping of __ns')])
def test_invalid_camera_names_are_refused(start, cameras, reason):
    process = start(*cameras)
    assert process.process.wait(30) == 1
    assert reason in process.output
    assert 'Traceback' not in process.output


def test_missing_model_ends_process(start):
    process = start('front', 'rear', model='/nowhere.onnx')
    assert process.process.wait(30) == 1
    assert '/nowhere.onnx' in process.output
