# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Warnings of parameters on the command line that apply to other nodes only."""

from unittest.mock import Mock

from edgenext_ros.ros.arguments import warn_of_ignored_parameters
from edgenext_ros.ros.parameter_files import ignored
import pytest

FILE = '{}:\n  ros__parameters:\n    top_k: 2\n'


def warnings(arguments, *names):
    """Return the warnings of nodes with these names for the arguments."""
    nodes = [Mock(**{'get_fully_qualified_name.return_value': name}) for name in names]
    warn_of_ignored_parameters(nodes, ['classifier_node', *arguments])
    assert all(not node.get_logger.called for node in nodes[1:])
    return [call.args[0] for call in nodes[0].get_logger.return_value.warning.call_args_list]


@pytest.mark.parametrize('section,names,says', [
    ('classifier_node', ['/classifier'], 'classifier_node only, this node is /classifier'),
    ('/classifier', ['/robot/classifier'], 'classifier only, this node is /robot/classifier'),
    ('front', ['/front/classifier', '/rear/classifier'],
     'front only, these nodes are /front/classifier, /rear/classifier'),
    ('/**', ['/classifier'], ''), ('classifier', ['/classifier'], ''),
    ('/*', ['/classifier'], ''),
    ('rear/classifier', ['/front/classifier', '/rear/classifier'], ''),
])
def test_parameter_file_for_other_nodes_gives_a_warning(tmp_path, section, names, says):
    path = tmp_path / 'mine.yaml'
    path.write_text(FILE.format(section))
    expected = [f'{path} has parameters for {says}: they are ignored'] if says else []
    assert warnings(['--ros-args', '--params-file', str(path)], *names) == expected


@pytest.mark.parametrize('arguments,says', [
    (['-p', 'classifier_node:top_k:=2'],
     '"-p classifier_node:top_k:=2" has parameters for classifier_node only, this node is '
     '/classifier: they are ignored'),
    (['--param', 'classifier:top_k:=2'], ''), (['-p', 'model:=a:b'], ''),
    (['--params-file', '/nope.yaml'], ''), (['--params-file', '/dev/zero'], ''),
    (['--', '--params-file', 'FILE'], ''), (['--params-file'], '')], ids=str)
def test_parameters_for_other_nodes_give_a_warning(tmp_path, arguments, says):
    (tmp_path / 'mine.yaml').write_text(FILE.format('other'))
    words = [word.replace('FILE', str(tmp_path / 'mine.yaml')) for word in arguments]
    assert warnings(['--ros-args', *words], '/classifier') == ([says] if says else [])


@pytest.mark.parametrize('content', [b'', b'a: [', b'- a', b'\xff', b'a: &a\n  b: *a', b'a: 1'])
def test_unreadable_parameter_file_is_left_to_rcl(tmp_path, content):
    path = tmp_path / 'mine.yaml'
    path.write_bytes(content)
    assert warnings(['--ros-args', '--params-file', str(path)], '/classifier') == []


def test_warning_of_many_node_names_is_shortened():
    assert ignored('FILE', [f'/n{i}' for i in range(8)], ['/classifier']) == (
        'FILE has parameters for n0, n1, n2, n3, n4 and 3 more only, this node is /classifier: '
        'they are ignored')


def test_node_warns_of_parameter_file_for_another_node(ros, tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text(FILE.format('classifier_node'))
    process = ros.start('node', '--params-file', str(path))
    ros.wait(lambda: 'model demo' in process.output, what='the start')
    assert f'{path} has parameters for classifier_node only, this node is /classifier: they are ' \
        'ignored' in process.output


@pytest.mark.parametrize('content', ['classifier:\n  ros_parameters:\n    top_k: 3\n',
                                     'top_k: 3\n'], ids=['one underscore', 'flat'])
def test_parameter_file_of_another_form_is_refused_with_the_right_one(ros, tmp_path, content):
    path = tmp_path / 'mine.yaml'
    path.write_text(content)
    process = ros.start('node', '--params-file', str(path))
    assert process.process.wait(30) == 1
    last = process.output.splitlines()[-1]
    assert str(path) in last and last.endswith('"/**: {ros__parameters: {top_k: 3}}"')


@pytest.mark.parametrize('words,says', [
    (['-r', 'model:=/x.onnx'],
     'expected "-r image:=/topic" for a topic, and "-p NAME:=VALUE" for a parameter'),
    (['-p', 'model=/x'], 'expected "-p NAME:=VALUE"'),
    (['--params-file', '/nope.yaml'], "'--params-file /nope.yaml'. Error: Error opening YAML file")
], ids=lambda value: ' '.join(value) if isinstance(value, list) else '')
def test_argument_of_another_form_is_refused_with_the_right_one(ros, words, says):
    process = ros.start('node', *words)
    assert process.process.wait(30) == 1
    assert process.output.splitlines()[-1].endswith(says)
