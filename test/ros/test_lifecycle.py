# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Lifecycle of the classifier: start, transitions, wrong models, signals."""

import re
import signal

from diagnostic_msgs.msg import DiagnosticArray
from edgenext_ros.ros.messages import Classification
from helpers.diagnosed import status
from helpers.lifecycle import ACTIVATE, change, CLEANUP, CONFIGURE, DEACTIVATE, state
from helpers.wrong_models import WRONG_MODELS
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
import pytest
from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from std_srvs.srv import Trigger


def test_node_without_autostart_waits_and_cycles(ros, make_image):
    process = ros.start('node', autostart=False)
    results = ros.collect(Classification, 'classification')
    for _ in range(3):
        assert state(ros) == 'unconfigured'
        assert ('autostart is false: waiting for "ros2 lifecycle set /classifier configure", then '
                '"ros2 lifecycle set /classifier activate"') in process.output
        assert change(ros, CONFIGURE)
        assert change(ros, ACTIVATE)
        camera = ros.publisher()
        ros.ask(camera, make_image(), results)
        assert change(ros, DEACTIVATE)
        assert 'deactivated: no image is taken until "activate"' in process.output
        assert change(ros, CLEANUP)
        ros.node.destroy_publisher(camera)
    assert change(ros, CONFIGURE)
    assert change(ros, ACTIVATE)
    assert process.stop() == 0
    assert 'Traceback' not in process.output


def test_illegal_transition_is_refused_and_logged(ros):
    process = ros.start('node', autostart=False)
    assert not change(ros, ACTIVATE)
    assert not change(ros, CLEANUP)
    assert not change(ros, 250)
    assert state(ros) == 'unconfigured'
    waiting, *refusals = process.output.splitlines()
    assert 'autostart is false: waiting for' in waiting and len(refusals) == 3
    for line, name in zip(refusals, ("'activate'", "'cleanup'", '250'), strict=True):
        assert f"transition {name} is not possible in state 'unconfigured'" in line
    assert change(ros, CONFIGURE)
    assert not change(ros, CONFIGURE)
    assert state(ros) == 'inactive'
    assert process.output.count('autostart') == 1


@pytest.mark.parametrize('transition', [{'id': CONFIGURE}, {'label': 'configure'}], ids=str)
def test_refused_configure_of_an_active_node_names_autostart(ros, classifier, transition):
    process, _, _ = classifier(image_timeout=60.0)  # no other line in the log
    ros.wait(lambda: 'listening on' in process.output, what='the start')
    before = len(process.output)
    assert not ros.call(ChangeState, '/classifier/change_state',
                        transition=Transition(**transition)).success
    (line,) = process.output[before:].splitlines()
    assert "transition 'configure' is not possible in state 'active'" in line
    assert '"autostart: false"' in line and 'nav2_lifecycle_manager' in line
    assert state(ros) == 'active'


@pytest.mark.parametrize('parameters,sentence', [
    ({}, 'listening on /image (sensor_msgs/msg/Image), classifications on /classification '
     '(vision_msgs/msg/'),
    ({'input_type': 'compressed'}, 'listening on /image (sensor_msgs/msg/CompressedImage), '),
], ids=str)
def test_activation_logs_both_topics_once(ros, classifier, parameters, sentence):
    process, _, _ = classifier(**parameters)
    ros.wait(lambda: 'listening on' in process.output, what='the line')
    assert sentence in process.output and process.output.count('listening on') == 1
    (line,) = [line for line in process.output.splitlines() if 'runtime auto' in line]
    assert re.search(r'runtime auto: onnx \(ONNX Runtime [\d.]+\); '
                     r'"edgenext runtimes" shows why others do not work$', line)


def test_activation_logs_remapped_topics(ros):
    process = ros.start('node', '-r', '__ns:=/robot', '-r', 'image:=/camera/image_raw',
                        '-r', 'classification:=seen')
    ros.wait(lambda: 'listening on' in process.output, what='the line')
    assert 'listening on /camera/image_raw (' in process.output
    assert 'classifications on /robot/seen (' in process.output
    assert 'pictures with them on /robot/classifier/annotated_image' in process.output


@pytest.mark.parametrize('make,sentence', WRONG_MODELS.values(), ids=WRONG_MODELS)
def test_wrong_model_ends_node_in_one_sentence_with_exit_code_1(ros, tmp_path, make, sentence):
    ros.environment['XDG_CACHE_HOME'] = ros.environment['EDGENEXT_TOOLCHAIN'] = str(tmp_path)
    process = ros.start('node', model=make(tmp_path))
    assert process.process.wait(30) == 1
    assert sentence in process.output
    assert 'configure failed: ' in process.output
    assert 'Traceback' not in process.output


@pytest.mark.parametrize('count', [99, 101])
def test_wrong_number_of_labels_is_refused(ros, tmp_path, count):
    labels = tmp_path / 'labels.txt'
    labels.write_text('\n'.join(f'class {i}' for i in range(count)))
    process = ros.start('node', labels=labels)
    assert process.process.wait(30) == 1
    assert f'expected 100 names, one for each class of the model, found {count}' in process.output
    assert 'Traceback' not in process.output


def test_node_configures_after_failed_configure(ros, tmp_path, make_image):
    process = ros.start('node', autostart=False, model=tmp_path / 'none.onnx')
    diagnostics = ros.collect(DiagnosticArray, '/diagnostics')
    ros.wait(lambda: status(diagnostics) and status(diagnostics)[:2] == (0, 'unconfigured'))
    assert not change(ros, CONFIGURE)
    assert state(ros) == 'unconfigured'
    reason = f"configure failed: model '{tmp_path}/none.onnx': not a file"
    assert reason in process.output
    ros.wait(lambda: status(diagnostics)[0] == 2, what='an error in the diagnostics')
    assert status(diagnostics)[1].startswith(reason)
    answer = ros.call(Trigger, '/classifier/classify_once')
    assert answer.message.startswith(f'the node is unconfigured, {reason}')
    assert answer.message.endswith(
        ': "ros2 lifecycle set /classifier configure" and "activate" first')
    value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value='demo')
    answer = ros.call(SetParameters, '/classifier/set_parameters',
                      parameters=[Parameter(name='model', value=value)])
    assert answer.results[0].successful
    assert change(ros, CONFIGURE)
    ros.wait(lambda: status(diagnostics)[:2] == (0, 'inactive'), what='the end of the error')
    assert change(ros, ACTIVATE)
    results = ros.collect(Classification, 'classification')
    ros.ask(ros.publisher(), make_image(), results)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_signal_under_traffic_ends_node_cleanly(ros, classifier, make_image, number):
    process, results, camera = classifier()
    ros.ask(camera, make_image(), results)
    for _ in range(5):
        camera.publish(make_image())
    assert process.stop(number) == 0
    assert 'Traceback' not in process.output
    assert 'rror' not in process.output


def test_signal_during_start_ends_node_cleanly(ros):
    process = ros.start('node')
    ros.wait(lambda: '/classifier' in [f'{ns}{name}'.replace('//', '/') for name, ns
                                       in ros.node.get_node_names_and_namespaces()])
    assert process.stop() == 0
    assert 'Traceback' not in process.output
