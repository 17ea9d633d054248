# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Many changes of the model: each image has one result of one model; memory does not grow."""

from itertools import count
from pathlib import Path
import shutil
from threading import Event, Thread

from edgenext_ros.ros.messages import Classification
from edgenext_ros.ros.node import ClassifierNode
from helpers.live_models import change, CLASSES
from helpers.wrong_models import demo_model
import pytest
from rcl_interfaces.srv import SetParametersAtomically
from rclpy.parameter import Parameter
from rclpy.serialization import serialize_message

pytest_plugins = ['helpers.live_models']


def test_each_image_of_a_stream_has_one_result_of_one_model(ros, live_node, models, make_image):
    results = ros.collect(Classification, 'classification', 1000)
    ros.wait(lambda: ros.node.count_publishers('classification'), what='the publisher')
    numbers, ended = count(), Event()
    image = make_image()
    pipeline, session = live_node.session.pipeline, live_node.session

    def play():
        while not ended.is_set():
            image.header.stamp.sec = next(numbers) + 1
            session.receive(serialize_message(image), session.subscription)
            assert pipeline.drain(20)

    camera = Thread(target=play)
    camera.start()
    try:
        for name in ('birds', 'dogs', 'cats') * 7:
            done = ros.call(SetParametersAtomically, '/classifier/set_parameters_atomically',
                            parameters=change(model=models.path(name))).result
            assert done.successful, done.reason
    finally:
        ended.set()
        camera.join()
    sent = next(numbers)
    counts = live_node.statistics.report().counts
    assert (counts.received, counts.classified, counts.failed, pipeline.dropped) == (
        sent, sent, 0, 0)
    ros.wait(lambda: len(results) == sent, what='the last result')
    assert [result.header.stamp.sec for result in results] == list(range(1, sent + 1))
    for result in results:
        names = [entry.class_id for entry in result.results]
        kind = names[0].split()[0]
        assert names == [f'{kind} {i}' for i in reversed(range(CLASSES[f'{kind}s']))]


@pytest.mark.slow
def test_memory_is_flat_over_two_hundred_swaps(ros, onnxruntime, tmp_path):
    def resident():
        return int(Path('/proc/self/statm').read_text().split()[1]) * 4096 / 1e6

    paths = [str(shutil.copy(demo_model(), tmp_path / f'{name}.onnx')) for name in 'ab']
    node = ClassifierNode(context=ros.context, parameter_overrides=[
        Parameter('model', value=paths[0]), Parameter('runtime', value='onnx')])
    assert node.autostart()
    try:
        for number in range(1, 201):
            done = node.set_parameters_atomically([Parameter('model', value=paths[number % 2])])
            assert done.successful, done.reason
            if number == 20:
                before = resident()
        assert node.session.model.info.name == 'a'
        # One model takes about 20 MB, and one more may be about to be closed.
        assert resident() - before < 40
    finally:
        node.trigger_shutdown()
        node.destroy_node()
