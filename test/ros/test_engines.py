# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node on each of the board's engines, against the vendor's stand-ins."""

from edgenext_ros.core.encode import encode
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.core.prediction import Prediction
from edgenext_ros.models.store import locate
from edgenext_ros.runtime import open_model
import numpy as np
import pytest
from standin_model import StandInModel

MODEL = StandInModel(w=224, h=224, classes=10)


@pytest.mark.parametrize('runtime,shown', [
    ('auto', 'libdnn 0.0.1-standin'), ('hbm_runtime', 'hbm_runtime '),
    ('hobot_dnn', 'hobot_dnn.pyeasy_dnn ')])
def test_the_node_runs_a_bin(ros, classifier, make_image, photograph, libdnn_path, tmp_path,
                             request, runtime, shown):
    stand_ins = request.config.rootpath / 'test' / 'stand_ins'
    ros.environment['EDGENEXT_LIBDNN'] = str(libdnn_path)
    ros.environment['PYTHONPATH'] = f'{stand_ins}:{ros.environment.get("PYTHONPATH", "")}'
    path = MODEL.write(tmp_path / 'model.bin')
    process, results, camera = classifier(model=path, runtime=runtime, top_k=10)
    assert shown in process.output
    found = ros.ask(camera, make_image('nv12'), results)
    nv12 = Nv12Converter(width=224, height=224).convert(encode(photograph, 'nv12'))
    expected = Prediction.from_output(MODEL.scores(nv12), top_k=10)
    assert [int(r.class_id) for r in found.results] == list(expected.class_ids)
    np.testing.assert_allclose([r.score for r in found.results], expected.scores, rtol=1e-6)
    assert process.stop() == 0


def test_the_node_runs_the_real_bin_in_the_simulator(ros, classifier, make_image, photograph,
                                                     toolchain):
    process, results, camera = classifier(model='demo', runtime='simulator', top_k=100)
    assert f'BPU simulator, hbdk {toolchain.version}' in process.output
    found = ros.ask(camera, make_image('nv12'), results)
    engine, info = open_model(locate('demo', suffixes=('.bin',)).path, runtime='simulator')
    nv12 = Nv12Converter(width=224, height=224).convert(encode(photograph, 'nv12'))
    expected = Prediction.from_output(engine.infer(nv12), top_k=info.classes)
    engine.close()
    assert [int(r.class_id) for r in found.results] == list(expected.class_ids)
    np.testing.assert_allclose([r.score for r in found.results], expected.scores, rtol=1e-6)
    camera.publish(make_image('nv12'))
    ros.executor.spin_once(timeout_sec=0.3)
    assert process.stop() == 0  # In the middle of a picture.
