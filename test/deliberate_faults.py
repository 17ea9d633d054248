#!/usr/bin/env python3
# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Plant deliberate faults, one at a time, and check that the tests notice them.

Each fault in ``faults/`` replaces a piece of text in a copy of the tree; then the tests that it
names run in that copy. A failed test, a crash of the test process and a hang count as noticed.
First these tests run in a copy without a fault, where they must pass. The exit code is 1 if a
fault is not noticed, if its text is not in the file exactly once, or if tests fail without it.
"""

import argparse
from collections.abc import Callable
from concurrent.futures import as_completed, ThreadPoolExecutor
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from time import monotonic
from typing import IO

from faults import FAULTS
from faults.fault import Fault

ROOT = Path(__file__).resolve().parent.parent
NOT_COPIED = ('.git', '.venv*', '__pycache__', 'build', 'docs', 'install', 'log')
TEST_LIMIT_S = 20
"""Seconds after which a test counts as hanging."""
LIMIT_S = 90
"""Seconds after which the tests of a fault count as hanging."""

PASSED, FAILED, HUNG, CRASHED, SKIPPED, BROKEN = (
    'passed', 'failed', 'hung', 'crashed', 'skipped', 'broken')
NOTICED = (FAILED, HUNG, CRASHED)


@dataclass(frozen=True)
class Run:
    """The outcome of a run of tests."""

    outcome: str
    """One of the outcomes above."""
    by: str = ''
    """The test that failed or hung, or why the tests did not run; '' if they passed."""


@dataclass(frozen=True)
class Result:
    """The result of a fault, or of its tests without it."""

    name: str
    run: Run
    seconds: float
    is_fault: bool = True

    @property
    def is_good(self) -> bool:
        """Whether the outcome is the wanted one; skipped tests count as good."""
        return self.run.outcome in (*(NOTICED if self.is_fault else (PASSED,)), SKIPPED)

    @property
    def text(self) -> str:
        """The result, as text."""
        outcome, by = self.run.outcome, self.run.by
        if self.is_fault:
            outcome = {
                FAILED: 'noticed by', HUNG: 'noticed: hangs in', CRASHED: 'noticed: crash by',
                PASSED: 'NOT NOTICED', BROKEN: 'DOES NOT APPLY:'}.get(outcome, outcome)
        return f'{outcome} {by}'.rstrip()


def reason_not_to_apply(fault: Fault, root: Path) -> str:
    """Return why a fault cannot be applied to the tree; '' if it can."""
    path = root / fault.file
    if not path.is_file():
        return f'{fault.file} does not exist'
    count = path.read_text(encoding='utf-8').count(fault.old)
    if count != 1:
        return f'{fault.file} has its text {count} times'
    try:
        compile(replaced(fault, root), fault.file, 'exec')
    except SyntaxError as error:
        return f'{fault.file} does not compile with it: {error}'
    missing = [test for test in fault.tests if not exists(test, root)]
    return f'{missing[0]} does not exist' if missing else ''


def exists(test: str, root: Path) -> bool:
    """Tell whether a file, or a test in a file, exists; named as for pytest."""
    file, _, name = test.partition('::')
    return (root / file).is_file() and (
        not name or f'def {name}(' in (root / file).read_text(encoding='utf-8'))


def replaced(fault: Fault, root: Path) -> str:
    """Return the text of the fault's file with the fault in it."""
    return (root / fault.file).read_text(encoding='utf-8').replace(fault.old, fault.new)


class Tests:
    """
    Runs tests in copies of a tree.

    :param root: the tree's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._processes: set[subprocess.Popen[bytes]] = set()

    def stop(self) -> None:
        """Kill the running tests."""
        for process in tuple(self._processes):
            os.killpg(process.pid, signal.SIGKILL)

    def with_fault(self, fault: Fault) -> Result:
        """Plant a fault in a copy, and run the tests that must notice it."""
        begin = monotonic()
        reason = reason_not_to_apply(fault, self._root)
        run = Run(BROKEN, reason) if reason else self._run(fault, plant=True)
        return Result(fault.name, run, monotonic() - begin)

    def without_fault(self, fault: Fault) -> Result:
        """Run the tests of a fault in an unchanged copy."""
        begin = monotonic()
        run = self._run(fault, plant=False)
        return Result(f'no fault, {" ".join(fault.tests)}', run, monotonic() - begin,
                      is_fault=False)

    def _run(self, fault: Fault, *, plant: bool) -> Run:
        with tempfile.TemporaryDirectory(prefix='edgenext_fault_') as folder:
            copy = Path(folder) / 'tree'
            shutil.copytree(self._root, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
            if plant:
                text = replaced(fault, copy)
                (copy / fault.file).write_text(text, encoding='utf-8')
            with (Path(folder) / 'output').open('w+', encoding='utf-8', errors='replace') as out:
                code = self._pytest(copy, fault, out)
                out.seek(0)
                return run_of(code, out.read())

    def _pytest(self, copy: Path, fault: Fault, out: IO[str]) -> int | None:
        """Return pytest's exit code; None if it was killed after the time limit."""
        process = subprocess.Popen(
            [sys.executable, '-m', 'pytest', '-x', '-q', '-rfEs', '--tb=no',
             '-p', 'no:cacheprovider', '-p', 'no:launch_testing', '-p', 'no:launch_ros',
             f'--timeout={TEST_LIMIT_S}', '-m', fault.markers,
             *fault.tests],
            cwd=copy, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True, env={
                **os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, (
                    str(copy), os.environ.get('PYTHONPATH')))), 'COLUMNS': '300',
                'PYTEST_ADDOPTS': ''})  # colcon sets options in it
        self._processes.add(process)
        try:
            return process.wait(LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return None
        finally:
            self._processes.discard(process)


def run_of(code: int | None, output: str) -> Run:
    """
    Return the outcome of a run of tests.

    :param code: pytest's exit code, negative for a signal; None if it was killed.
    :param output: pytest's output.
    """
    failed = re.search(r'^(?:FAILED|ERROR) \S*?(?:::)?(\w+)(?:\[.*?\])?(?: - (.*))?$', output,
                       re.MULTILINE)
    if failed and code != 2:
        return Run(HUNG if 'from pytest-timeout' in (failed[2] or '') else FAILED, failed[1])
    if code is None:
        return Run(HUNG, f'the test process, for {LIMIT_S} s')
    if code < 0:
        return Run(CRASHED, signal.Signals(-code).name)
    last = output.rstrip().rpartition('\n')[2]
    skipped = re.search(r'^SKIPPED \[\d+\] \S+ (.*)$', output, re.MULTILINE)
    if code == 0 and skipped:  # the skipped test may be the one that would notice
        return Run(SKIPPED, skipped[1])
    if code == 0:
        return Run(PASSED)
    return Run(BROKEN, f'pytest ends with exit code {code}: {last}')


def run_all(faults: list[Fault], *, root: Path, jobs: int,
            report: Callable[[str], None]) -> list[Result]:
    """
    Run the tests of the faults without any fault and, if they pass, with each fault.

    :param faults: the faults to plant.
    :param root: the tree's folder.
    :param jobs: number of runs in parallel.
    :param report: called with a line for each result.
    """
    tests, results = Tests(root), []
    applying = {(fault.tests, fault.markers): fault for fault in faults
                if not reason_not_to_apply(fault, root)}
    steps = ((tests.without_fault, applying.values()), (tests.with_fault, faults))
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for function, arguments in steps:
                futures = [pool.submit(function, argument) for argument in arguments]
                for number, future in enumerate(as_completed(futures), 1):
                    result = future.result()
                    results.append(result)
                    report(f'[{number}/{len(futures)}] {result.name}: {result.text} '
                           f'({result.seconds:.1f} s)')
                if not all(result.is_good for result in results):
                    break
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            tests.stop()
            raise
    return results


def summary(results: list[Result]) -> str:
    """Return a line with the number of noticed faults, and a line for each problem."""
    faults = [result for result in results if result.is_fault]
    noticed = sum(result.run.outcome in NOTICED for result in faults)
    skipped = sum(result.run.outcome == SKIPPED for result in faults)
    line = f'{len(faults)} faults, ' + (
        'all noticed' if noticed == len(faults) > 0 else f'{noticed} noticed')
    if skipped:
        line += f', {skipped} not tried: their tests are skipped here'
    return '\n'.join([line, *(f'  {result.name}: {result.text}'
                              for result in results if not result.is_good)])


def main(arguments: list[str] | None = None) -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog='dev faults', description=__doc__.split('\n\n')[0])
    parser.add_argument('names', nargs='*', metavar='NAME',
                        help='part of the name of a fault (default: all faults)')
    parser.add_argument('--list', action='store_true', help='print the names and exit')
    parser.add_argument('--jobs', type=int, default=2, metavar='N',
                        help='number of runs in parallel (default: 2)')
    parser.add_argument('--json', type=Path, metavar='FILE', help='also write the results here')
    given = parser.parse_args(arguments)
    faults = [fault for fault in FAULTS
              if not given.names or any(name in fault.name for name in given.names)]
    if not faults:
        parser.error(f'no fault is called {" or ".join(given.names)}; --list prints the names')
    if given.list:
        print('\n'.join(fault.name for fault in faults))
        return 0
    results = run_all(faults, root=ROOT, jobs=given.jobs,
                      report=lambda line: print(line, flush=True))
    print(summary(results))
    if given.json:
        given.json.write_text(json.dumps([
            {'name': result.name, 'good': result.is_good, 'seconds': round(result.seconds, 1),
             **asdict(result.run)} for result in results], indent=2) + '\n', encoding='utf-8')
    return 0 if all(result.is_good for result in results) else 1


if __name__ == '__main__':
    sys.exit(main())
