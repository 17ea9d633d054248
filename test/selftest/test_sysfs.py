# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Small files of the kernel: what cannot be read is a missing value."""

from edgenext_ros.selftest import sysfs
import pytest


@pytest.mark.parametrize('content,line,number', [
    (b'37\n', '37', 37), (b'1000000000\n', '1000000000', 1e9), (b'-5000', '-5000', -5000),
    (b'', '', None), (b'N/A\n', 'N/A', None), (b'12 34', '12 34', None),
    (b'RDK\0X5\0', 'RDK X5', None), (b'\xff', '\ufffd', None), (b' a\n b\n', 'a b', None),
    (None, None, None)])
def test_file_is_one_line_and_perhaps_a_number(tmp_path, content, line, number):
    path = tmp_path / 'file'
    if content is not None:
        path.write_bytes(content)
    assert sysfs.one_line(path) == line
    assert sysfs.number(path) == number
    assert sysfs.number(path, 1e3) == (None if number is None else number / 1e3)


@pytest.mark.parametrize('content,expected', [
    (b'a\nb\n', ['a', 'b']), (b'', []), (b'\xff', ['\ufffd']), (None, [])])
def test_lines_of_a_file(tmp_path, content, expected):
    path = tmp_path / 'file'
    if content is not None:
        path.write_bytes(content)
    assert sysfs.lines(path) == expected


@pytest.mark.parametrize('files,expected', [
    ((), None), (('devfreq/other/cur_freq',), None),
    (('bpufreq/other',), None), (('bpufreq/cur_freq',), 'bpufreq'),
    (('bpufreq/governor',), 'bpufreq'),
    (('devfreq/3a000000.bpu/cur_freq',), 'devfreq/3a000000.bpu'),
    (('devfreq/3a000000.bpu/max_freq', 'bpufreq/cur_freq'), 'bpufreq'),
    (('devfreq/3a000000.bpu/max_freq', 'bpufreq/other'), 'devfreq/3a000000.bpu')])
def test_folder_of_the_clock(tmp_path, files, expected):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = sysfs.clock_folder(tmp_path)
    assert found == (expected and tmp_path / expected)


def test_sensors_have_the_name_of_their_chip(tmp_path):
    for number, name in ((0, 'pvt\n'), (1, None)):
        folder = tmp_path / f'sys/class/hwmon/hwmon{number}'
        folder.mkdir(parents=True)
        if name:
            (folder / 'name').write_text(name)
    assert [name for name, _ in sysfs.sensor_chips(tmp_path)] == ['pvt', 'hwmon1']
