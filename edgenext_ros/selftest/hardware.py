# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Read what the kernel tells about a board: name, clocks, load, memory, temperatures, device files.

Every function takes the root of the file system, so that tests can give a made-up one. A path that
is missing gives an UNTESTED finding with one sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
import errno
import grp
import os
from pathlib import Path
import stat

from edgenext_ros.selftest.finding import Finding, Value, Verdict
from edgenext_ros.selftest.sysfs import (
    BOARD_CHIP,
    bpu_devices,
    BPU_FOLDER,
    bpu_units,
    clock_folder,
    lines,
    number,
    one_line,
    sensor_chips,
    THROTTLED_C,
)

_PART = 'machine'
_CPUFREQ = 'sys/devices/system/cpu/cpufreq'
_NEEDED, _OTHERS = ('bpu*', 'ion'), ('dma_heap/*',)
"""Device files that an inference opens, and some that it may do without, below ``/dev``."""
_CAUSES = {
    errno.EBUSY: 'another program that has it open exclusively',
    errno.ENOENT: 'a link to a device that is not there: its driver is not loaded',
    errno.ENODEV: 'a driver that is not loaded', errno.ENXIO: 'a driver that is not loaded'}
"""Error of open(2) -> likely cause, besides missing rights."""
_DEVICE_GROUPS = frozenset(('audio', 'bpu', 'dialout', 'gpio', 'i2c', 'ion', 'misc', 'render',
                            'spi', 'video', 'vio', 'vps'))
"""Groups whose names belong to devices; no other group is named."""


def absent(name: str, text: str) -> Finding:
    """Return a finding for a part that this machine does not have."""
    return Finding(_PART, name, Verdict.UNTESTED, text)


def fact(name: str, text: str, **figures: Value) -> Finding:
    """
    Return a finding for a fact.

    :param name: what it is about.
    :param text: a sentence.
    :param figures: with their units in the keys.
    """
    return Finding(_PART, name, Verdict.MEASURED, text, figures)


def board(root: Path) -> Iterator[Finding]:
    """Yield the name of the board."""
    model = one_line(root / 'proc/device-tree/model')
    if not model:
        yield absent('board', 'This machine has no /proc/device-tree/model, so it is no RDK X5.')
        return
    details = {name: one_line(root / 'sys/class/socinfo' / name)
               for name in ('soc_name', 'board_id', 'board_name', 'som_name', 'ddr_size')}
    yield fact('board', f'{model}.', model=model,
               **{name: text for name, text in details.items() if text})


def processor(root: Path) -> Iterator[Finding]:
    """Yield the number of processors, and the clock and governor of each cluster."""
    cpuinfo = [line.partition(':') for line in lines(root / 'proc/cpuinfo')]
    names = {value.strip() for key, _, value in cpuinfo
             if key.strip() in ('model name', 'CPU part', 'Hardware')}
    count = sum(key.strip() == 'processor' for key, _, _ in cpuinfo) or os.cpu_count() or 0
    load = None
    with suppress(ValueError):
        load = float((one_line(root / 'proc/loadavg') or '').partition(' ')[0])
    usable = len(os.sched_getaffinity(0))
    yield fact('processor', f'{count} processors ({", ".join(sorted(names)) or "no name"}), '
               f'load {"unknown" if load is None else load} at the start'
               f'{f"; this process may use {usable} of them" if usable != count else ""}.',
               processors=count, usable_by_this_process=usable, load_1min=load)
    policies = sorted((root / _CPUFREQ).glob('policy*'))
    if not policies:
        yield absent('processor clock', f'There is no clock control (/{_CPUFREQ}/policy*), so '
                     'clock and governor are unknown.')
    boost = one_line(root / _CPUFREQ / 'boost')
    for policy in policies:
        governor = one_line(policy / 'scaling_governor') or 'unknown'
        current, least, most = (number(policy / f'scaling_{name}_freq', 1e3)
                                for name in ('cur', 'min', 'max'))
        yield fact(
            f'processor clock of {policy.name}',
            f'{_mhz(current)} now, {_mhz(least)} to {_mhz(most)}, governor {governor}'
            + (f', boost {"on" if boost == "1" else "off"}' if boost else '')
            + ('.' if governor == 'performance' else
               '; with another governor than "performance" times vary.'),
            governor=governor, now_mhz=current, least_mhz=least, most_mhz=most, boost=boost)


def bpu(root: Path) -> Iterator[Finding]:
    """Yield clock, governor and load of each BPU, and the clock of the memory."""
    units = bpu_units(root)
    if not units:
        yield absent('BPU', f'There is no BPU (/{BPU_FOLDER}/bpu0), so its clock and load are '
                     'unknown.')
    for unit in units:
        load = number(unit / 'ratio')
        states = {name: one_line(unit / name)
                  for name in ('power_enable', 'clock_enable', 'users')}
        yield fact(f'load of {unit.name}', f'{_or_unknown(load, "%")} at the start.',
                   load_percent=load, **{name: text for name, text in states.items() if text})
        folder = clock_folder(unit)
        name = f'clock of {unit.name}'
        yield _clock(name, folder) if folder else absent(name, (
            f'/{BPU_FOLDER}/{unit.name} has neither bpufreq nor devfreq, so the clock is unknown.'
        ))
    for clock in sorted((root / 'sys/class/devfreq').glob('*ddr*'))[:1]:
        yield _clock('memory clock', clock)


def _clock(name: str, folder: Path) -> Finding:
    current, least, most = (number(folder / f'{key}_freq', 1e6)
                            for key in ('cur', 'min', 'max'))
    governor = one_line(folder / 'governor') or 'unknown'
    return fact(name, f'{_mhz(current)} now, {_mhz(least)} to {_mhz(most)}, governor {governor}.',
                governor=governor, now_mhz=current, least_mhz=least, most_mhz=most)


def memory(root: Path) -> Iterator[Finding]:
    """Yield the memory of the system, and the part that devices share."""
    sizes = {}
    for line in lines(root / 'proc/meminfo'):
        key, _, value = line.partition(':')
        with suppress(ValueError, IndexError):
            sizes[key] = round(float(value.split()[0]) / 1024)
    if 'MemTotal' not in sizes:
        yield absent('memory', 'There is no /proc/meminfo, so the memory is unknown.')
        return
    shared = f', {sizes["CmaFree"]} of {sizes["CmaTotal"]} MB for devices' \
        if sizes.get('CmaTotal') and 'CmaFree' in sizes else ''
    yield fact('memory', f'{sizes.get("MemAvailable", 0)} of {sizes["MemTotal"]} MB available, '
               f'{sizes.get("SwapTotal", 0)} MB of swap{shared}.',
               **{f'{key}_mb': sizes[key] for key in (
                   'MemTotal', 'MemAvailable', 'SwapTotal', 'CmaTotal', 'CmaFree')
                  if key in sizes})


def temperatures(root: Path) -> Iterator[Finding]:
    """Yield the temperature of each sensor; WRONG if one that lowers the board's clocks is hot."""
    found: dict[str, float | None] = {}
    # A disk or a network chip may be hotter, and the limit is that of RDK OS.
    has_bpu = bool(bpu_units(root) or bpu_devices(root))
    judged = set()
    for chip, folder in sensor_chips(root):
        for sensor in sorted(folder.glob('temp*_input')):
            name = sensor.name.removesuffix('_input')
            label = f'{chip} {one_line(folder / f"{name}_label") or name}'
            found[label] = number(sensor, 1e3)
            if chip == BOARD_CHIP:
                judged.add(label)
    for zone in sorted((root / 'sys/class/thermal').glob('thermal_zone*')):
        label = f'{zone.name} {one_line(zone / "type") or ""}'.strip()
        found[label] = number(zone / 'temp', 1e3)
        judged.add(label)
    if not found:
        yield absent('temperature', 'There is no sensor in /sys/class/hwmon and '
                     '/sys/class/thermal, so the temperature is unknown.')
        return
    words = ', '.join(f'{name} {_or_unknown(value, "C")}' for name, value in found.items())
    hot = [f'{name} {value:.0f} C' for name, value in found.items()
           if name in judged and value is not None and value >= THROTTLED_C]
    figures: dict[str, Value] = {f'{name} celsius': value for name, value in found.items()}
    if has_bpu and hot:
        yield Finding(_PART, 'temperature', Verdict.WRONG, (
            f'Expected less than {THROTTLED_C:.0f} C, where the clocks are reduced, found '
            f'{", ".join(hot)} (all sensors: {words}).'), figures, 'missing cooling')
    else:
        yield Finding(_PART, 'temperature', Verdict.MEASURED, f'{words}.', figures)


def devices(root: Path) -> Iterator[Finding]:
    """Yield for each device file of the BPU whether this user can open it."""
    needed, others = (
        [path for pattern in patterns for path in sorted((root / 'dev').glob(pattern))]
        for patterns in (_NEEDED, _OTHERS))
    has_bpu = any(path.name.startswith('bpu') for path in needed)
    if not has_bpu:
        yield absent('device files', 'There is no /dev/bpu*, so there is no BPU or no driver.')
    for path in needed:
        yield _device(path, f'/{path.relative_to(root)}', needed=has_bpu)
    for path in others:
        yield _device(path, f'/{path.relative_to(root)}', needed=False)


def _device(path: Path, name: str, *, needed: bool) -> Finding:
    """Return whether a device file opens; WRONG if it is needed and not both read and written."""
    try:
        state = path.stat()
    except OSError:
        state = path.lstat()  # a link to nothing
    owner, mode = _group(state.st_gid), stat.S_IMODE(state.st_mode)
    both, read_only = _error_of_open(path, os.O_RDWR), _error_of_open(path, os.O_RDONLY)
    opens = 'read and write' if both is None else 'read' if read_only is None else 'no'
    named = f'group {owner}, mode {mode:04o}'
    figures: dict[str, Value] = {'opens': opens, 'group': owner, 'mode': f'{mode:04o}'}
    if both is None:
        return fact(name, f'This user can open it to {opens} ({named}).', **figures)
    found = f'"{both.strerror}"' + (', though it opens for reading' if read_only is None else '')
    if needed:
        return Finding(_PART, name, Verdict.WRONG, (
            f'Expected to open it to read and write, found {found} ({named}).'),
            figures, _cause(both, name, state))
    return fact(name, f'This user cannot open it to read and write: {found} ({named}).', **figures)


def _error_of_open(path: Path, flag: int) -> OSError | None:
    """Return why a device cannot be opened; None if it can."""
    try:
        os.close(os.open(path, flag | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY))
    except OSError as error:
        return error
    return None


def _cause(error: OSError, name: str, state: os.stat_result) -> str:
    """
    Return the likely cause of an error of open(2), and the remedy.

    :param error: the error.
    :param name: the path of the device file.
    :param state: its owner and mode.
    """
    if error.errno not in (errno.EACCES, errno.EPERM):
        return _CAUSES.get(error.errno or 0, 'its driver')
    shared = state.st_mode & (stat.S_IRGRP | stat.S_IWGRP) == stat.S_IRGRP | stat.S_IWGRP
    if os.geteuid() == 0 or (shared and state.st_gid in os.getgroups()):
        return ('a container that was started without this device, see "docker run --device '
                f'{name}"')
    if not shared or state.st_gid == 0:
        return ('that only root may use it: run as root, or add a udev rule that gives it group '
                'misc and mode 0664, as that of RDK OS does')
    group = _group(state.st_gid)
    return (f'that this user is not in group {group}: run "sudo usermod -aG {group} $USER", and '
            'log in again')


def groups(gids: list[int] | None = None) -> Iterator[Finding]:
    """Yield the names of the user's groups that belong to devices; ``gids`` replaces them."""
    names = {_group(gid) for gid in (os.getgroups() if gids is None else gids)}
    mine = ', '.join(sorted(names & _DEVICE_GROUPS))
    root = os.geteuid() == 0
    yield fact('groups', f'This user is {"" if root else "not "}root, and in '
               f'{f"the device groups {mine}" if mine else "no group of devices"}.',
               root=root, device_groups=mine)


def _group(gid: int) -> str:
    """Return the name of a group of devices or of root, else its number."""
    with suppress(KeyError):
        name = grp.getgrgid(gid).gr_name
        if name in _DEVICE_GROUPS or gid == 0:
            return name
    return str(gid)


def _mhz(value: float | None) -> str:
    return _or_unknown(value, 'MHz')


def _or_unknown(value: float | None, unit: str) -> str:
    return 'not readable' if value is None else f'{value:.0f} {unit}'
