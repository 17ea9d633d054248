# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""First week, behaviours 8 to 13: subscribers, cameras that come and go, names, parameters."""

import shutil

import cv2
from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.ros import messages
from edgenext_ros.ros.messages import Classification
from helpers.diagnosed import status
from helpers.lifecycle import ACTIVATE, change, CLEANUP, CONFIGURE, DEACTIVATE, state
from helpers.parameters import message, set_parameters
from helpers.ros_graph import BEST_EFFORT, LATCHED, RELIABLE
from helpers.wrong_models import demo_model
from rcl_interfaces.srv import DescribeParameters, GetParameters, SetParametersAtomically
from vision_msgs.msg import VisionInfo


def test_08_late_joiners_of_every_quality(ros, classifier, make_image):
    """Reliable and best-effort subscribers work; late ones get labels and model immediately."""
    _, results, camera = classifier()
    ros.ask(camera, make_image(), results)
    late = [ros.collect(Classification, 'classification', qos) for qos in (RELIABLE, BEST_EFFORT)]
    info = ros.collect(VisionInfo, '/classifier/vision_info', LATCHED)
    labels = ros.collect(messages.LabelInfo, '/classifier/label_info', LATCHED)
    ros.wait(lambda: info and labels, what='the latched messages')
    assert len(labels[0].class_map) == 100
    image = make_image()
    ros.repeat(camera, image, lambda: all(late))
    assert {r.header.stamp.sec for heard in late for r in heard} == {image.header.stamp.sec}


def test_09_the_camera_is_late_unplugged_restarted(ros, photograph, tmp_path):
    """Without images there is a warning, then an error; the node continues when images arrive."""
    cv2.imwrite(str(tmp_path / 'a.png'), photograph)
    node = ros.start('node', image_timeout=0.4)
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    results = ros.collect(Classification, 'classification')
    ros.wait(lambda: (status(diagnostics) or (0, ''))[1].endswith(
        'none since the start: nobody publishes /image'))
    camera = ros.start('camera.node', source=tmp_path / 'a.png')
    ros.wait(lambda: 'classifications a second' in status(diagnostics)[1])
    ros.wait(lambda: results, what='a result')
    camera.kill()
    since = len(diagnostics)
    ros.wait(lambda: status(diagnostics)[0] == 2, what='an error')
    assert status(diagnostics)[1].startswith('no image for')
    levels = [status([message])[0] for message in diagnostics[since:]]
    assert levels == sorted(levels)
    results.clear()
    ros.start('camera.node', source=tmp_path / 'a.png')
    ros.wait(lambda: results, what='a result')
    ros.wait(lambda: node.output.count('images arrive on /image') == 2, what='the news')
    assert 's: nobody publishes /image' in node.output
    assert node.process.poll() is None and node.output.count('model demo') == 1


def test_10_two_nodes_two_cameras_and_one_name_twice(ros, make_image, tmp_path):
    """Namespaces and remapping separate nodes; a second node of the same name gives a warning."""
    path = tmp_path / 'both.yaml'
    path.write_text('/**:\n  ros__parameters:\n    top_k: 2\n')
    nodes = [ros.start('node', '-r', f'__ns:=/{name}', '-r', f'image:={topic}',
                       '--params-file', str(path))
             for name, topic in (('left', 'image'), ('right', '/shared/picture'))]
    left, right = (ros.collect(Classification, f'/{name}/classification')
                   for name in ('left', 'right'))
    cameras = [ros.publisher(topic='/left/image'), ros.publisher(topic='/shared/picture')]
    for camera, mine, others in ((cameras[0], left, right), (cameras[1], right, left)):
        before = len(others)
        assert len(ros.ask(camera, make_image(), mine).results) == 2
        assert len(others) == before
    twin = ros.start('node', '-r', '__ns:=/left')
    twins = ros.wait(lambda: len(ros.node.get_subscriptions_info_by_topic('/left/image')) == 2)
    warning = 'another node is named /left/classifier too'
    ros.wait(lambda: warning in nodes[0].output and warning in twin.output, what='the warnings')
    assert twins and warning not in nodes[1].output and twin.stop() == 0
    ros.ask(cameras[0], make_image(), left)


def test_11_parameters_set_well_and_badly(ros, classifier, make_image):
    """Good values apply to the next frame; bad ones are refused with a reason and no effect."""
    _, results, camera = classifier()
    assert set_parameters(ros, top_k=2)[0].successful
    assert len(ros.ask(camera, make_image(), results).results) == 2
    for name, value, reason in (('top_k', 0, '100'), ('top_k', 'x', 'expects int'),
                                ('fit', 'squeeze', 'stretch, letterbox, crop'),
                                ('bpu_core', 1, 'ros2 lifecycle set /classifier deactivate'),
                                ('no_such', 1, 'undeclared')):
        (answer,) = set_parameters(ros, **{name: value})
        assert not answer.successful and reason in answer.reason
    several = ros.call(SetParametersAtomically, '/classifier/set_parameters_atomically',
                       parameters=[message('top_k', 7), message('fit', 'squeeze')])
    assert not several.result.successful
    values = ros.call(GetParameters, '/classifier/get_parameters',
                      names=['top_k', 'fit', 'bpu_core']).values
    assert [values[0].integer_value, values[1].string_value, values[2].integer_value] == [
        2, 'crop', 0]
    (top_k,) = ros.call(DescribeParameters, '/classifier/describe_parameters',
                        names=['top_k']).descriptors
    assert 'Classes in a result' in top_k.description and top_k.integer_range[0].to_value == 100
    assert len(ros.ask(camera, make_image(), results).results) == 2


YAML_SLIPS = [
    ('top_k: 3\n', 'parameters.yaml'),  # without ros__parameters
    ('ros__parameters: {top_k: []}\n', "'top_k'"),
]


def test_12_slips_in_a_parameter_file(ros, tmp_path):
    """1 is read as 1.0, a misspelt name gives a warning, and a wrong file ends the node."""
    path = tmp_path / 'parameters.yaml'
    path.write_text('/**:\n  ros__parameters:\n    score_threshold: 1\n    scor_threshold: 0.5\n')
    good = ros.start('node', '--params-file', str(path))
    ros.wait(lambda: 'model demo' in good.output, what='the start')
    assert "'scor_threshold' is ignored; did you mean 'score_threshold'?" in good.output
    for text, sentence in YAML_SLIPS:
        path.write_text(f'/**:\n  {text}')
        bad = ros.start('node', '--params-file', str(path))
        assert bad.process.wait(30) == 1, text
        assert sentence in bad.output and bad.output.count('[FATAL]') == 1
        assert 'Traceback' not in bad.output


def test_13_another_model_at_run_time(ros, classifier, make_image, tmp_path):
    """Another model is swapped in between two images; one that does not load is refused."""
    _, results, camera = classifier()
    info = ros.collect(VisionInfo, '/classifier/vision_info', LATCHED)
    ros.wait(lambda: info, what='vision info')
    (refused,) = set_parameters(ros, model='/nowhere.onnx')
    assert not refused.successful and refused.reason.endswith("model 'demo' stays in use")
    ros.ask(camera, make_image(), results)
    other = shutil.copy(demo_model(), tmp_path / 'other.onnx')
    (taken,) = set_parameters(ros, model=str(other))
    assert taken.successful, taken.reason
    ros.ask(camera, make_image(), results)
    ros.wait(lambda: info[-1].database_version == 2, what='the new version')
    assert info[-1].method.startswith('other on ')
    # Cleanup and configure also change the model.
    assert change(ros, DEACTIVATE) and change(ros, CLEANUP)
    assert set_parameters(ros, model='/nowhere.onnx')[0].successful
    assert not change(ros, CONFIGURE) and state(ros) == 'unconfigured'
    assert set_parameters(ros, model='demo')[0].successful
    assert change(ros, CONFIGURE) and change(ros, ACTIVATE)
    ros.ask(camera, make_image(), results)
    ros.wait(lambda: info[-1].database_version == 3, what='the next version')
