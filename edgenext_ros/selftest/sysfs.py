# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Read small files of the kernel, and find those of the BPU below a root folder."""

from __future__ import annotations

from pathlib import Path
from typing import Final

BPU_FOLDER: Final = 'sys/devices/system/bpu'
"""Folder with a folder for each BPU."""
BOARD_CHIP: Final = 'pvt'
"""Name of the chip with the temperatures of memory, BPU and processors."""
THROTTLED_C: Final = 95.0
"""Temperature at which RDK OS lowers the clocks."""


def lines(path: Path) -> list[str]:
    """Return the lines of a text file; none if it cannot be read."""
    try:
        return path.read_text(errors='replace').splitlines()
    except OSError:
        return []


def one_line(path: Path) -> str | None:
    """Return the text of a small file as one line, or None if it cannot be read."""
    try:
        return ' '.join(path.read_text(errors='replace').replace('\0', ' ').split())
    except OSError:
        return None


def number(path: Path, unit: float = 1.0) -> float | None:
    """Return the number in a file divided by ``unit``, or None if the file has none."""
    try:
        return float(one_line(path) or '') / unit
    except ValueError:
        return None


def sensor_chips(root: Path) -> list[tuple[str, Path]]:
    """Return name and folder of each chip with sensors."""
    return [(one_line(folder / 'name') or folder.name, folder)
            for folder in sorted((root / 'sys/class/hwmon').glob('hwmon*'))]


def bpu_devices(root: Path) -> list[Path]:
    """Return the device files of the BPU."""
    return sorted((root / 'dev').glob('bpu*'))


def bpu_units(root: Path) -> list[Path]:
    """Return the folder of each BPU."""
    return sorted((root / BPU_FOLDER).glob('bpu[0-9]*'))


def clock_folder(unit: Path) -> Path | None:
    """
    Return the folder with clock and governor of a BPU, or None without one.

    Older systems have them in ``bpufreq`` itself, newer ones in ``devfreq/ADDRESS.bpu``. A folder
    that lacks one of the files is returned too.
    """
    # The system's own script looks in this order too.
    for folder in (unit / 'bpufreq', *sorted((unit / 'devfreq').glob('*.bpu'))):
        if any((folder / name).exists() for name in ('cur_freq', 'max_freq', 'governor')):
            return folder
    return None
