# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Load, clock and temperature of the BPU are read from a folder like the board's sysfs."""

from __future__ import annotations

from edgenext_ros.selftest import fast_board
from edgenext_ros.selftest.fast_board import BpuState
from edgenext_ros.selftest.finding import Verdict
import pytest

BPU = 'sys/devices/system/bpu/bpu0'
FILES = {
    f'{BPU}/ratio': '37\n', f'{BPU}/devfreq/3a000000.bpu/cur_freq': '500000000\n',
    f'{BPU}/devfreq/3a000000.bpu/max_freq': '1000000000\n', 'sys/class/hwmon/hwmon0/name': 'cpu\n',
    'sys/class/hwmon/hwmon0/temp2_input': '99000\n', 'sys/class/hwmon/hwmon3/name': 'pvt\n',
    'sys/class/hwmon/hwmon3/temp2_input': '61500\n'}


def board(root, *, without=(), **changed):
    for name, text in FILES.items():
        if name not in without:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(changed.get(path.name, text))
    return fast_board.bpu_state(root)


def test_state_is_read_from_sysfs(tmp_path):
    assert board(tmp_path) == BpuState(load_percent=37, temperature_c=61.5, clock_mhz=500,
                                       top_clock_mhz=1000)


def test_other_machine_has_no_state(tmp_path):
    assert fast_board.bpu_state(tmp_path) == BpuState()


@pytest.mark.parametrize('name,expected', [
    ('sys/class/hwmon/hwmon3/temp2_input', BpuState(37, None, 500, 1000)),
    (f'{BPU}/ratio', BpuState(None, 61.5, 500, 1000)),
    (f'{BPU}/devfreq/3a000000.bpu/max_freq', BpuState(37, 61.5, 500, None))])
def test_missing_file_is_a_missing_value(name, expected, tmp_path):
    assert board(tmp_path, without=(name,)) == expected


@pytest.mark.parametrize('text', ['', 'idle\n', '\xff'])
def test_file_without_a_number_is_a_missing_value(text, tmp_path):
    assert board(tmp_path, ratio=text).load_percent is None


def test_clock_of_an_older_system_is_read(tmp_path):
    (tmp_path / BPU / 'bpufreq').mkdir(parents=True)
    (tmp_path / BPU / 'bpufreq' / 'cur_freq').write_text('1000000000')
    state = fast_board.bpu_state(tmp_path)
    assert state == BpuState(clock_mhz=1000, governor_folder=f'/{BPU}/bpufreq')
    assert f'"echo performance | sudo tee /{BPU}/bpufreq/governor"' in state.remedy


def test_older_folder_of_the_clock_is_read_first(tmp_path):
    """The system's own script does so too."""
    (tmp_path / BPU / 'bpufreq').mkdir(parents=True)
    (tmp_path / BPU / 'bpufreq' / 'cur_freq').write_text('800000000')
    assert board(tmp_path).clock_mhz == 800


def test_folder_without_a_clock_is_left_out(tmp_path):
    (tmp_path / BPU / 'bpufreq').mkdir(parents=True)
    assert board(tmp_path).clock_mhz == 500


@pytest.mark.parametrize('state,text', [
    (BpuState(), ''), (BpuState(clock_mhz=500), '500 MHz'),
    (BpuState(clock_mhz=500, top_clock_mhz=1000), '500 of 1000 MHz'),
    (BpuState(clock_mhz=500, governor='powersave'), '500 MHz (governor powersave)')])
def test_clock_is_text(state, text):
    assert state.clock == text


@pytest.mark.parametrize('state,governor,temperature', [
    (BpuState(), True, True),
    (BpuState(clock_mhz=100, top_clock_mhz=1000, governor='powersave'), True, False),
    (BpuState(clock_mhz=1000, top_clock_mhz=1000, governor='ondemand'), True, True),
    (BpuState(temperature_c=60, clock_mhz=1000, top_clock_mhz=1000), True, False),
    (BpuState(clock_mhz=500, top_clock_mhz=500, governor='performance'), False, True),
    (BpuState(clock_mhz=500, top_clock_mhz=1000, governor='performance'), False, True),
    (BpuState(temperature_c=90, clock_mhz=500, top_clock_mhz=500), True, True),
    (BpuState(temperature_c=60, clock_mhz=1000, governor='performance'), False, False)])
def test_remedy_fits_the_state(state, governor, temperature):
    assert ('"echo performance | sudo tee /sys/devices/system/bpu/bpu0/devfreq/*.bpu/governor"'
            in state.remedy) is governor
    assert ('look at the temperature' in state.remedy) is temperature
    assert ('open an issue' in state.remedy) is not (governor or temperature)


@pytest.mark.parametrize('loads,expected', [
    ([None], None), ([0.0], 0.0), ([90.0, 40.0, 0.0], 0.0), ([60.0] * 100, 60.0),
    ([30.0, 70.0] * 50, 30.0), ([90.0, None, 20.0] * 40, 20.0)])
def test_load_before_a_test_has_time_to_fall(loads, expected):
    states, waited = iter(loads), []
    assert fast_board.idle_load(lambda: BpuState(load_percent=next(states)),
                                now=lambda: sum(waited), wait=waited.append) == expected
    assert sum(waited) < 4


def test_states_are_recorded_during_the_block():
    with fast_board.watched(lambda: BpuState(load_percent=5)) as states:
        pass
    assert states[0] == BpuState(load_percent=5)


@pytest.mark.parametrize('before,states,verdict,words', [
    (None, [BpuState()], Verdict.UNTESTED, 'neither load nor temperature'),
    (0.0, [BpuState(0, None, 500, 1000), BpuState(98, 61.4, 1000, 1000)], Verdict.MEASURED,
     'With four threads: load 98 %, 61 degrees Celsius, lowest clock 500 MHz, highest allowed '
     'clock 1000 MHz'),
    (60.0, [BpuState(98)], Verdict.MEASURED, 'so another program uses the BPU'),
    (98.0, [BpuState(98)], Verdict.MEASURED, 'was 98 %, so another program uses the BPU.'),
    (64.0, [BpuState(64)], Verdict.MEASURED, 'before the test the load was 64 % too, so another '
     'program uses the BPU; this figure does not change under the load of the test'),
    (0.0, [BpuState(0)], Verdict.MEASURED, 'before the test the load was 0 % too; this figure '
     'does not change under the load of the test'),
    (None, [BpuState(98, 101.0)], Verdict.WRONG, 'likely cause: poor cooling')])
def test_load_is_judged(before, states, verdict, words):
    finding = fast_board.judge_load('libdnn: load', before, states)
    assert finding.verdict is verdict
    assert words in finding.sentence
