# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read load, clock and temperature of the BPU from the board's sysfs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep

from edgenext_ros.selftest.fast_finding import fast_finding
from edgenext_ros.selftest.fast_latency import BUSY_PERCENT
from edgenext_ros.selftest.finding import Finding, Verdict
from edgenext_ros.selftest.sysfs import (
    BOARD_CHIP,
    BPU_FOLDER,
    clock_folder,
    number,
    one_line,
    sensor_chips,
    THROTTLED_C,
)

_BPU = f'{BPU_FOLDER}/bpu0'
_SETTLE_S = 3.0
"""Time for the load of earlier checks to leave the kernel's average."""
_STEP_S = 0.1
_WARM_C = 85.0
"""Temperature near that, which is worth a look."""


@dataclass(frozen=True)
class BpuState:
    """The state of the BPU; None for what cannot be read."""

    load_percent: float | None = None
    temperature_c: float | None = None
    """Readable only while the BPU works."""
    clock_mhz: float | None = None
    top_clock_mhz: float | None = None
    """The highest clock that the governor may choose."""
    governor: str = ''
    governor_folder: str = f'/{_BPU}/devfreq/*.bpu'
    """Folder in which the governor is set, as a pattern of the shell."""

    @property
    def clock(self) -> str:
        """Clock and governor, as text; empty where the clock cannot be read."""
        if self.clock_mhz is None:
            return ''
        most = '' if self.top_clock_mhz is None else f' of {self.top_clock_mhz:.0f}'
        governor = self.governor and f' (governor {self.governor})'
        return f'{self.clock_mhz:.0f}{most} MHz{governor}'

    @property
    def remedy(self) -> str:
        """What to do about inferences that take too long, as the end of a sentence."""
        low = self.clock_mhz is not None and self.top_clock_mhz is not None and \
            self.clock_mhz < self.top_clock_mhz
        advice = []
        if self.governor != 'performance':
            advice.append('set the governor of the BPU to performance, with "echo performance | '
                          f'sudo tee {self.governor_folder}/governor"')
        # The system slows a hot BPU down by a lower limit of the clock, not by its governor.
        if (self.temperature_c is None or self.temperature_c >= _WARM_C) and (
                not low or not advice):
            advice.append('look at the temperature of the BPU, because a hot one is slowed down')
        return ', and '.join(advice) or (
            'its governor is performance and it is not hot, so open an issue with this report')


def bpu_state(root: Path = Path('/')) -> BpuState:
    """Read the state of the BPU below a root folder; all values are None on other machines."""
    # The second sensor of this chip is the BPU's.
    sensors = [folder for chip, folder in sensor_chips(root) if chip == BOARD_CHIP]
    state = BpuState(
        load_percent=number(root / _BPU / 'ratio'),
        temperature_c=number(sensors[0] / 'temp2_input', 1e3) if sensors else None)
    clock = clock_folder(root / _BPU)
    return state if clock is None else replace(
        state, clock_mhz=number(clock / 'cur_freq', 1e6),
        top_clock_mhz=number(clock / 'max_freq', 1e6),
        governor=one_line(clock / 'governor') or '',
        governor_folder=f'/{_BPU}/bpufreq' if clock.name == 'bpufreq' else state.governor_folder)


def idle_load(read: Callable[[], BpuState], *, now: Callable[[], float] = monotonic,
              wait: Callable[[float], None] = sleep) -> float | None:
    """
    Return the BPU load before a test, in per cent; wait a while for it to fall to zero.

    :param read: reads the state of the BPU.
    :param now: the clock, in seconds.
    :param wait: waits so many seconds.
    :return: the least load that was seen; None where it cannot be read.
    """
    least, end = read().load_percent, now() + _SETTLE_S
    while least and now() < end:
        wait(_STEP_S)
        load = read().load_percent
        least = min(least, least if load is None else load)
    return least


@contextmanager
def watched(read: Callable[[], BpuState]) -> Iterator[list[BpuState]]:
    """Record the state of the BPU during the block, ten times a second."""
    states, ended = [], Event()

    def record() -> None:
        while True:
            states.append(read())
            if ended.wait(_STEP_S):
                return

    thread = Thread(target=record, daemon=True)
    thread.start()
    try:
        yield states
    finally:
        ended.set()
        thread.join()


def judge_load(name: str, before: float | None, states: list[BpuState]) -> Finding:
    """
    Return the finding for the BPU under load.

    :param name: name of the finding.
    :param before: load before the test in per cent; None where it cannot be read.
    :param states: states during the load.
    """
    loads, temperatures, clocks, tops = (
        [value for state in states if (value := getattr(state, key)) is not None]
        for key in ('load_percent', 'temperature_c', 'clock_mhz', 'top_clock_mhz'))
    figures = {key: max(values) for key, values in (
        ('load_percent', loads), ('temperature_c', temperatures), ('top_clock_mhz', tops))
        if values}
    if clocks:
        figures['clock_mhz'] = min(clocks)
    if not figures:
        return fast_finding(name, Verdict.UNTESTED, (
            f'the system has neither load nor temperature of a BPU in /{_BPU} or hwmon'))
    parts = [f'load {figures["load_percent"]:.0f} %' if loads else '',
             f'{figures["temperature_c"]:.0f} degrees Celsius' if temperatures else '',
             f'lowest clock {figures["clock_mhz"]:.0f} MHz' if clocks else '',
             f'highest allowed clock {figures["top_clock_mhz"]:.0f} MHz' if tops else '']
    text = f'with four threads: {", ".join(filter(None, parts))}'
    if before is not None:
        figures['load_before_percent'] = before
        # A BPU that was full before cannot show more.
        same = bool(loads) and figures['load_percent'] - before < min(
            BUSY_PERCENT, 100 - BUSY_PERCENT - before)
        if same or before >= BUSY_PERCENT:
            text += (f'; before the test the load was {before:.0f} %{" too" if same else ""}'
                     f'{", so another program uses the BPU" if before >= BUSY_PERCENT else ""}'
                     f'{"; this figure does not change under the load of the test" * same}')
    if temperatures and figures['temperature_c'] >= THROTTLED_C:
        return fast_finding(name, Verdict.WRONG, (
            f'{text}; expected less than {THROTTLED_C:.0f} degrees'), figures,
            cause='poor cooling, for which the system lowers the clocks')
    return fast_finding(name, Verdict.MEASURED, text, figures)
