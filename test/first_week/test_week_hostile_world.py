# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""First week, behaviour 25, and other hostile conditions."""

import signal
import subprocess
import sys

from edgenext_ros.ros.messages import Classification
from helpers.first_week import node_in, slow_node, tcp_sockets, WORLDS
from helpers.lifecycle import ACTIVATE, change, CONFIGURE, DEACTIVATE, state
from helpers.parameters import set_parameters
import pytest


def test_25_the_clean_machine(ros, make_image, tmp_path):
    """The node needs no board, network or home, reports what is missing, and writes only logs."""
    home = tmp_path / 'home'
    home.mkdir()
    for name in ('XDG_CACHE_HOME', 'ROS_LOG_DIR', 'ROS_HOME'):
        ros.environment.pop(name, None)
    ros.environment['HOME'] = str(home)
    tidy = ros.start('node', '-r', '__ns:=/tidy')
    ros.environment['HOME'] = '/proc'  # not even root can create a folder there
    homeless = ros.start('node', '-r', '__ns:=/homeless', '-r', '__node:=homeless')
    for name in ('tidy', 'homeless'):
        results = ros.collect(Classification, f'/{name}/classification')
        ros.ask(ros.publisher(topic=f'/{name}/image'), make_image(), results)
    assert not tcp_sockets(tidy) and not tcp_sockets(homeless)
    assert 'no log file in /proc/.ros/log' in homeless.output
    assert '; "edgenext runtimes" shows why others do not work\n' in homeless.output
    told = subprocess.run([sys.executable, '-m', 'edgenext_ros.cli', 'runtimes'], text=True,
                          env=ros.environment, capture_output=True, timeout=60)
    assert 'hobot-spdev' in told.stdout
    assert {path.relative_to(home).parts[:2] for path in home.rglob('*') if path.is_file()} == {
        ('.ros', 'log')}


@pytest.mark.parametrize('world', WORLDS)
def test_a_full_disk_or_no_rights(ros, make_image, tmp_path, world):
    """The node classifies if the home is full to the last byte, and as a user without rights."""
    for name in ('XDG_CACHE_HOME', 'ROS_LOG_DIR', 'ROS_HOME'):
        ros.environment.pop(name, None)
    home = tmp_path / 'home'
    home.mkdir()
    ros.environment['HOME'] = str(home)
    process = node_in(ros, world)
    results = ros.collect(Classification, 'classification')
    ros.ask(ros.publisher(), make_image(), results)
    assert process.stop() == 0
    assert 'Traceback' not in process.output


def test_two_cameras_on_one_topic(ros, classifier, make_image):
    """The frames of both cameras are classified, each result with the header of its frame."""
    _, results, first = classifier()
    second = ros.publisher()
    for camera, encoding, frame_id in ((first, 'bgr8', 'left'), (second, 'nv12', 'right')) * 3:
        image = make_image(encoding)
        image.header.frame_id = frame_id
        assert ros.ask(camera, image, results).header == image.header


def test_parameters_in_mid_frame(ros, make_image, tmp_path):
    """The answer is immediate; the frame in work keeps the old values, the next gets the new."""
    process = slow_node(ros, gate=tmp_path / 'gate')
    results = ros.collect(Classification, 'classification')
    camera = ros.publisher()
    ros.ask(camera, make_image(), results)
    image = make_image(data=bytes(320 * 240 * 3))
    camera.publish(image)

    def mine():  # the first image may have been sent twice
        return [result for result in results if result.header == image.header]

    ros.wait(lambda: 'inference begins on black' in process.output)
    assert all(answer.successful for answer in set_parameters(ros, top_k=2, fit='stretch'))
    assert not mine(), 'the answer came after the frame'
    (tmp_path / 'gate').touch()
    ros.wait(mine)
    assert len(mine()[0].results) == 5
    assert len(ros.ask(camera, make_image(), results).results) == 2


STAGES = {'unconfigured': (), 'inactive': (CONFIGURE, ACTIVATE, DEACTIVATE),
          'active': (CONFIGURE, ACTIVATE)}


@pytest.mark.parametrize('stage', STAGES)
@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signals_in_every_state(ros, make_image, number, stage):
    """The node ends with exit code 0 in every state; after SIGKILL, the next node works."""
    process = ros.start('node', autostart=False)
    for transition in STAGES[stage]:
        assert change(ros, transition)
    assert state(ros) == stage
    killed = number == signal.SIGKILL
    assert process.stop(number) == (-number if killed else 0)
    assert 'Traceback' not in process.output
    if killed:
        ros.start('node')
        results = ros.collect(Classification, 'classification')
        ros.ask(ros.publisher(), make_image(), results)
