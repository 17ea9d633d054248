# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Load launch files in this process, or run them in another one."""

from contextlib import contextmanager
import importlib.util
import os
from pathlib import Path
import signal
import subprocess
import sys
import time

import pytest

ROOT = Path(__file__).parents[2]


def installed():
    """Say whether launch and the installed package are available."""
    if not importlib.util.find_spec('launch_ros'):
        return False
    from ament_index_python.packages import get_package_prefix, PackageNotFoundError
    try:
        get_package_prefix('edgenext_ros')
    except PackageNotFoundError:
        return False
    return True


NEEDS_LAUNCH = pytest.mark.skipif(
    not installed(), reason='launch is not on PyPI: needs a sourced ROS 2 and workspace')


def describe(path):
    """Return the launch description of a launch file."""
    spec = importlib.util.spec_from_file_location(path.stem.replace('.', '_'), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


LAUNCH = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource
service = LaunchService()
service.include_launch_description(LaunchDescription([IncludeLaunchDescription(
    PythonLaunchDescriptionSource(sys.argv[1]),
    launch_arguments=[word.split(':=') for word in sys.argv[2:]])]))
sys.exit(service.run())
"""


@contextmanager
def launched(environment, folder, name, *arguments):
    """Run a launch file of the package; yield the process and its log."""
    log = folder / 'launch.log'
    with log.open('w') as output:
        launch = subprocess.Popen(
            [sys.executable, '-c', LAUNCH, str(ROOT / 'launch' / f'{name}.launch.py'), *arguments],
            env=environment, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield launch, log
    finally:
        if launch.poll() is None:
            os.killpg(launch.pid, signal.SIGKILL)
            launch.wait()


def wait(condition, what, seconds=30):
    """Wait until ``condition()`` is true; its value is returned."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, f'{what} did not come in {seconds} s'
        time.sleep(0.1)
    return value
