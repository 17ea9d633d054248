# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Part ``machine``: the facts of a made-up board, and one line for each part that is missing."""

import errno
from importlib.metadata import version
import os
from pathlib import Path
import platform
import sys
from types import SimpleNamespace

from edgenext_ros import __version__
from edgenext_ros.selftest import hardware, machine
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


def test_older_folder_of_the_clock(tmp_path):
    """Its files are in ``bpufreq`` itself, without a folder for the device."""
    make_board(tmp_path)
    folder = tmp_path / 'sys/devices/system/bpu/bpu0'
    (folder / 'devfreq' / '3a000000.bpu').rename(folder / 'bpufreq')
    assert '1000 MHz now, 500 MHz to 1000 MHz, governor performance' in survey(
        tmp_path)['clock of bpu0'].text


def test_clock_without_a_governor_is_known(tmp_path):
    root = make_board(tmp_path)
    (root / 'sys/devices/system/bpu/bpu0/devfreq/3a000000.bpu/governor').unlink()
    assert '1000 MHz now, 500 MHz to 1000 MHz, governor unknown' in survey(
        root)['clock of bpu0'].text


def test_hot_board_is_wrong(tmp_path):
    root = make_board(tmp_path, sys__class__thermal__thermal_zone1__temp='97000')
    found = survey(root)['temperature']
    assert found.verdict is Verdict.WRONG
    assert 'Expected less than 95 C' in found.text
    assert 'thermal_zone1 cpu-thermal 97 C' in found.text


@pytest.mark.parametrize('changes,verdict,words', [
    ({'sys/class/hwmon/hwmon0/temp3_input': '95000'}, Verdict.WRONG, 'found pvt cpu 95 C (all'),
    ({'sys/class/hwmon/hwmon0/temp3_input': '94000'}, Verdict.MEASURED, 'pvt cpu 94 C'),
    ({'sys/class/hwmon/hwmon1/name': 'nvme', 'sys/class/hwmon/hwmon1/temp1_input': '96000'},
     Verdict.MEASURED, 'nvme temp1 96 C')])
def test_only_sensors_of_the_board_are_judged(tmp_path, changes, verdict, words):
    root = make_board(tmp_path, **{name.replace('/', '__'): text
                                   for name, text in changes.items()})
    found = survey(root)['temperature']
    assert found.verdict is verdict
    assert words in found.text


def test_hot_machine_without_a_bpu_is_only_measured(tmp_path):
    """Laptops work at such temperatures."""
    zone = tmp_path / 'sys/class/thermal/thermal_zone0'
    zone.mkdir(parents=True)
    (zone / 'temp').write_text('99000')
    found = survey(tmp_path)['temperature']
    assert (found.verdict, found.text) == (Verdict.MEASURED, 'thermal_zone0 99 C.')


def test_device_that_does_not_open_is_wrong(tmp_path):
    root = make_board(tmp_path, dev__bpu0=None)
    (root / 'dev' / 'bpu0').mkdir()  # root opens any file, but nobody a folder to write
    (root / 'dev' / 'bpu1').symlink_to('nowhere')
    found = survey(root)
    assert found['/dev/bpu0'].verdict is found['/dev/bpu1'].verdict is Verdict.WRONG
    assert '"Is a directory", though it opens for reading' in found['/dev/bpu0'].text
    assert found['/dev/bpu0'].cause == 'its driver'
    assert '"No such file or directory" (' in found['/dev/bpu1'].text
    assert found['/dev/bpu1'].cause.endswith('its driver is not loaded')


MISC = 4711


@pytest.fixture
def opens(monkeypatch):
    """Return a function that makes opens below a folder fail, as they do for another user."""
    def opens_(root, number, *, to_read=False, user=1000, groups=(), mode=0o664):
        real = os.open

        def open_(path, flags, *arguments, **options):
            if str(path).startswith(str(root / 'dev')) and not (
                    to_read and flags & os.O_ACCMODE == os.O_RDONLY):
                raise OSError(number, os.strerror(number), str(path))
            return real(path, flags, *arguments, **options)

        for path in (root / 'dev').rglob('*'):
            if path.is_file():
                path.chmod(mode)
        stat = Path.stat
        monkeypatch.setattr(hardware.os, 'open', open_)
        monkeypatch.setattr(hardware.os, 'geteuid', lambda: user)
        monkeypatch.setattr(hardware.os, 'getgroups', lambda: list(groups))
        monkeypatch.setattr(hardware.Path, 'stat', lambda path, **options: os.stat_result(
            MISC if place == 5 else value for place, value in enumerate(stat(path, **options))))
        monkeypatch.setattr(hardware.grp, 'getgrgid', lambda gid: SimpleNamespace(
            gr_name='misc' if gid == MISC else 'other'))
        return {found.name: found for found in hardware.devices(root)}

    return opens_


JOIN = ('that this user is not in group misc: run "sudo usermod -aG misc $USER", and log in again')
CONTAINER = 'a container that was started without this device, see "docker run --device /dev/bpu0"'


@pytest.mark.parametrize('number,how,found,cause', [
    (errno.EACCES, {'to_read': True},
     'Expected to open it to read and write, found "Permission denied", though it opens for '
     'reading (group misc, mode 0664).', JOIN),
    (errno.EACCES, {}, 'found "Permission denied" (group misc, mode 0664)', JOIN),
    (errno.EPERM, {}, 'found "Operation not permitted" (group misc, mode 0664)', JOIN),
    (errno.EACCES, {'mode': 0o600}, '(group misc, mode 0600)', 'that only root may use it: run '
     'as root, or add a udev rule that gives it group misc and mode 0664, as that of RDK OS does'),
    (errno.EPERM, {'user': 0}, 'found "Operation not permitted"', CONTAINER),
    (errno.EPERM, {'groups': (MISC,)}, 'found "Operation not permitted"', CONTAINER),
    (errno.EBUSY, {}, 'found "Device or resource busy"',
     'another program that has it open exclusively'),
    (errno.ENXIO, {}, 'found "No such device or address"', 'a driver that is not loaded')])
def test_device_that_an_inference_cannot_use_is_wrong(tmp_path, opens, number, how, found, cause):
    device = opens(make_board(tmp_path), number, **how)['/dev/bpu0']
    assert device.verdict is Verdict.WRONG
    assert found in device.text
    assert device.cause == cause


def test_device_that_an_inference_may_not_need_is_only_measured(tmp_path, opens):
    root = make_board(tmp_path, dev__dma_heap__system='')
    heap = opens(root, errno.EACCES, mode=0o600)['/dev/dma_heap/system']
    assert heap.verdict is Verdict.MEASURED
    assert 'cannot open it to read and write: "Permission denied" (group misc' in heap.text
    (root / 'dev' / 'bpu0').unlink()
    assert opens(root, errno.EACCES)['/dev/ion'].verdict is Verdict.MEASURED


def test_device_that_is_a_link_has_the_mode_of_its_target(tmp_path):
    root = make_board(tmp_path, dev__bpu0=None, dev__node='')
    (root / 'dev' / 'node').chmod(0o660)
    (root / 'dev' / 'bpu0').symlink_to('node')
    (found,) = (one for one in hardware.devices(root) if one.name == '/dev/bpu0')
    assert found.figures['mode'] == '0660'


@pytest.mark.parametrize('names,text', [
    (('misc', 'video'), 'in the device groups misc, video'), (('annabel',), 'no group of devices'),
])
def test_only_groups_of_devices_are_named(monkeypatch, names, text):
    monkeypatch.setattr(hardware.grp, 'getgrgid',
                        lambda gid: SimpleNamespace(gr_name=names[gid - 1]))
    (found,) = hardware.groups([number + 1 for number in range(len(names))])
    assert text in found.text
    assert 'annabel' not in str(found)


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


@pytest.mark.parametrize('usable,text', [
    (2, 'load 0.42 at the start; this process may use 2 of them.'),
    (8, 'load 0.42 at the start.')])
def test_processors_that_this_process_may_not_use_are_said(monkeypatch, tmp_path, usable, text):
    monkeypatch.setattr(hardware.os, 'sched_getaffinity', lambda pid: set(range(usable)))
    assert survey(make_board(tmp_path))['processor'].text.endswith(text)


def test_survey_of_this_machine_does_not_fail():
    assert 'operating system' in survey(Path('/'))
