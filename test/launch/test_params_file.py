# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The launch argument params_file; launch alone would only warn of a wrong file."""

import os
import signal

from helpers.launching import describe, launched, NEEDS_LAUNCH, ROOT, wait
import pytest

pytestmark = NEEDS_LAUNCH

WRONG_FILES = {
    'missing': (None, 'No such file or directory'),
    'folder': ('folder', 'found a folder'),
    'pipe': ('pipe', 'found a pipe or device'),
    'empty': (b'', 'holds no parameters; expected "/**:"'),
    'only a comment': (b'# model: demo', 'holds no parameters; expected "/**:"'),
    'no YAML': (b'model: [demo', "expected ',' or ']'"),
    'a tab': (b'/**:\n\tros__parameters: {}', "found character '\\t'"),
    'no text': (b'\xff\xfe', "can't decode byte 0xff"),
    'a list': (b'- model', "found list \"['model']\" at the top"),
    'values without a node': (b'model: demo', "found str 'demo' under /model"),
    'without ros__parameters': (b'/**:\n  model: demo', "found str 'demo' under /**/model"),
    'without a node': (b'ros__parameters:\n  model: demo', 'stands at the top'),
    'without parameters': (b'/**:\n  ros__parameters:', 'holds no "NAME: VALUE"'),
    'in itself': (b'a: &a\n  b: *a', 'nests too deeply'),
}


def actions(name, **given):
    """Return the actions of a launch file for these arguments, and defaults for the others."""
    from launch import LaunchContext
    description = describe(ROOT / 'launch' / f'{name}.launch.py')
    context = LaunchContext()
    for argument in description.get_launch_arguments():
        context.launch_configurations[argument.name] = given.get(
            argument.name, ''.join(part.text for part in argument.default_value or ()))
    return description.entities[-1].execute(context)


@pytest.mark.parametrize('launch', ['classifier', 'multi_classifier'])
@pytest.mark.parametrize('content,reason', WRONG_FILES.values(), ids=WRONG_FILES)
def test_invalid_params_file_ends_launch_in_one_sentence(tmp_path, launch, content, reason):
    from edgenext_ros.ros.launch_checks import LaunchArgumentError
    path = tmp_path / 'parameters.yaml'
    if content == 'folder':
        path.mkdir()
    elif content == 'pipe':
        os.mkfifo(path)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(LaunchArgumentError) as caught:
        actions(launch, params_file=str(path), cameras='front')
    assert str(caught.value).startswith(f"params_file '{path}': ")
    assert reason in str(caught.value)
    assert '\n' not in str(caught.value)


def test_params_file_for_other_nodes_gives_one_warning(environment, tmp_path):
    path = tmp_path / 'mine.yaml'
    path.write_text('classifer:\n  ros__parameters:\n    top_k: 2\n')
    with launched(environment, tmp_path, 'classifier', f'params_file:={path}') as (process, log):
        wait(lambda: '[classifier]: model ' in log.read_text(), 'the node')
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(5) == 0
    lines = [line for line in log.read_text().splitlines() if 'they are ignored' in line]
    assert len(lines) == 1
    assert f'{path} has parameters for classifer only, this node is /classifier: ' in lines[0]


def test_params_file_in_the_home_folder_is_found(tmp_path, monkeypatch):
    from launch import LaunchContext
    monkeypatch.setenv('HOME', str(tmp_path))
    (tmp_path / 'mine.yaml').write_text('/**:\n  ros__parameters:\n    top_k: 2\n')
    (node,) = actions('classifier', params_file='~/mine.yaml')
    file = node._Node__parameters[0]
    assert str(file.evaluate(LaunchContext())) == str(tmp_path / 'mine.yaml')


@pytest.mark.parametrize('launch,arguments', [
    ('classifier', ()), ('demo', ()), ('multi_classifier', ('cameras:=front rear',))])
def test_params_file_that_is_missing_starts_no_process(environment, tmp_path, launch, arguments):
    with launched(environment, tmp_path, launch, 'params_file:=/nope.yaml',
                  *arguments) as (process, log):
        assert process.wait(30) == 1
    text = log.read_text()
    assert "params_file '/nope.yaml': No such file or directory" in text
    assert 'process started' not in text and 'Traceback' not in text
