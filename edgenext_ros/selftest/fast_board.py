# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read load, clock and temperature of the BPU from the board's sysfs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

_BPU = 'sys/devices/system/bpu/bpu0'
_SETTLE_S = 3.0
"""Time for the load of earlier checks to leave the kernel's average."""
_STEP_S = 0.1


@dataclass(frozen=True)
class BpuState:
    """The state of the BPU; None for what cannot be read."""

    load_percent: float | None = None
    temperature_c: float | None = None
    """Readable only while the BPU works."""
    clock_mhz: float | None = None
    top_clock_mhz: float | None = None
    """The highest clock that the governor may choose."""


def bpu_state(root: Path = Path('/')) -> BpuState:
    """Read the state of the BPU below a root folder; all values are None on other machines."""
    clocks = [folder for folder in (root / _BPU).glob('devfreq/*.bpu')]
    clocks += (root / _BPU).glob('bpufreq')  # older systems
    clock = clocks[0] if clocks else root / _BPU
    # The hwmon device of the board's sensors is called pvt; its temp2 is the BPU's.
    sensors = [folder for folder in sorted((root / 'sys/class/hwmon').glob('hwmon*'))
               if _text(folder / 'name') == 'pvt']
    return BpuState(
        load_percent=_number(root / _BPU / 'ratio'),
        temperature_c=_scaled(sensors[0] / 'temp2_input', 1e3) if sensors else None,
        clock_mhz=_scaled(clock / 'cur_freq', 1e6), top_clock_mhz=_scaled(clock / 'max_freq', 1e6))


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


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):  # ValueError: not UTF-8
        return ''


def _number(path: Path) -> float | None:
    try:
        return float(_text(path))
    except ValueError:
        return None


def _scaled(path: Path, unit: float) -> float | None:
    number = _number(path)
    return None if number is None else number / unit
