# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Parameters: a change applies to the next frame, or is refused with a reason and no effect."""

from dataclasses import fields
from pathlib import Path
import shlex

from edgenext_ros.cli.parameters import markdown
from edgenext_ros.core.frame import Frame
from edgenext_ros.core.nv12 import Nv12Converter
from edgenext_ros.ros.messages import Classification
from edgenext_ros.ros.parameters import Parameters
from edgenext_ros.ros.settings import (
    CameraSettings,
    checked_value,
    ClassifierSettings,
    ParameterError,
    rule_of,
)
from helpers.parameters import message
import numpy as np
import pytest
from rcl_interfaces.srv import (
    DescribeParameters,
    GetParameters,
    SetParameters,
    SetParametersAtomically,
)
import rclpy.parameter
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image
import yaml

PICTURES = Path(__file__).parents[2] / 'resource' / 'pictures'
TABLE = {entry.name: entry for entry in fields(ClassifierSettings)}


@pytest.mark.parametrize('name,value,reason', [
    ('top_k', 0, "'top_k' must be 1 to 100, got 0"), ('top_k', 'x', 'expects int, got str'),
    ('top_k', True, 'expects int, got bool'), ('score_threshold', 1.5, 'must be 0.0 to 1.0'),
    ('score_threshold', float('nan'), 'must be 0.0 to 1.0'),
    ('fit', 'squeeze', 'must be one of stretch, letterbox, crop'),
    ('autostart', 1, 'expects bool')])
def test_wrong_values_are_refused(name, value, reason):
    with pytest.raises(ParameterError, match=reason):
        checked_value(TABLE[name], value)


@pytest.mark.parametrize('name', ['fit', 'yuv_range'])
def test_converter_takes_every_choice_of_parameter(name):
    for choice in rule_of(TABLE[name]).choices:
        converter = Nv12Converter(width=32, height=32, **{name: choice})
        assert converter.convert(Frame.from_image(np.zeros((48, 64, 3), np.uint8))).size == 1536


def test_integer_is_accepted_for_float_parameter():
    assert checked_value(TABLE['score_threshold'], 1) == 1.0


def test_live_changes_apply_and_wrong_ones_change_nothing(ros, classifier, make_image):
    _, results, camera = classifier()
    assert len(ros.ask(camera, make_image(), results).results) == 5

    def set_all(kind, **values):
        answer = ros.call(kind, '/classifier/' + {
            SetParameters: 'set_parameters',
            SetParametersAtomically: 'set_parameters_atomically'}[kind],
            parameters=[message(n, v) for n, v in values.items()])
        return answer.results if kind is SetParameters else [answer.result]

    assert set_all(SetParameters, top_k=2)[0].successful
    assert len(ros.ask(camera, make_image(), results).results) == 2
    assert set_all(SetParameters, score_threshold=1)[0].successful
    assert not ros.ask(camera, make_image(), results).results
    assert set_all(SetParameters, score_threshold=0.0)[0].successful

    refused = [set_all(SetParameters, top_k=0)[0],
               set_all(SetParameters, fit='squeeze')[0],
               set_all(SetParameters, input_type='compressed')[0],
               set_all(SetParameters, model='xx_small')[0],
               set_all(SetParametersAtomically, top_k=7, fit='squeeze')[0]]
    assert not any(r.successful for r in refused)
    assert 'stretch, letterbox, crop' in refused[1].reason
    assert 'while the node is unconfigured' in refused[2].reason
    assert refused[3].reason.endswith("model 'demo' stays in use")
    assert len(ros.ask(camera, make_image(), results).results) == 2
    values = ros.call(GetParameters, '/classifier/get_parameters', names=['top_k', 'fit']).values
    assert (values[0].integer_value, values[1].string_value) == (2, 'crop')


class Node:
    """The methods that ``Parameters`` calls on its node."""

    def __init__(self, state, **values):
        self.state, self._values = state, values

    def get_fully_qualified_name(self):
        return '/robot/classifier'

    def declare_parameter(self, name, default, descriptor):
        return rclpy.parameter.Parameter(name, value=self._values.get(name, default))

    def set_descriptor(self, name, descriptor):
        """Do nothing."""


@pytest.mark.parametrize('state,first,last', [
    ('active', 'ros2 lifecycle set /robot/classifier deactivate',
     'ros2 lifecycle set /robot/classifier activate'),
    ('inactive', 'ros2 lifecycle set /robot/classifier cleanup',
     'ros2 lifecycle set /robot/classifier configure')])
@pytest.mark.parametrize('name,value,written', [
    ('input_type', 'compressed', 'compressed'), ('priority', 7, '7'),
    ('autostart', False, 'false')])
def test_refused_change_gives_the_commands_for_it(state, first, last, name, value, written):
    table = Parameters(Node(state, labels='a'), ClassifierSettings())
    with pytest.raises(ParameterError) as caught:
        table.change([rclpy.parameter.Parameter(name, value=value)], configured=True)
    commands = str(caught.value).partition(' is unconfigured: ')[2].split(' && ')
    assert (commands[0], commands[-1]) == (first, last)
    assert f'ros2 param set /robot/classifier {name} {written}' in commands
    given = shlex.split(commands[len(commands) // 2])[-1]
    assert yaml.safe_load(given) == value, 'ros2 param set reads YAML'


def test_every_parameter_is_described(ros, classifier):
    classifier()
    found = ros.call(DescribeParameters, '/classifier/describe_parameters', names=list(TABLE))
    assert len(found.descriptors) == len(TABLE)
    for descriptor in found.descriptors:
        rule = rule_of(TABLE[descriptor.name])
        assert descriptor.description == rule.description
        assert rule.constraint in descriptor.additional_constraints
        ranges = [*descriptor.integer_range, *descriptor.floating_point_range]
        assert [(r.from_value, r.to_value) for r in ranges] == (
            [] if rule.low is None else [(rule.low, rule.high)])


@pytest.mark.parametrize('parameters,sentence', [
    ({'top_k': 200}, "parameter 'top_k' must be 1 to 100"),
    ({'score_threshold': 'high'}, "parameter 'score_threshold' expects float, got str 'high'"),
    ({'runtime': 'gpu'}, "parameter 'runtime' must be one of auto, libdnn"),
], ids=lambda value: next(iter(value)) if isinstance(value, dict) else '')
def test_wrong_initial_values_end_the_node_with_one_sentence(ros, parameters, sentence):
    process = ros.start('node', **parameters)
    assert process.process.wait(30) == 1
    assert sentence in process.output
    assert 'Traceback' not in process.output
    assert len(process.output.splitlines()) == 1


@pytest.mark.parametrize('text', [None, 'a: [', '/**:\n  top_k: 3\n'],
                         ids=['missing', 'broken', 'without ros__parameters'])
def test_unreadable_parameter_file_ends_node_with_its_name(ros, tmp_path, text):
    path = tmp_path / 'parameters.yaml'
    if text is not None:
        path.write_text(text)
    process = ros.start('node', '--params-file', str(path))
    assert process.process.wait(30) == 1
    assert 'parameters.yaml' in process.output
    assert 'Traceback' not in process.output


def test_classifier_yaml_holds_every_default(request):
    path = request.config.rootpath / 'config' / 'classifier.yaml'
    values = yaml.safe_load(path.read_text())['/**']['ros__parameters']
    assert values == {name: entry.default for name, entry in TABLE.items()}


@pytest.mark.parametrize('table', [ClassifierSettings, CameraSettings])
def test_interface_page_has_parameter_tables(request, table):
    assert markdown(table) in (request.config.rootpath / 'docs' / 'interface.md').read_text()


def test_qos_override_stays_with_its_topic(ros):
    name = 'qos_overrides./classification.publisher.reliability'
    ros.start('node', **{name: 'best_effort'})

    def reliability(topic):
        found = ros.wait(lambda: ros.node.get_publishers_info_by_topic(topic), what=topic)
        return found[0].qos_profile.reliability

    assert reliability('/classification') == ReliabilityPolicy.BEST_EFFORT
    assert reliability('/classifier/annotated_image') == ReliabilityPolicy.RELIABLE


@pytest.mark.parametrize('topic,policy,value,says', [
    ('image.subscription', 'reliability', 'foo', 'must be one of system_default, reliable, best'),
    ('image.subscription', 'depth', -1, 'must be 1 to 2147483647, got -1'),
    ('image.subscription', 'depth', 2 ** 31, 'must be 1 to 2147483647, got 2147483648'),
    ('image.subscription', 'depth', 'abc', "must be 1 to 2147483647, got 'abc'"),
    ('image.subscription', 'history', 'unknown', 'must be one of system_default, keep_last, keep'),
    ('classification.publisher', 'reliability', True, 'got True'),
    ('classifier/annotated_image.publisher', 'depth', 0, 'got 0'),
    ('classifier/targets.publisher', 'depth', 0, 'got 0'),
    ('classification.publisher', 'durability', 'foo', 'transient_local, volatile')])
def test_invalid_qos_override_ends_node_in_one_sentence(ros, topic, policy, value, says):
    name = f'qos_overrides./{topic}.{policy}'
    process = ros.start('node', **{name: value})
    assert process.process.wait(20) == 1
    assert f"parameter '{name}'" in process.output and says in process.output
    assert process.output.count('\n') == 1


def test_transient_local_image_from_before_the_start_is_classified(ros, make_image):
    camera = ros.node.create_publisher(
        Image, 'image', QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    camera.publish(make_image())
    results = ros.collect(Classification, 'classification')
    policies = {'durability': 'transient_local', 'reliability': 'reliable'}
    ros.start('node', **{f'qos_overrides./image.subscription.{policy}': value
                         for policy, value in policies.items()})
    ros.wait(lambda: results, what='the result of an image from before the start')


@pytest.mark.parametrize('module,topic,folder', [
    ('node', '/image.subscription', {}),
    ('camera.node', '/image.publisher', {'source': PICTURES})])
def test_unused_qos_overrides_give_one_warning(ros, request, module, topic, folder):
    process = ros.start(
        module, **{name: request.config.rootpath / path for name, path in folder.items()},
        **{f'qos_overrides.{topic}.lifespan': 1, f'qos_overrides.{topic}.depth': 3,
           'qos_overrides./imgae.subscription.depth': 2})
    ros.wait(lambda: 'POLICY one of' in process.output, what='the warning')
    line, = (line for line in process.output.splitlines() if 'ignored: ' in line)
    assert f'{topic}.lifespan' in line and '/imgae.subscription.depth;' in line
    assert f'{topic}.depth' not in line and topic in line.partition('TOPIC one of')[2]


def test_raised_max_rate_applies_to_next_frame(ros, classifier, make_image):
    _, results, camera = classifier(max_rate=0.01)
    ros.ask(camera, make_image(), results)
    answer = ros.call(SetParameters, '/classifier/set_parameters',
                      parameters=[message('max_rate', 30.0)])
    assert answer.results[0].successful
    ros.ask(camera, make_image(), results)


@pytest.mark.parametrize('kind', [SetParameters, SetParametersAtomically])
@pytest.mark.parametrize('module,node,near', [
    ('node', '/classifier', 'top_k'),
    ('camera.node', '/camera', 'rate')], ids=['classifier', 'camera'])
def test_unknown_parameter_is_refused_by_its_name(ros, module, node, near, kind):
    ros.start(module, **{'source': PICTURES} if module == 'camera.node' else {})
    service = 'set_parameters' + '_atomically' * (kind is SetParametersAtomically)
    for name, hint in ((f'{near}s', f'; did you mean {near!r}?'), ('no_such_thing', '')):
        answer = ros.call(kind, f'{node}/{service}', parameters=[message(name, 1)])
        (result,) = answer.results if kind is SetParameters else [answer.result]
        assert not result.successful
        assert result.reason == f'Invalid access to undeclared parameter(s): {name!r}{hint}'
