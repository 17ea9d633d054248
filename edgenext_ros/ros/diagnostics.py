# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""What the node tells of itself on /diagnostics."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
import re
from threading import Lock
from time import monotonic

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from edgenext_ros.core.classifier import Timings
from edgenext_ros.engines.base import LEAST_PATIENCE_S
from edgenext_ros.engines.recovering import REOPEN_AFTER
from std_msgs.msg import Header

_BPU_LOAD = Path('/sys/devices/system/bpu/bpu0/ratio')
_HWMON = Path('/sys/class/hwmon')
_REPEAT_SECONDS = 5.0
_REASONS = 20
_NUMBER = re.compile(r'\d+')


@dataclass
class Counts:
    """Frames since the node was configured."""

    received: int = 0
    classified: int = 0
    skipped: int = 0
    """Left out because of ``max_rate``, ``skip_repeated``, or a pause while it was in work."""
    refused: int = 0
    """Not a usable picture."""
    failed: int = 0
    """The engine failed."""
    empty: int = 0
    """Classified, but no class was over ``score_threshold``."""


@dataclass(frozen=True)
class Report:
    """One look at the statistics."""

    counts: Counts
    fps: float
    """Of the last results; 0 when none has come for a second, and for twice their interval."""
    image_age: float | None
    """Steady seconds since the last image; None before the first."""
    result_age_ms: float | None
    """Newest result: node's clock minus camera stamp; None when the clocks do not agree."""
    timings: Timings | None
    problem: str
    """What went wrong since the last good frame; empty when nothing did."""
    failing: int = 0
    """Frames that the engine failed on since the last good one."""
    empty: bool = False
    """None of the results since the look before, or of the last ones, holds a class."""


class Rate:
    """
    How many results come in a second, from one of the last ones to the newest.

    A look from time to time that counted what came since the one before would see 1, 0, 1, 0 of
    a result every two seconds. Times are steady seconds.
    """

    def __init__(self) -> None:
        self._first: float | None = None
        self._newest, self._count, self._rate = 0.0, 0, 0.0

    def note(self, now: float) -> None:
        """Note a result."""
        if self._first is None:
            self._first = now
        else:
            self._count += 1
        self._newest = now

    def look(self, now: float) -> float:
        """Return the rate, and measure the next one from the newest result on."""
        if self._first is not None and self._count:
            self._rate = self._count / max(self._newest - self._first, 1e-9)
            self._first, self._count = self._newest, 0
        if self._rate and now - self._newest > max(1.0, 2 / self._rate):
            self._rate, self._first = 0.0, None  # what comes after a pause begins anew
        return self._rate


class Statistics:
    """Counts and times of the frames; any thread may call."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._last_image: float | None = None
        self.begin_anew()

    @property
    def last_image(self) -> float:
        """Steady time of the last image; minus infinity before the first."""
        return float('-inf') if self._last_image is None else self._last_image

    def begin_anew(self) -> None:
        """Forget all but when the last image came."""
        with self._lock:
            self._counts = Counts()
            self._rate = Rate()
            self._fresh = self._empty = 0
            self._all_empty = False
            self._age: float | None = None
            self._timings: Timings | None = None
            self._problem = ''
            self._failing = 0

    def count_received(self) -> None:
        """Count an image that arrived."""
        with self._lock:
            self._counts.received += 1
            self._last_image = monotonic()

    def count_skipped(self) -> None:
        """Count an image that was left out on purpose."""
        with self._lock:
            self._counts.skipped += 1

    def count_problem(self, reason: str, *, engine: bool) -> None:
        """Count an image that gave no result, because of the engine or of itself."""
        with self._lock:
            if engine:
                self._counts.failed += 1
                self._failing += 1
            else:
                self._counts.refused += 1
            self._problem = reason

    def count_result(self, timings: Timings, age: float, *, empty: bool = False) -> None:
        """
        Count a result.

        :param age: node's clock minus camera stamp in seconds; absurd values mean unknown.
        :param empty: no class was over the threshold.
        """
        with self._lock:
            self._counts.classified += 1
            self._counts.empty += empty
            self._fresh, self._empty = self._fresh + 1, self._empty + empty
            self._rate.note(monotonic())
            self._timings = timings
            self._age = 1e3 * age if 0 <= age < 3600 else None
            self._problem, self._failing = '', 0

    def report(self) -> Report:
        """Look at the statistics and begin a new period."""
        with self._lock:
            now = monotonic()
            if self._fresh:
                self._all_empty = self._empty == self._fresh
                self._fresh = self._empty = 0
            return Report(
                counts=Counts(**vars(self._counts)), fps=self._rate.look(now),
                image_age=None if self._last_image is None else now - self._last_image,
                result_age_ms=self._age, timings=self._timings, problem=self._problem,
                failing=self._failing, empty=self._all_empty)


class Complaints:
    """
    Which problems deserve a line in the log; for one thread.

    Every reason at once, but none again for a while, and not too many: a driver that is broken in
    a new way in every frame must not fill the disk.
    """

    def __init__(self) -> None:
        self._said: dict[str, float] = {}
        self._unsettled = False

    def deserves_a_line(self, reason: str, *, most_alike: int = _REASONS) -> bool:
        """
        Say whether to log this problem, and remember that it was logged.

        :param most_alike: so many at most that differ in numbers alone.
        """
        now = monotonic()
        self._said = {text: at for text, at in self._said.items() if now - at < _REPEAT_SECONDS}
        form = _NUMBER.sub('0', reason)
        alike = sum(_NUMBER.sub('0', text) == form for text in self._said)
        if reason in self._said or len(self._said) >= _REASONS or alike >= most_alike:
            return False
        self._said[reason] = now
        self._unsettled = True
        return True

    def settle(self) -> bool:
        """Say whether this is the first good frame after a problem that was logged."""
        unsettled, self._unsettled = self._unsettled, False
        return unsettled


def silence(report: Report, *, waited: float) -> float:
    """
    Return for how many seconds no image has come.

    :param waited: seconds since the subscription was made.
    """
    return waited if report.image_age is None else min(report.image_age, waited)


def judge(report: Report, *, state: str, enabled: bool, waited: float,
          timeout: float, busy: float = 0.0, patience: float = LEAST_PATIENCE_S, why: str = '',
          loss: str = '', failure: str = '', threshold: float = 0.0) -> tuple[int, str]:
    """
    Say how the node is.

    :param waited: seconds since the subscription was made.
    :param busy: seconds that the frame in work has taken so far.
    :param patience: seconds that it may take; an error after three times that.
    :param timeout: seconds without an image before a warning; an error after three times that.
    :param why: no image comes, where that is known.
    :param loss: what is said of lost frames; empty when none are.
    :param failure: which transition failed last, and why; empty after one that succeeded.
    :param threshold: the parameter ``score_threshold``.
    :return: level (``DiagnosticStatus`` constant as a number) and one sentence.
    """
    if state != 'active':
        return (2, failure) if failure else (0, state)
    if not enabled:
        return 0, 'paused by set_enabled'
    if busy > patience:
        return (2 if busy > 3 * patience else 1), (
            f'a frame has been in work for {busy:.0f} s: the engine hangs, or is overloaded by '
            f'other programs; newer frames are dropped until it returns')
    silent = silence(report, waited=waited)
    if silent > timeout:
        since = '' if report.image_age is not None else ', none since the start'
        return (2 if silent > 3 * timeout else 1), (
            f'no image for {silent:.0f} s{since}{why and f": {why}"}')
    if report.problem:
        return (2 if report.failing >= REOPEN_AFTER else 1), report.problem
    if loss:
        return 1, loss
    none = f', none over score_threshold {threshold:g}' if report.empty else ''
    return 0, f'{report.fps:.1f} classifications a second{none}'


def diagnostic_message(level: int, text: str, *, name: str, hardware_id: str, header: Header,
                       values: dict[str, str]) -> DiagnosticArray:
    """Make the message for /diagnostics."""
    status = DiagnosticStatus(
        level=bytes([level]), name=name, message=printable(text),
        hardware_id=printable(hardware_id),
        values=[KeyValue(key=key, value=printable(value)) for key, value in values.items()])
    return DiagnosticArray(header=header, status=[status])


def printable(text: str) -> str:
    """Replace what UTF-8 cannot write, as parts of file names: rclpy raises on it."""
    return text.encode('utf-8', 'replace').decode()


def report_values(report: Report, *, dropped: int, lost: int) -> dict[str, str]:
    """Return the figures of a report by their name in the diagnostics."""
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


def bpu_values() -> dict[str, str]:
    """Read BPU load and temperature from the board's sysfs; empty elsewhere."""
    values = {}
    load = _read(_BPU_LOAD)
    if load:
        values['bpu load percent'] = load
        # A device may go while its folder is read.
        with suppress(OSError, ValueError):
            for folder in _HWMON.glob('hwmon*'):
                if _read(folder / 'name') == 'pvt':
                    # temp2 is the BPU's, in millidegrees; the idle BPU has none to read.
                    degrees = int(_read(folder / 'temp2_input'))
                    values['bpu temperature celsius'] = f'{degrees / 1000:.1f}'
    return values


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, ValueError):  # ValueError: no UTF-8
        return ''
