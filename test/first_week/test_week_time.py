# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""First week, behaviours 19 to 24: clocks, load, endurance, stamps, services."""

import os
from pathlib import Path
from statistics import median
import time

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.ros.messages import Classification
from helpers.diagnosed import age, count, status
from helpers.first_week import resources, slow_node
from helpers.lifecycle import ACTIVATE, change, DEACTIVATE
from helpers.parameters import set_parameters
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_srvs.srv import SetBool, Trigger


def test_19_a_bag_in_a_loop(ros, classifier, make_image):
    """A jump of the time back is logged; no age is negative, and the rate limiter goes on."""
    # ask() may publish an image twice; the second copy must not be counted after the jump.
    process, results, camera = classifier(use_sim_time=True, max_rate=50.0, skip_repeated=True)
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    clock = ros.publisher(Clock, '/clock')
    for second in (1000, 10, 1000, 10):  # the bag twice
        del results[:], diagnostics[:]
        image = make_image()
        image.header.stamp = Time(sec=second - 1)
        ros.repeat(clock, Clock(clock=Time(sec=second)),
                   lambda s=second: diagnostics and diagnostics[-1].header.stamp.sec == s)
        if second == 10:
            assert not count(status(diagnostics), 'classified'), 'counts are reset'
            assert 'the time jumped back by 990.000 s' in process.output
        ros.ask(camera, image, results)
        ros.wait(lambda: age(status(diagnostics)) == '1000.00', what='the age')
        ages = [age(status([m])) for m in diagnostics]
        assert all(a in (None, 'unknown') or float(a) >= 0 for a in ages)
        assert {r.header.stamp.sec for r in results} == {second - 1}


def test_20_simulated_time_without_a_clock_or_paused(ros, classifier, make_image):
    """The node classifies and publishes diagnostics while the simulated time stands still."""
    _, results, camera = classifier(use_sim_time=True, image_timeout=0.5)
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    clock = ros.publisher(Clock, '/clock')
    for second in (None, 500):
        if second:
            clock.publish(Clock(clock=Time(sec=second)))
        image = make_image()
        image.header.stamp.sec += 1000  # in the future of both clocks
        ros.ask(camera, image, results)
        ros.repeat(camera, image, lambda: count(status(diagnostics), 'classified'))
        assert age(status(diagnostics)) == 'unknown'
        ros.wait(lambda: status(diagnostics)[0] == 2, what='the watchdog')


def test_21_a_fast_camera_and_a_slow_model(ros, picture):
    """The newest frame is classified, dropped ones are counted, and max_rate is kept."""
    slow_node(ros, seconds=0.1)
    stamps, ages = [], []

    def note(result):
        stamps.append(result.header.stamp.sec + result.header.stamp.nanosec / 1e9)
        ages.append(time.time() - stamps[-1])

    ros.node.create_subscription(Classification, 'classification', note, 10)
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    ros.start('camera.node', source=picture, rate=60.0)
    ros.wait(lambda: len(ages) >= 20, what='results')
    # One inference and one frame take 0.12 s; a queue of ten would add 1 s.
    assert median(ages) < 0.5
    ros.wait(lambda: count(status(diagnostics), 'dropped') > 20, what='the count')
    assert set_parameters(ros, max_rate=5.0)[0].successful
    before = len(stamps) + 1
    ros.wait(lambda: len(stamps) >= before + 21, what='results')
    # The rate is never higher; on a busy machine it may be lower. Frames wait up to 0.2 s.
    assert 2.5 < 20 / (stamps[before + 20] - stamps[before]) < 5.3


def test_22_subscribers_come_and_go(ros, picture):
    """Memory, threads and descriptors do not grow while subscribers of each output come and go."""
    process = ros.start('node')
    ros.start('camera.node', source=picture, rate=30.0)
    seen = []
    for turn in range(15):
        topics = ((Image, '/classifier/annotated_image'), (Classification, 'classification'),
                  (DiagnosticArray, '/diagnostics'))[:3 if turn % 4 == 0 else 2]
        heard = [[] for _ in topics]
        subscriptions = [ros.node.create_subscription(kind, topic, messages.append, 10)
                         for (kind, topic), messages in zip(topics, heard, strict=True)]
        ros.wait(lambda h=heard: all(h), what='messages')
        for subscription in subscriptions:
            ros.node.destroy_subscription(subscription)
        seen.append(resources(process))
    memory, threads, descriptors = zip(*seen[4:], strict=True)
    assert max(memory) - memory[0] < 20, 'MB'
    assert max(threads) == threads[0] and max(descriptors) <= descriptors[0]


def test_23_stamps_of_every_kind(ros, classifier, make_image):
    """Headers are copied exactly, so that they synchronise; skip_repeated omits repetitions."""
    _, results, camera = classifier()
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    ros.ask(camera, make_image(), results)
    results.clear()
    sent = []
    for sec, nanosec in ((0, 0), (2**31 - 1, 999_999_999), (5, 7), (5, 7), (5, 6), (0, 1)):
        image = make_image()
        image.header.stamp = Time(sec=sec, nanosec=nanosec)
        sent.append(image.header)
        camera.publish(image)
        ros.wait(lambda: len(results) == len(sent), what='the result')
    assert [r.header for r in results] == sent
    ros.wait(lambda: count(status(diagnostics), 'classified') >= len(sent), what='diagnostics')
    assert age(status(diagnostics)) == 'unknown'
    assert set_parameters(ros, skip_repeated=True)[0].successful
    image = make_image()
    ros.ask(camera, image, results)
    before = len(results)
    ros.repeat(camera, image, lambda: count(status(diagnostics), 'skipped'))
    assert len(results) == before
    ros.ask(camera, make_image(), results)


def test_24_services_under_load(ros, picture):
    """Many calls are answered, classify_once works; a paused node is idle, and reports it."""
    process = ros.start('node')
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    results = ros.collect(Classification, 'classification')
    ros.start('camera.node', source=picture, rate=30.0)
    ros.wait(lambda: results, what='a result')
    clients = ros.clients(SetBool, '/classifier/set_enabled', 2)
    for turn in range(20):
        futures = [client.call_async(SetBool.Request(data=bool(turn % 2))) for client in clients]
        ros.wait(lambda f=futures: all(future.done() for future in f), timeout=2.0, what='answers')
        for future in futures:
            assert future.result().success
            assert future.result().message == f'{"enabled" if turn % 2 else "paused"}, active'
    assert ros.call(Trigger, '/classifier/classify_once').success
    assert ros.call(SetBool, '/classifier/set_enabled', data=False).message == 'paused, active'
    assert ros.call(Trigger, '/classifier/classify_once').success
    # The pause outlasts deactivation and activation.
    assert change(ros, DEACTIVATE) and change(ros, ACTIVATE)

    def seconds():
        fields = Path('/proc', str(process.process.pid), 'stat').read_text().split()
        return sum(map(int, fields[13:15])) / os.sysconf('SC_CLK_TCK')

    del diagnostics[:], results[:]
    ros.wait(lambda: diagnostics)
    before = seconds()
    ros.wait(lambda: len(diagnostics) > 2, what='two seconds of diagnostics')
    assert seconds() - before < 0.2 and not results
    assert status(diagnostics)[1] == 'paused by set_enabled'
    assert ros.call(SetBool, '/classifier/set_enabled', data=True).message == 'enabled, active'
    ros.wait(lambda: results, what='a result')
