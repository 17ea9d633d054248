# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Part ``machine``: the facts of a made-up board, and one line for each part that is missing."""

from importlib.metadata import version
from pathlib import Path
import platform
import sys

from edgenext_ros import __version__
from edgenext_ros.selftest import machine
from edgenext_ros.selftest.finding import Verdict
from helpers.board_tree import BOARD, make_board
import pytest


def survey(root):
    """Return the findings below a root by their names, which are unique."""
    found = list(machine.survey(root))
    assert len({finding.name for finding in found}) == len(found)
    assert {finding.part for finding in found} == {'machine'}
    return {finding.name: finding for finding in found}


@pytest.fixture
def board(tmp_path):
    return survey(make_board(tmp_path))


@pytest.mark.parametrize('name,text,figures', [
    ('board', 'D-Robotics RDK X5 V1.0.', {'soc_name': 'X5', 'board_id': '302'}),
    ('operating system', 'Ubuntu 22.04.5 LTS, kernel 6.1.83', {'kernel': '6.1.83'}),
    ('RDK OS', '3.3.3.', {'version': '3.3.3'}),
    ('TROS', '/opt/tros has humble, version 2.3.1.', {'version': '2.3.1'}),
    ('vendor packages', 'hobot-dnn 3.0.4-20250101, tros-humble 2.3.1.',
     {'hobot-dnn': '3.0.4-20250101', 'tros-humble': '2.3.1'}),
    ('processor', '8 processors (0xd05), load 0.42', {'processors': 8, 'load_1min': 0.42}),
    ('processor clock of policy0',
     '1500 MHz now, 300 MHz to 1500 MHz, governor schedutil, boost off; with another governor '
     'than "performance" times vary.',
     {'governor': 'schedutil', 'now_mhz': 1500.0, 'least_mhz': 300.0, 'most_mhz': 1500.0}),
    ('load of bpu0', '37 % at the start.', {'load_percent': 37.0, 'users': '2'}),
    ('clock of bpu0', '1000 MHz now, 500 MHz to 1000 MHz, governor performance.',
     {'now_mhz': 1000.0}),
    ('memory clock', '2133 MHz now, 1066 MHz to 2133 MHz, governor performance.', {}),
    ('memory', '4000 of 8000 MB available, 0 MB of swap, 500 of 1000 MB for devices.',
     {'MemTotal_mb': 8000, 'CmaFree_mb': 500}),
    ('temperature', 'pvt temp1 51 C, pvt temp2 not readable, pvt cpu 53 C, '
     'thermal_zone1 cpu-thermal 52 C.',
     {'pvt temp1 celsius': 51.234, 'pvt temp2 celsius': None, 'pvt cpu celsius': 53.0}),
    ('/dev/bpu0', 'This user can open it to read and write', {'opens': 'read and write'}),
    ('/dev/ion', 'This user can open it to read and write', {'opens': 'read and write'}),
])
def test_fact_of_a_board(board, name, text, figures):
    found = board[name]
    assert found.verdict is Verdict.MEASURED
    assert text in found.text
    assert figures.items() <= found.figures.items()


def test_python_and_libraries_are_those_of_this_process(board):
    assert board['Python'].figures['version'] == platform.python_version()
    assert board['Python'].figures['virtual_environment'] == (sys.prefix != sys.base_prefix)
    libraries = board['libraries'].figures
    assert (libraries['edgenext_ros'], libraries['numpy']) == (__version__, version('numpy'))


@pytest.mark.parametrize('name,words', [
    ('board', '/proc/device-tree/model'), ('operating system', '/etc/os-release'),
    ('RDK OS', '/etc/version'), ('TROS', '/opt/tros'), ('vendor packages', 'dpkg'),
    ('processor clock', 'cpufreq/policy*'), ('BPU', 'bpu/bpu0'), ('memory', '/proc/meminfo'),
    ('temperature', '/sys/class/hwmon'), ('device files', '/dev/bpu*')])
def test_missing_part_is_one_sentence(tmp_path, name, words):
    found = survey(tmp_path)[name]
    assert found.verdict is Verdict.UNTESTED
    assert words in found.text
    assert found.text.count('. ') == 0 and found.text.endswith('.')


@pytest.mark.parametrize('name', BOARD)
def test_board_without_one_file_is_surveyed(tmp_path, name):
    """Whatever file a release of the system lacks, the others are read."""
    make_board(tmp_path)
    (tmp_path / name).unlink()
    assert {found.verdict for found in survey(tmp_path).values()} <= {
        Verdict.MEASURED, Verdict.UNTESTED}


@pytest.mark.parametrize('name', [name for name in BOARD if name.startswith(('sys', 'proc'))])
@pytest.mark.parametrize('content', [b'', b'\xff\xfe\0', b'not a number\n'])
def test_board_with_a_strange_file_is_surveyed(tmp_path, name, content):
    make_board(tmp_path)
    (tmp_path / name).write_bytes(content)
    assert 'memory' in survey(tmp_path)


def test_variables_of_dds_are_named_without_their_values(monkeypatch, tmp_path):
    monkeypatch.setenv('CYCLONEDDS_URI', 'file:///secret/place.xml')
    monkeypatch.setenv('ROS_DISTRO', 'humble')
    monkeypatch.setenv('RMW_IMPLEMENTATION', 'rmw_cyclonedds_cpp')
    found = survey(tmp_path)
    assert found['DDS settings'].figures['CYCLONEDDS_URI'] is True
    assert 'Set: ' in found['DDS settings'].text and 'secret' not in str(found)
    assert 'ROS_DISTRO is humble, RMW_IMPLEMENTATION is rmw_cyclonedds_cpp' in found['ROS'].text


def test_vendor_module_of_pip_is_named_with_its_place(monkeypatch, tmp_path):
    place = tmp_path / 'site'
    (place / 'hbm_runtime').mkdir(parents=True)
    (place / 'hbm_runtime' / '__init__.py').write_text('raise OSError("must not be imported")')
    metadata = place / 'hbm_runtime-0.1.0.dist-info'
    metadata.mkdir()
    (metadata / 'METADATA').write_text(
        'Metadata-Version: 2.1\nName: hbm-runtime\nVersion: 0.1.0\n')
    for module in ('hbm_runtime', 'hobot_dnn', 'hobot_dnn_rdkx5'):  # stand-ins of other tests
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setattr(sys, 'path', [
        str(place), *(folder for folder in sys.path if Path(folder).name != 'stand_ins')])
    assert survey(tmp_path)['vendor modules'].text == f'hbm_runtime 0.1.0 in {place}.'


@pytest.mark.parametrize('name,place,lost', [
    ('damaged', 'facts about the vendor modules', 'vendor modules'),
    ('numpy', 'facts about Python', 'libraries')])
def test_damaged_python_package_loses_no_other_fact(monkeypatch, tmp_path, name, place, lost):
    metadata = tmp_path / 'site' / f'{name}-1.0.dist-info'
    metadata.mkdir(parents=True)
    (metadata / 'METADATA').write_bytes(b'Name: \xff\n')
    monkeypatch.syspath_prepend(tmp_path / 'site')
    found = survey(make_board(tmp_path))
    assert found[place].verdict is Verdict.UNTESTED
    assert 'because of UnicodeDecodeError: ' in found[place].text
    assert lost not in found
    assert {'board', 'ROS', 'clock of bpu0', 'memory', 'temperature', '/dev/bpu0'} <= set(found)


@pytest.mark.parametrize('packages,text', [
    ({}, 'is installed for this Python.'),
    ({'hobot-dnn': '3.0.4'}, 'is installed for this Python: the package hobot-dnn 3.0.4 brings '
     'libdnn only, and hobot-spdev, which brings them, is not installed.'),
    ({'hobot-dnn': '3.0.4', 'hobot-spdev': '3.0.6'}, 'is installed for this Python, though the '
     'package hobot-spdev 3.0.6 is installed, which brings them for the Python of the system.')])
def test_missing_modules_are_said_beside_their_package(monkeypatch, tmp_path, packages, text):
    monkeypatch.setattr(machine, 'find_spec', lambda name: None)
    status = tmp_path / 'var/lib/dpkg/status'
    status.parent.mkdir(parents=True)
    status.write_text(''.join(f'Package: {name}\nStatus: install ok installed\nVersion: {number}'
                              '\n\n' for name, number in packages.items()))
    assert survey(tmp_path)['vendor modules'].text.endswith(text)


def test_survey_of_this_machine_does_not_fail():
    assert 'operating system' in survey(Path('/'))
