# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The node as its systemd unit starts it: a service's environment, streams and folder."""

from pathlib import Path
import re
import shutil
import signal
import sys

from edgenext_ros.models.store import resource_folder
from edgenext_ros.ros.messages import Classification
from helpers.standin_model import StandInModel
from helpers.systemd_unit import FOLDER, rendered, Unit
import pytest

KEPT = ('AMENT_PREFIX_PATH', 'LD_LIBRARY_PATH', 'PATH', 'PYTHONPATH', 'RMW_IMPLEMENTATION',
        'ROS_DISTRO', 'EDGENEXT_LIBDNN', 'STANDIN_DEVICE')
GRAPH = ('ROS_DOMAIN_ID', 'ROS_LOCALHOST_ONLY', 'ROS_AUTOMATIC_DISCOVERY_RANGE')
LINE = re.compile(r'\[(INFO|WARN|ERROR)\] \[[\w.]+\]: \S.*')
"""A line of the journal: no time, no colour, no line of a traceback."""


@pytest.fixture
def boot(ros, tmp_path):
    """
    Return a function that starts the unit's process, in a workspace that colcon might have made.

    The workspace's ``setup.bash`` sets the variables by which this test finds ROS and the package.
    """
    home, prefix = tmp_path / 'home', tmp_path / 'install' / 'edgenext_ros'
    home.mkdir()
    share, node = prefix / 'share/edgenext_ros', prefix / 'lib/edgenext_ros/classifier_node'
    shutil.copytree(FOLDER.parent, share / 'config')
    for path in (prefix / 'share/ament_index/resource_index/packages/edgenext_ros', node):
        path.parent.mkdir(parents=True)
        path.touch()
    node.write_text(f'#!/bin/sh\nexec {sys.executable} -c "import sys\n'
                    'from edgenext_ros.ros.entry_points import classifier\n'
                    'sys.exit(classifier())" "$@"\n')
    node.chmod(0o755)

    def start(*arguments, user='robot'):
        (tmp_path / 'install' / 'setup.bash').write_text(''.join(
            f'export {name}="{ros.environment[name]}"\n' for name in KEPT
            if name in ros.environment) + f"""
export PATH="{Path(sys.executable).parent}:$PATH"
export AMENT_PREFIX_PATH="{prefix}:$AMENT_PREFIX_PATH"
""")
        overrides = tmp_path / 'variables'
        overrides.write_text(''.join(
            f'{name}={ros.environment[name]}\n' for name in GRAPH if name in ros.environment)
            + f'EDGENEXT_ARGUMENTS={" ".join(map(str, arguments))}\n')
        text = rendered(user=user, share=share, overrides=overrides)
        unit = Unit(text if user else text.replace('User=\n', ''))
        environment = unit.environment(home)
        process = ros.run(unit.command(environment), name='boot', environment=environment,
                          as_service=True)
        process.unit, process.share = unit, share
        return process

    return start


def assert_reads_well(process):
    """Check every line that the node has sent to the journal."""
    assert [line for line in process.output.splitlines() if not LINE.fullmatch(line)] == []


def test_node_starts_before_the_camera_and_again_after_a_crash(ros, boot, tmp_path):
    results = ros.collect(Classification, 'classification')
    ends = []
    for end in (signal.SIGKILL, signal.SIGTERM):
        process = boot('-r', 'image:=/image_raw', '-p', 'image_timeout:=0.2')
        ros.wait(lambda p=process: 'nobody publishes /image_raw' in p.output, what='a warning')
        variables = Path(f'/proc/{process.process.pid}/environ').read_text()
        assert f'{process.share}/config/' in variables, 'no DDS profile for large images'
        # A process of its own: with Fast DDS' shared memory, a publisher may lose the port of a
        # process that was killed for good (docs/troubleshooting.md).
        camera = ros.start('camera.node', '-r', 'image:=/image_raw',
                           source=resource_folder() / 'demo')
        ros.wait(lambda: results, what='a result')
        ros.wait(lambda p=process: 'images arrive on /image_raw' in p.output, what='the news')
        ends.append(process.stop(end, float(process.unit.one('Service', 'TimeoutStopSec'))))
        camera.kill()
        ros.executor.spin_once(timeout_sec=0.1)
        results.clear()
        assert_reads_well(process)
    assert ends == [-signal.SIGKILL, 0]
    assert getattr(signal, process.unit.one('Service', 'KillSignal')) == end
    assert not (tmp_path / 'home' / '.ros').exists(), 'log files that nobody deletes'


@pytest.mark.parametrize('user', ['robot', ''])
def test_node_without_its_device_fails_in_one_sentence_until_it_is_there(
        ros, boot, libdnn_path, tmp_path, user):
    """Exit code 1, so that systemd starts it again; without a user there is no HOME."""
    ros.environment['EDGENEXT_LIBDNN'] = str(libdnn_path)
    ros.environment['STANDIN_DEVICE'] = str(tmp_path / 'ion')
    model = StandInModel(w=224, h=224, classes=10).write(tmp_path / 'model.bin')
    process = boot('-p', f'model:={model}', user=user)
    assert process.process.wait(30) == 1
    ros.wait(lambda: 'ERROR' in process.output, what='the reason')
    (line,) = process.output.splitlines()
    assert 'configure failed: the BPU gives no memory' in line
    assert 'member of the group that owns /dev/bpu* and /dev/ion' in line
    assert_reads_well(process)
    (tmp_path / 'ion').touch()
    process = boot('-p', f'model:={model}', user=user)
    ros.wait(lambda: 'listening on' in process.output, what='the start')
    assert process.stop(signal.SIGTERM) == 0
    assert_reads_well(process)
