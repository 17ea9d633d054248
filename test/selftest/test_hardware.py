# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Clocks, temperatures and device files of a made-up board: what is wrong, and what a fact."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

from edgenext_ros.selftest import hardware
from edgenext_ros.selftest.finding import Verdict
from helpers.board_tree import make_board
import pytest


def named(findings):
    return {finding.name: finding for finding in findings}


def test_older_folder_of_the_clock(tmp_path):
    """Its files are in ``bpufreq`` itself, without a folder for the device."""
    make_board(tmp_path)
    folder = tmp_path / 'sys/devices/system/bpu/bpu0'
    (folder / 'devfreq' / '3a000000.bpu').rename(folder / 'bpufreq')
    assert '1000 MHz now, 500 MHz to 1000 MHz, governor performance' in named(
        hardware.bpu(tmp_path))['clock of bpu0'].text


def test_clock_without_a_governor_is_known(tmp_path):
    root = make_board(tmp_path)
    (root / 'sys/devices/system/bpu/bpu0/devfreq/3a000000.bpu/governor').unlink()
    assert '1000 MHz now, 500 MHz to 1000 MHz, governor unknown' in named(
        hardware.bpu(root))['clock of bpu0'].text


def test_hot_board_is_wrong(tmp_path):
    root = make_board(tmp_path, sys__class__thermal__thermal_zone1__temp='97000')
    found = named(hardware.temperatures(root))['temperature']
    assert found.verdict is Verdict.WRONG
    assert 'Expected less than 95 C' in found.text and found.cause == 'missing cooling'
    assert 'thermal_zone1 cpu-thermal 97 C' in found.text


@pytest.mark.parametrize('changes,verdict,words', [
    ({'sys/class/hwmon/hwmon0/temp3_input': '95000'}, Verdict.WRONG, 'found pvt cpu 95 C (all'),
    ({'sys/class/hwmon/hwmon0/temp3_input': '94000'}, Verdict.MEASURED, 'pvt cpu 94 C'),
    ({'sys/class/hwmon/hwmon1/name': 'nvme', 'sys/class/hwmon/hwmon1/temp1_input': '96000'},
     Verdict.MEASURED, 'nvme temp1 96 C')])
def test_only_sensors_of_the_board_are_judged(tmp_path, changes, verdict, words):
    root = make_board(tmp_path, **{name.replace('/', '__'): text
                                   for name, text in changes.items()})
    found = named(hardware.temperatures(root))['temperature']
    assert found.verdict is verdict
    assert words in found.text


def test_hot_machine_without_a_bpu_is_only_measured(tmp_path):
    """Laptops work at such temperatures."""
    zone = tmp_path / 'sys/class/thermal/thermal_zone0'
    zone.mkdir(parents=True)
    (zone / 'temp').write_text('99000')
    found = named(hardware.temperatures(tmp_path))['temperature']
    assert (found.verdict, found.text) == (Verdict.MEASURED, 'thermal_zone0 99 C.')


def test_device_that_does_not_open_is_wrong(tmp_path):
    root = make_board(tmp_path, dev__bpu0=None)
    (root / 'dev' / 'bpu0').mkdir()  # root opens any file, but nobody a folder to write
    (root / 'dev' / 'bpu1').symlink_to('nowhere')
    found = named(hardware.devices(root))
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
        return named(hardware.devices(root))

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
    assert named(hardware.devices(root))['/dev/bpu0'].figures['mode'] == '0660'


@pytest.mark.parametrize('names,text', [
    (('misc', 'video'), 'in the device groups misc, video'), (('annabel',), 'no group of devices'),
])
def test_only_groups_of_devices_are_named(monkeypatch, names, text):
    monkeypatch.setattr(hardware.grp, 'getgrgid',
                        lambda gid: SimpleNamespace(gr_name=names[gid - 1]))
    (found,) = hardware.groups([number + 1 for number in range(len(names))])
    assert text in found.text
    assert 'annabel' not in str(found)


@pytest.mark.parametrize('usable,text', [
    (2, 'load 0.42 at the start; this process may use 2 of them.'),
    (8, 'load 0.42 at the start.')])
def test_processors_that_this_process_may_not_use_are_said(monkeypatch, tmp_path, usable, text):
    monkeypatch.setattr(hardware.os, 'sched_getaffinity', lambda pid: set(range(usable)))
    assert named(hardware.processor(make_board(tmp_path)))['processor'].text.endswith(text)
