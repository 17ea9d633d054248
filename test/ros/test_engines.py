# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node on each engine of the board, with stand-ins for the vendor's libraries."""

from array import array

from edgenext_ros.core.encode import encode
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.engines.base import infer
from edgenext_ros.engines.select import open_model
from edgenext_ros.models.store import locate
from helpers.standin_model import StandInModel
import numpy as np
import pytest

MODEL = StandInModel(w=224, h=224, classes=10)


@pytest.mark.parametrize('runtime,shown', [
    ('auto', 'libdnn 0.0.1-standin'), ('hbm_runtime', 'hbm_runtime '),
    ('hobot_dnn', 'hobot_dnn.pyeasy_dnn ')])
def test_node_runs_a_bin_on_each_engine_of_the_board(
        ros, classifier, make_image, photograph, libdnn_path, tmp_path, request,
        runtime, shown):
    tests = request.config.rootpath / 'test'
    ros.environment['EDGENEXT_LIBDNN'] = str(libdnn_path)
    ros.environment['PYTHONPATH'] = ':'.join(
        (str(tests / 'stand_ins'), str(tests), ros.environment.get('PYTHONPATH', '')))
    path = MODEL.write(tmp_path / 'model.bin')
    process, results, camera = classifier(model=path, runtime=runtime, top_k=10)
    assert shown in process.output
    found = ros.ask(camera, make_image('nv12'), results)
    nv12 = Nv12Converter(width=224, height=224).convert(encode(photograph, 'nv12'))
    expected = Prediction.from_output(MODEL.scores(nv12), top_k=10)
    assert [int(r.class_id) for r in found.results] == list(expected.class_ids)
    np.testing.assert_allclose([r.score for r in found.results], expected.scores, rtol=1e-6)
    assert process.stop() == 0


def test_results_of_two_slots_keep_order_and_values(
        ros, classifier, make_image, libdnn_path, tmp_path):
    """A fast camera keeps both slots busy; no result has the values of another frame."""
    ros.environment['EDGENEXT_LIBDNN'] = str(libdnn_path)
    process, results, camera = classifier(
        model=MODEL.write(tmp_path / 'model.bin'), runtime='libdnn', top_k=10)
    convert = Nv12Converter(width=224, height=224).convert
    expected, images = {}, []
    for number in range(300):
        image = make_image('mono8')
        image.data = array('B', bytes([number * 37 % 256]) * len(image.data))
        frame = Frame('mono8', image.width, image.height, image.step,
                      np.frombuffer(image.data, np.uint8))
        expected[stamp(image)] = Prediction.from_output(MODEL.scores(convert(frame)), top_k=10)
        images.append(image)
    ros.ask(camera, images[0], results)
    results.clear()
    for image in images[1:]:
        camera.publish(image)
        ros.executor.spin_once(timeout_sec=0)
    ros.wait(lambda: results and stamp(results[-1]) == stamp(images[-1]), what='the last one')
    stamps = [stamp(result) for result in results]
    assert stamps == sorted(set(stamps)) and len(stamps) > 10
    for result in results:
        wanted = expected[stamp(result)]
        assert [int(r.class_id) for r in result.results] == list(wanted.class_ids)
        np.testing.assert_allclose(
            [r.score for r in result.results], wanted.scores, rtol=1e-6)
    assert process.stop() == 0


def stamp(message):
    """Return a message's stamp in nanoseconds."""
    return message.header.stamp.sec * 10**9 + message.header.stamp.nanosec


def test_node_runs_the_demo_bin_in_the_simulator(
        ros, classifier, make_image, photograph, toolchain):
    process, results, camera = classifier(model='demo', runtime='simulator', top_k=100)
    assert f'BPU simulator, hbdk {toolchain.version}' in process.output
    found = ros.ask(camera, make_image('nv12'), results)
    engine, info = open_model(locate('demo', suffixes=('.bin',)).path, runtime='simulator')
    nv12 = Nv12Converter(width=224, height=224).convert(encode(photograph, 'nv12'))
    expected = Prediction.from_output(infer(engine, nv12), top_k=info.classes)
    engine.close()
    assert [int(r.class_id) for r in found.results] == list(expected.class_ids)
    np.testing.assert_allclose([r.score for r in found.results], expected.scores, rtol=1e-6)
    camera.publish(make_image('nv12'))
    ros.executor.spin_once(timeout_sec=0.3)
    assert process.stop() == 0  # while a picture is in work
