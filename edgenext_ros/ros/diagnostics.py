# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""The content of the node's messages on /diagnostics."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from edgenext_ros.engines.recovering import REOPEN_AFTER
from edgenext_ros.ros.log_limits import replace_invalid_utf8
from edgenext_ros.ros.snapshot import Snapshot
from edgenext_ros.ros.statistics import StatisticsReport
from std_msgs.msg import Header

BPU_LOAD_FILE = Path('/sys/devices/system/bpu/bpu0/ratio')
"""File with the BPU's load in percent, in the sysfs of an RDK X5."""
HWMON_FOLDER = Path('/sys/class/hwmon')
"""Temperature sensors in Linux' sysfs, one folder each."""


def seconds_without_image(report: StatisticsReport, *, waited: float) -> float:
    """
    Return the seconds since the last image, at most since the subscription was made.

    :param waited: seconds since the subscription was made.
    """
    return waited if report.image_age is None else min(report.image_age, waited)


def assess(report: StatisticsReport, now: Snapshot, *, waited: float, why: str = '',
           loss: str = '') -> tuple[int, str]:
    """
    Return the level and the summary of the node's diagnostic status.

    :param report: the node's statistics.
    :param now: the node's state.
    :param waited: seconds since the subscription was made, or 0 while an image is in work.
    :param why: the reason why no image arrives; empty if unknown.
    :param loss: a sentence about lost frames; empty if none are lost.
    :return: level (0 OK, 1 WARN, 2 ERROR, as in ``DiagnosticStatus``) and one sentence.
    """
    if now.state != 'active':
        return (2, now.failure) if now.failure else (0, now.state)
    if not now.enabled:
        return 0, 'paused by set_enabled'
    hung_after = now.model.hang_timeout_s if now.model is not None else 0.0
    if now.busy > hung_after:
        return (2 if now.busy > 3 * hung_after else 1), (
            f'a frame has been in work for {now.busy:.0f} s: the engine hangs, or is overloaded '
            f'by other programs; newer frames are dropped until it returns')
    if now.idle:
        return 0, 'idle: lazy is true, and nobody listens to the results'
    silent, timeout = seconds_without_image(report, waited=waited), now.settings.image_timeout
    if silent > timeout:
        since = '' if report.image_age is not None else ', none since the start'
        return (2 if silent > 3 * timeout else 1), (
            f'no image for {silent:.0f} s{since}{why and f": {why}"}')
    if report.problem:
        return (2 if report.failing >= REOPEN_AFTER else 1), report.problem
    if loss:
        return 1, loss
    threshold = now.settings.score_threshold
    none = f', none over score_threshold {threshold:g}' if report.empty else ''
    return 0, f'{report.fps:.1f} classifications a second{none}'


def diagnostic_message(level: int, text: str, *, name: str, hardware_id: str, header: Header,
                       values: dict[str, str]) -> DiagnosticArray:
    """
    Build a message for /diagnostics with one status.

    :param level: level from ``assess``.
    :param text: summary from ``assess``.
    :param name: fully qualified name of the node.
    :param hardware_id: name of the engine; empty without a model.
    :param header: header with the node's time.
    :param values: details by name.
    """
    status = DiagnosticStatus(
        level=bytes([level]), name=name, message=replace_invalid_utf8(text),
        hardware_id=replace_invalid_utf8(hardware_id),
        values=[KeyValue(key=key, value=replace_invalid_utf8(value))
                for key, value in values.items()])
    return DiagnosticArray(header=header, status=[status])


def report_values(report: StatisticsReport, *, dropped: int, lost: int) -> dict[str, str]:
    """
    Return the values of a report by their key in the diagnostics.

    :param report: the node's statistics.
    :param dropped: number of images that newer ones replaced.
    :param lost: number of frames that never arrived.
    """
    values = {name.replace('_', ' '): str(value) for name, value in vars(report.counts).items()}
    values['dropped'] = str(dropped)
    values['lost'] = str(lost)
    values['fps'] = f'{report.fps:.2f}'
    age = report.result_age_ms
    values['result age ms'] = 'unknown' if age is None else f'{age:.2f}'
    if report.timings is not None:
        values['convert ms'] = f'{report.timings.convert_ms:.3f}'
        values['infer ms'] = f'{report.timings.infer_ms:.3f}'
        values['postprocess ms'] = f'{report.timings.postprocess_ms:.3f}'
    return values


def bpu_values(load_file: Path = BPU_LOAD_FILE, hwmon: Path = HWMON_FOLDER) -> dict[str, str]:
    """Read BPU load and temperature from the board's sysfs; empty on other machines."""
    values = {}
    load = _read(load_file)
    if load:
        values['bpu load percent'] = load
        # A device may disappear while its folder is being read.
        with suppress(OSError, ValueError):
            for folder in hwmon.glob('hwmon*'):
                if _read(folder / 'name') == 'pvt':
                    # temp2 is the BPU's, in millidegrees; it cannot be read while the BPU idles.
                    degrees = int(_read(folder / 'temp2_input'))
                    values['bpu temperature celsius'] = f'{degrees / 1000:.1f}'
    return values


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):  # ValueError: not UTF-8
        return ''
