# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Fixtures and options for all tests."""

from collections import Counter
import fcntl
import importlib.util
import itertools
import os
from pathlib import Path
import re
import shutil
import signal
import sys
import tempfile

if importlib.util.find_spec('edgenext_ros') is None:  # a bare "pytest" in the source tree
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import cv2
from edgenext_ros.bench import ros_domain
from edgenext_ros.engines.base import EngineUnavailableError
from edgenext_ros.engines.simulator import vendor_tools
from edgenext_ros.libraries import install_onnxruntime
from edgenext_ros.models.store import resource_folder
import pytest

STAND_INS = Path(__file__).parent / 'stand_ins'

# pytest puts the folder of this conftest.py on the path, since it has no __init__.py. So "helpers"
# is found with any working directory, --rootdir and version of pytest.
pytest_plugins = ['helpers.ros_fixtures']
pytest.register_assert_rewrite('helpers')

MARKED_BY_FIXTURE = {'dds': {'free_domain'}, 'tools': {'toolchain'}}

_tests = itertools.count()

# nohup and "&" set both to be ignored, in this process and in those that the tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Without ROS the other tests still run; the report header below names what is left out.
HAS_ROS = importlib.util.find_spec('rclpy') is not None
collect_ignore = [] if HAS_ROS else ['launch', 'ros']


def pytest_report_header():
    """Say if the tests that need ROS are left out."""
    return [] if HAS_ROS else ['ROS 2 is not here: test/ros and test/launch are left out']


def pytest_terminal_summary(terminalreporter):
    """List each reason for skipped tests with their number and the remedy."""
    reasons = Counter(skip_reason(report.longrepr[2])
                      for report in terminalreporter.stats.get('skipped', ()))
    if reasons:
        terminalreporter.section('skipped tests, by reason')
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f'{count:5}  {reason}')


def skip_reason(text):
    """Return a reason without pytest's own words, with the remedy for a missing module."""
    text = ' '.join(text.removeprefix('Skipped: ').split())
    missing = re.search(r"could not import '(\w+)", text)
    if missing is None:
        return text
    name = missing[1]
    return f'{name} is not installed: ' + {
        'onnxruntime': install_onnxruntime(), 'rclpy': 'source a ROS 2, or use ./dev test',
        'sensor_msgs': 'source a ROS 2, or use ./dev test', 'PIL': 'pip install Pillow',
    }.get(name, f'pip install {name}, or use ./dev test')


def pytest_collection_modifyitems(items):
    """Mark each test by its fixtures; pyproject.toml explains the markers."""
    for item in items:
        for marker, fixtures in MARKED_BY_FIXTURE.items():
            if fixtures & set(item.fixturenames):
                item.add_marker(marker)
        if not any(map(item.get_closest_marker, ('dds', 'tools', 'slow'))):
            item.add_marker('unit')


@pytest.fixture(scope='session')
def onnxruntime():
    """Import ONNX Runtime, or skip the test."""
    return pytest.importorskip('onnxruntime')


@pytest.fixture(scope='session')
def photograph():
    """Read a photograph: BGR, uint8 (240, 320, 3)."""
    image = cv2.imread(str(resource_folder() / 'pictures' / 'coffee.jpg'))
    return cv2.resize(image, (320, 240), interpolation=cv2.INTER_AREA)


@pytest.fixture
def own_cache(monkeypatch, tmp_path_factory):
    """Redirect the user's cache to a temporary folder."""
    folder = tmp_path_factory.mktemp('cache')
    monkeypatch.setenv('XDG_CACHE_HOME', str(folder))
    return folder


@pytest.fixture
def special_files(tmp_path):
    """Make paths that are not files: folder, pipe, socket, device."""
    from helpers.hostile_folder import bind_socket
    folder = tmp_path / 'special'
    folder.mkdir()
    os.mkfifo(tmp_path / 'pipe')
    bind_socket(tmp_path, 'socket')
    return {'folder': folder, 'pipe': tmp_path / 'pipe', 'socket': tmp_path / 'socket',
            'device': Path('/dev/zero')}


@pytest.fixture
def class_folders(tmp_path):
    """Make three class folders, named as the bundled model's classes, of four photographs."""
    folders = {'Faces_easy': ('astronaut', 'grace_hopper'), 'camera': ('camera',),
               'cup': ('coffee',)}
    for name, pictures in folders.items():
        (tmp_path / 'data' / name).mkdir(parents=True)
        for picture in pictures:
            shutil.copy(resource_folder() / 'pictures' / f'{picture}.jpg',
                        tmp_path / 'data' / name)
    return tmp_path / 'data'


@pytest.fixture(scope='session')
def toolchain():
    """Find the vendor's PC tools, or skip the test with instructions to install them."""
    try:
        return vendor_tools.find()
    except EngineUnavailableError as error:
        pytest.skip(str(error))


@pytest.fixture(scope='session')
def libdnn_path(tmp_path_factory):
    """Compile the stand-in of libdnn.so."""
    from helpers import standin_library
    if standin_library.compiler() is None:
        pytest.skip('no C compiler for the stand-in of libdnn.so')
    return standin_library.build(tmp_path_factory.mktemp('libdnn'))


@pytest.fixture
def free_domain():
    """
    Reserve a ROS domain that no other test and no node on this machine uses.

    Domains are 1 to 100: higher ones use ports that the system assigns to other programs.
    """
    from helpers import shared_memory
    first = os.getpid() + next(_tests)
    for domain in (1 + (first + offset) % 100 for offset in range(100)):
        path = Path(tempfile.gettempdir()) / f'edgenext_ros_test_domain_{domain}'
        with path.open('w') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue
            if ros_domain.is_used(domain):
                continue
            shared_memory.remove_ports(domain)  # of nodes that an earlier test has killed
            yield domain
            shared_memory.remove_segments()
            return
    pytest.fail('every ROS domain from 1 to 100 is in use on this machine')


@pytest.fixture
def private_graph(free_domain, monkeypatch):
    """Keep this test's ROS graph to itself: its own domain, on this machine only."""
    monkeypatch.setenv('ROS_DOMAIN_ID', str(free_domain))
    if os.environ.get('ROS_DISTRO') == 'humble':
        monkeypatch.setenv('ROS_LOCALHOST_ONLY', '1')
    else:
        monkeypatch.delenv('ROS_LOCALHOST_ONLY', raising=False)
        monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    return free_domain
