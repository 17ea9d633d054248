# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Launch arguments: cameras, tuning, and what they leave to params_file."""

import os

from helpers.launching import describe, launched, NEEDS_LAUNCH, ROOT
import pytest

pytestmark = NEEDS_LAUNCH

TUNING = {
    'labels': ('/my/labels.txt', '/my/labels.txt'), 'fit': ('stretch', 'stretch'),
    'top_k': ('3', 3), 'score_threshold': ('0.25', 0.25), 'class_id': ('name', 'name'),
    'max_rate': ('5', 5.0), 'lazy': ('true', True), 'smoothing': ('1', 1.0)}
WRONG = [
    ('fit', 'tile', "fit 'tile': expected one of stretch, letterbox, crop"),
    ('top_k', '0', "top_k '0': expected a whole number, 1 to 100"),
    ('top_k', '2.5', "top_k '2.5': expected a whole number, 1 to 100"),
    ('score_threshold', 'high', "score_threshold 'high': expected a number, 0.0 to 1.0"),
    ('score_threshold', 'nan', "score_threshold 'nan': expected a number, 0.0 to 1.0"),
    ('class_id', 'label', "class_id 'label': expected one of index, name"),
    ('max_rate', '-1', "max_rate '-1': expected a number, 0.0 to 1000.0"),
    ('lazy', 'maybe', "lazy 'maybe': expected true or false"),
    ('smoothing', '61', "smoothing '61': expected a number, 0.0 to 60.0")]
BOTH = pytest.mark.parametrize('launch', ['classifier', 'multi_classifier'])


def node_of(launch, **given):
    """Return the context, and the action that starts the node with these arguments."""
    from launch import LaunchContext
    description = describe(ROOT / 'launch' / f'{launch}.launch.py')
    context = LaunchContext()
    if launch == 'multi_classifier' and 'camera' not in given:
        given.setdefault('cameras', 'front rear')
    for argument in description.get_launch_arguments():
        context.launch_configurations[argument.name] = given.pop(
            argument.name, ''.join(part.text for part in argument.default_value))
    assert not given, 'arguments that the launch file does not declare'
    (node,) = description.entities[-1].execute(context)
    return context, node


def parameters_of(launch, **given):
    """Return the parameters that these arguments set, without those of params_file."""
    from launch_ros.utilities import evaluate_parameters
    context, node = node_of(launch, **given)
    _, *values = evaluate_parameters(context, node._Node__parameters)
    return {name: value for part in values for name, value in part.items()}


def remappings_of(launch, **given):
    _, node = node_of(launch, **given)
    return [tuple(''.join(part.text for part in side) for side in pair)
            for pair in node._Node__remappings]


@BOTH
@pytest.mark.parametrize('name,text,value', [(name, *pair) for name, pair in TUNING.items()])
def test_tuning_argument_sets_its_parameter_alone(launch, name, text, value):
    found = parameters_of(launch, **{name: text})
    assert found == {name: value}
    assert type(found[name]) is type(value)


@BOTH
def test_arguments_that_are_not_given_leave_params_file_alone(launch):
    assert parameters_of(launch) == {}


@BOTH
def test_every_parameter_of_a_tuning_is_an_argument(launch):
    from edgenext_ros.ros.settings import ClassifierSettings
    from edgenext_ros.ros.settings import TUNING as NAMES
    described = {argument.name for argument in describe(
        ROOT / 'launch' / f'{launch}.launch.py').get_launch_arguments()}
    wanted = set(NAMES) & set(vars(ClassifierSettings()))
    assert wanted <= described
    assert wanted == set(TUNING)


@BOTH
@pytest.mark.parametrize('name,text,says', WRONG)
def test_wrong_value_ends_the_launch_in_one_sentence(launch, name, text, says):
    from edgenext_ros.ros.launch_checks import LaunchArgumentError
    with pytest.raises(LaunchArgumentError) as caught:
        node_of(launch, **{name: text})
    assert str(caught.value) == says


def test_wrong_value_starts_no_process(environment, tmp_path):
    with launched(environment, tmp_path, 'classifier', 'top_k:=many') as (process, log):
        assert process.wait(30) == 1
    text = log.read_text()
    assert "top_k 'many': expected a whole number, 1 to 100" in text
    assert 'process started' not in text and 'Traceback' not in text


def test_each_camera_has_its_topics_and_types():
    from edgenext_ros.ros.camera_presets import cameras, STREAMS
    (choices,) = [argument.choices for argument in describe(
        ROOT / 'launch' / 'classifier.launch.py').get_launch_arguments()
        if argument.name == 'camera']
    assert choices == ['', *cameras()]
    for stream in STREAMS:
        given = {'camera': stream.camera, 'input_type': stream.input_type}
        assert remappings_of('classifier', **given) == [('image', stream.topic)]
        assert parameters_of('classifier', **given) == {'input_type': stream.input_type}
    for camera in cameras():
        first = next(stream for stream in STREAMS if stream.camera == camera)
        assert remappings_of('classifier', camera=camera) == [('image', first.topic)]
        assert parameters_of('classifier', camera=camera) == {'input_type': first.input_type}


@pytest.mark.parametrize('given,topic,input_type', [
    ({'camera': 'usb_cam', 'image': '/camera1/image_raw'}, '/camera1/image_raw', 'raw'),
    ({'camera': 'oak', 'image': '/mine', 'input_type': 'hbmem'}, '/mine', 'hbmem'),
    ({'image': '/mine'}, '/mine', None), ({'input_type': 'compressed'}, 'image', 'compressed'),
], ids=str)
def test_given_topic_and_type_replace_those_of_the_camera(given, topic, input_type):
    assert remappings_of('classifier', **given) == [('image', topic)]
    assert parameters_of('classifier', **given).get('input_type') == input_type


@pytest.mark.parametrize('launch,given,says', [
    ('classifier', {'camera': 'oak', 'input_type': 'hbmem'},
     "input_type 'hbmem': expected one that oak publishes, which are raw, compressed, or its "
     'topic as well, with image:=/TOPIC'),
    ('multi_classifier', {'camera': 'mipi_cam', 'input_type': 'compressed'},
     "input_type 'compressed': expected one that mipi_cam publishes, which are raw, hbmem, or "
     'its topic as well, with image:=/TOPIC'),
    ('multi_classifier', {'camera': 'mipi_cam', 'cameras': 'a b'},
     "cameras 'a b': expected none beside the argument camera, whose cameras are left right"),
    ('multi_classifier', {'cameras': ''},
     "cameras '': expected the names of the cameras, such as cameras:='front rear'"),
    ('multi_classifier', {'image': '/a /b /c'},
     "image '/a /b /c': expected one topic, or one for each of the 2 cameras, found 3"),
], ids=str)
def test_arguments_that_do_not_fit_end_the_launch_in_one_sentence(launch, given, says):
    from edgenext_ros.ros.launch_checks import LaunchArgumentError
    with pytest.raises(LaunchArgumentError) as caught:
        node_of(launch, **given)
    assert str(caught.value) == says


@pytest.mark.parametrize('given,remappings', [
    ({}, [('image', 'image')]), ({'image': 'image_raw'}, [('image', 'image_raw')]),
    ({'image': '/a /b'}, [('/front/image', '/a'), ('/rear/image', '/b')]),
    ({'cameras': '/robot/a b', 'image': '/a /b'}, [('/robot/a/image', '/a'), ('/b/image', '/b')]),
    ({'cameras': '/front rear', 'image': '/cam/CAMERA/image'},
     [('/front/image', '/cam/front/image'), ('/rear/image', '/cam/rear/image')]),
    ({'camera': 'mipi_cam', 'input_type': 'hbmem'},
     [('/left/image', '/hbmem_left_img'), ('/right/image', '/hbmem_right_img')]),
    ({'camera': 'mipi_cam'},
     [('/left/image', '/image_left_raw'), ('/right/image', '/image_right_raw')]),
], ids=str)
def test_cameras_of_one_process_get_their_topics(given, remappings):
    assert remappings_of('multi_classifier', **given) == remappings


FAST, ZERO_COPY = 'FASTRTPS_DEFAULT_PROFILES_FILE', 'RMW_FASTRTPS_USE_QOS_FROM_XML'


@BOTH
@pytest.mark.parametrize('given,own,expected', [
    ({}, {}, None), ({'input_type': 'raw'}, {}, None), ({'input_type': 'hbmem'}, {}, '1'),
    ({'camera': 'mipi_cam', 'input_type': 'hbmem'}, {}, '1'),
    ({'params_file': 'hbmem'}, {}, '1'),
    ({'params_file': 'hbmem', 'input_type': 'raw'}, {}, None),
    ({'input_type': 'hbmem'}, {ZERO_COPY: '0'}, '0'),
    ({'input_type': 'hbmem'}, {FAST: '/my.xml'}, None),
    ({'input_type': 'hbmem'}, {FAST: '/tros.xml', ZERO_COPY: '1'}, None),
    ({'input_type': 'hbmem'}, {FAST: 'SHARE/config/fastdds.xml'}, '1'),
    ({'input_type': 'hbmem'}, {FAST: 'SHARE/config/fastdds.xml', ZERO_COPY: '0'}, '0'),
], ids=str)
def test_zero_copy_is_set_for_shared_memory_unless_the_user_has_chosen(
        monkeypatch, tmp_path, launch, given, own, expected):
    from ament_index_python.packages import get_package_share_directory
    from launch.utilities import perform_substitutions
    share = get_package_share_directory('edgenext_ros')
    for name in (FAST, 'FASTDDS_DEFAULT_PROFILES_FILE', ZERO_COPY):
        monkeypatch.delenv(name, raising=False)
    for name, value in own.items():
        monkeypatch.setenv(name, value.replace('SHARE', share))
    path = tmp_path / 'mine.yaml'
    path.write_text('/**:\n  ros__parameters:\n    input_type: hbmem\n')
    if 'params_file' in given:
        given = {**given, 'params_file': str(path)}
    before = dict(os.environ)
    context, node = node_of(launch, **given)
    found = {perform_substitutions(context, name): perform_substitutions(context, value)
             for name, value in node.process_description.additional_env}
    assert found.get(ZERO_COPY) == expected
    assert dict(os.environ) == before, 'the environment of other processes is unchanged'
