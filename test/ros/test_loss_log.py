# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Frames that are lost between camera and node: counts, diagnostics and log."""

import sys
from types import SimpleNamespace

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.core.lost_frames import Loss
from edgenext_ros.ros import loss_log
from helpers.ros_graph import Process
import pytest

CAMERA = """
import sys, time
from array import array
import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CompressedImage, Image
kind, rate, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
rclpy.init()
node = rclpy.create_node('camera')
if kind == 'raw':
    message = Image(encoding='bgr8', width=640, height=480, step=1920)
    message.data = array('B', bytes(921600))
else:
    message = CompressedImage(format='jpeg', data=array('B', open(kind, 'rb').read()))
publisher = node.create_publisher(type(message), 'image', QoSProfile(depth=1))
while not publisher.get_subscription_count():
    time.sleep(0.05)
begin = time.time()
for number in range(round(seconds * rate)):
    stamp = begin + number / rate
    time.sleep(max(0.0, stamp - time.time()))
    message.header.stamp.sec, message.header.stamp.nanosec = divmod(round(stamp * 1e9), 10**9)
    publisher.publish(message)
"""

LOSSY_NODE = """
import random, sys
from edgenext_ros.ros.receiver import Receiver
chance, taken, take = random.Random(2), [], Receiver.take
def lose(self):
    subscription = self.subscription
    taken.append(1)
    if subscription is None or len(taken) > int(sys.argv[1]) or chance.random() < 0.5:
        return take(self)
    with subscription.handle:
        subscription.handle.take_message(subscription.msg_type, True)
Receiver.take = lose
from edgenext_ros.ros.node import main
sys.exit(main([sys.argv[0], *sys.argv[2:]]))
"""
"""The node; half of its first ``sys.argv[1]`` images are dropped as if DDS had lost them."""

SLOW_NODE = """
import sys, time
from edgenext_ros.core.classifier import Classifier
classify = Classifier.classify
def slow(*arguments, **options):
    time.sleep(0.15)
    return classify(*arguments, **options)
Classifier.classify = slow
from edgenext_ros.ros.node import main
sys.exit(main(sys.argv))
"""


@pytest.fixture
def play(ros, large_buffers):
    """Start a classifier and a camera; return both processes and the diagnostics."""
    processes = []

    def run(script, *arguments):
        processes.append(Process([sys.executable, '-c', script, *arguments], ros.environment,
                                 ros.folder / f'process_{len(processes)}.log'))
        return processes[-1]

    def start(seconds, *, kind='raw', rate=30, node=()):
        diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
        process = run(*node) if node else ros.start('node')
        ros.wait(lambda: '[classifier]: model ' in process.output, what='the start')
        return process, run(CAMERA, str(kind), str(rate), str(seconds)).process, diagnostics

    yield start
    for process in processes:
        process.kill()


def last(diagnostics):
    """Return level, text and values of the newest status."""
    return next((
        (ord(entry.level), entry.message, {pair.key: pair.value for pair in entry.values})
        for message in reversed(diagnostics) for entry in message.status
        if entry.name == '/classifier'), (0, '', {}))


@pytest.mark.parametrize('input_type', ['raw', 'compressed'])
def test_lost_frames_are_counted_and_logged_once_until_they_arrive_again(
        ros, play, tmp_path, photograph, input_type):
    kind = input_type
    if input_type == 'compressed':
        import cv2
        kind = tmp_path / 'picture.jpg'
        cv2.imwrite(str(kind), photograph)
    process, _, diagnostics = play(70, kind=kind, node=(
        LOSSY_NODE, '300', '--ros-args', '-p', f'input_type:={input_type}'))
    ros.wait(lambda: 'are lost' in last(diagnostics)[1], what='the warning')
    level, _, values = last(diagnostics)
    assert level == 1
    lost, received = int(values['lost']), int(values['received'])
    assert lost / (lost + received) == pytest.approx(0.5, abs=0.15)
    ros.wait(lambda: 'arrive again' in process.output, 50, what='the end')
    ros.wait(lambda: last(diagnostics)[0] == 0, what='the end')
    assert int(last(diagnostics)[2]['lost']) == pytest.approx(150, abs=45)
    warnings = [line for line in process.output.splitlines() if 'are lost' in line]
    assert len(warnings) == 1
    size = '30.0 Hz, 640x480 bgr8, 0.92 MB each' if input_type == 'raw' else \
        f"30.0 Hz, 'jpeg', {kind.stat().st_size / 1e6:.2f} MB each"
    assert size.partition(', ')[2] in warnings[0]
    assert '% of the frames of /image are lost between the camera and this node' in warnings[0]
    assert '"Large frames" in docs/robot.md' in warnings[0]
    assert '/config/' in warnings[0] or 'config/' in warnings[0]


def test_frames_behind_a_slow_engine_count_as_dropped_not_lost(ros, play):
    process, camera, diagnostics = play(15, node=(SLOW_NODE,))
    ros.wait(lambda: camera.poll() is not None, 40, what='the end of the camera')
    level, _, values = last(diagnostics)
    assert int(values['dropped']) > 100
    assert (int(values['lost']), level) == (0, 0)
    assert 'lost' not in process.output


def test_warning_names_share_size_and_remedy(monkeypatch):
    monkeypatch.setattr(loss_log, 'profile_assignment', lambda: 'THE=remedy')
    logged = []
    log = loss_log.LossLog(
        SimpleNamespace(info=logged.append, warning=logged.append), topic='/image')
    loss = Loss(lost=47, share=0.472, rate=15.0, goes_on=True)
    text = ('47 % of the frames of /image are lost between the camera and this node '
            '(15.0 Hz, 640x480 bgr8, 0.92 MB each)')
    assert [log.log(found, layout='640x480 bgr8', size=921657)
            for found in (Loss(), loss, loss, Loss(lost=47, arrives=True))
            ] == ['', text, text, '']
    assert logged == [
        f'{text}. Usually they are too large for the buffers of the middleware: start the camera '
        f'with THE=remedy; see "Large frames" in docs/robot.md',
        'all frames of /image arrive again']


def test_warning_of_frames_in_shared_memory_names_their_profile(monkeypatch):
    monkeypatch.setattr(loss_log, 'shared_memory_remedy', lambda: 'start this node with THAT=it')
    logged = []
    log = loss_log.LossLog(SimpleNamespace(warning=logged.append), topic='/hbmem_img')
    log.log(Loss(lost=9, share=0.3, rate=30.0, goes_on=True), layout='1920x1080 nv12',
            size=6220864, shared_memory=True)
    (warning,) = logged
    assert warning.endswith('for the buffers of the middleware: start this node with THAT=it; see '
                            '"Large frames" in docs/robot.md')


def test_camera_that_stops_during_losses_is_not_said_to_arrive_again():
    logged = []
    log = loss_log.LossLog(
        SimpleNamespace(info=logged.append, warning=logged.append), topic='/image')
    for loss in (Loss(share=0.5, goes_on=True), Loss(lost=47)):
        log.log(loss, layout='', size=1000)
    assert len(logged) == 1 and 'are lost' in logged[0]
