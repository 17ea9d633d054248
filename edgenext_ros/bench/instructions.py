# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""
Count the instructions that the classifier node executes for one frame, without the inference.

``python -m edgenext_ros.bench.instructions [--json FILE]``. Unlike times, these figures do not
depend on the load of the machine: two versions of the node can be compared to a percent on the
same one. Callgrind counts each thread separately. The figures are those of the node's threads,
from the wait for a message to the published result. They leave out the main thread, which
publishes the images, and the middleware's threads, which run no Python.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import count, pairwise
import json
from pathlib import Path
import re
import shutil
from statistics import median
import subprocess
import sys
from tempfile import TemporaryDirectory
from typing import Any

from edgenext_ros.bench import ros_domain

TOOLS = ('valgrind', 'vgdb')
_WORKER = 'edgenext_ros.bench.instructions_process'
_MAIN_THREAD = 1
_INTERPRETER = '_PyEval_EvalFrameDefault'
_VARIABLES = {
    'PYTHONHASHSEED': '0',
    # As in keep_memory; otherwise glibc sometimes saves a copy of a large image.
    'MALLOC_MMAP_THRESHOLD_': str(2 ** 25), 'MALLOC_TRIM_THRESHOLD_': str(2 ** 25),
    # Callgrind counts an instruction for each byte that "rep movsb" copies, and glibc's choice for
    # very large copies depends on their addresses.
    'GLIBC_TUNABLES': ':'.join(f'glibc.cpu.x86_{name}_threshold={2 ** 27}'
                               for name in ('rep_movsb', 'non_temporal')),
}


@dataclass(frozen=True)
class ImageCase:
    """The images to classify, and the engine's number of slots."""

    width: int
    height: int
    encoding: str
    step: int
    slots: int


@dataclass(frozen=True)
class FrameCost:
    """The cost of one frame in the node's threads; medians over the blocks."""

    case: ImageCase
    instructions: float
    spread: float
    """Largest minus smallest block, in per cent of the median."""
    python_calls: float
    c_calls: float
    """Calls of C functions from Python."""

    @property
    def line(self) -> str:
        """A row of the table."""
        case = self.case
        return (f'{f"{case.width}x{case.height}":>9} {case.encoding:<5} {case.slots:>5} '
                f'{self.instructions:>13,.0f} {self.spread:>7.2f} {self.python_calls:>12.1f} '
                f'{self.c_calls:>8.1f}')


CASES = tuple(ImageCase(*picture, slots) for picture in (
    (64, 64, 'bgr8', 192), (640, 480, 'bgr8', 1920), (1920, 1080, 'nv12', 1920))
    for slots in (1, 2))
_HEADER = f'{"image":>9} {"":<5} slots  instructions spread% Python calls  C calls'


def measure(cases: tuple[ImageCase, ...] = CASES, *, frames: int = 20, blocks: int = 3,
            warm_up: int = 1100, keep: Path | None = None) -> list[FrameCost]:
    """
    Count the instructions and calls of each case.

    :param cases: the cases.
    :param frames: frames of a block.
    :param blocks: blocks of each case.
    :param warm_up: frames before the first block; Python 3.10 optimises a function after 1024
        calls.
    :param keep: folder for callgrind's files, for ``callgrind_annotate``.
    :raises RuntimeError: the measured process fails.
    """
    options = {'cases': [asdict(case) for case in cases], 'frames': frames, 'blocks': blocks}
    with TemporaryDirectory() as folder:
        counted = _count_instructions({**options, 'warm_up': warm_up}, keep or Path(folder))
    called = _count_calls({**options, 'warm_up': 0})
    return [frame_cost(case, counted[first:first + blocks], called[first:first + blocks], frames)
            for case, first in zip(cases, range(0, len(counted), blocks), strict=True)]


def frame_cost(case: ImageCase, counted: list[int], called: list[tuple[int, int]],
               frames: int) -> FrameCost:
    """
    Reduce the blocks of a case to one frame.

    :param case: the case.
    :param counted: instructions of each block.
    :param called: calls of Python functions and of C functions in each block.
    :param frames: frames of a block.
    """
    middle = median(counted)
    python, c = (median(values) / frames for values in zip(*called, strict=True))
    return FrameCost(case, middle / frames, 100 * (max(counted) - min(counted)) / middle, python,
                     c)


def _count_instructions(options: dict[str, Any], folder: Path) -> list[int]:
    """Return the instructions of each block."""
    output = folder.resolve() / 'callgrind'
    counted: list[int] = []
    parts = count(1)

    def on_line(line: dict[str, Any], pid: int) -> None:
        # Instrumentation is slow, so it starts after the warm-up.
        warm = line['block'] == 'warm'
        command = ['instrumentation', 'on'] if warm else ['dump']
        subprocess.run(['vgdb', f'--pid={pid}', *command], check=True, capture_output=True,
                       timeout=60)
        part = 0 if warm else next(parts)
        if line['block'] == 'frames':
            counted.append(instructions(output, part=part))

    # --trace-children: ROS 2 from PyPI restarts Python.
    _run_worker(['valgrind', '--quiet', '--tool=callgrind', '--trace-children=yes',
                 '--instr-atstart=no', '--separate-threads=yes', '--fair-sched=yes',
                 f'--callgrind-out-file={output}'], {**options, 'calls': False}, on_line)
    return counted


def instructions(output: Path, *, part: int) -> int:
    """
    Add up the instructions of all Python threads except the main one.

    :param output: callgrind's ``--callgrind-out-file``.
    :param part: number of the dump; each dump counts since the one before.
    :raises RuntimeError: the dump has no such thread.
    """
    total = 0
    for file in output.parent.glob(f'{output.name}.{part}-*'):
        text = file.read_text(encoding='utf-8', errors='replace')
        found = re.search(r'^totals: (\d+)', text, re.M)
        thread = re.search(r'^thread: (\d+)', text, re.M)
        if found and thread and int(thread[1]) != _MAIN_THREAD and _INTERPRETER in text:
            total += int(found[1])
    if not total:
        raise RuntimeError(f'{output}: dump {part} has no instructions of Python threads')
    return total


def _count_calls(options: dict[str, Any]) -> list[tuple[int, int]]:
    """Return the calls of Python and C functions in each block."""
    lines: list[dict[str, Any]] = []
    _run_worker([], {**options, 'calls': True}, lambda line, pid: lines.append(line))
    return [(line['calls'] - before['calls'], line['c_calls'] - before['c_calls'])
            for before, line in pairwise(lines) if line['block'] == 'frames']


def _run_worker(prefix: list[str], options: dict[str, Any],
                on_line: Callable[[dict[str, Any], int], None]) -> None:
    """Run the measured process; it pauses after each line until ``on_line`` returns."""
    process = subprocess.Popen(
        [*prefix, sys.executable, '-m', _WORKER, json.dumps(options), '--ros-args', '--log-level',
         'error'], env=ros_domain.environment() | _VARIABLES, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith('{'):
                on_line(json.loads(line), process.pid)
                process.stdin.write('\n')
                process.stdin.flush()
        if process.wait():
            raise RuntimeError(f'{_WORKER} ended with code {process.returncode}')
    finally:
        process.kill()
        process.communicate()


def main(arguments: list[str] | None = None) -> int:
    """Print a table; return 2 without valgrind."""
    parser = argparse.ArgumentParser(description=(__doc__ or '').strip().splitlines()[0])
    parser.add_argument('--json', type=Path, metavar='FILE', help='write the figures here')
    parser.add_argument('--keep', type=Path, metavar='FOLDER',
                        help="keep callgrind's files here, for callgrind_annotate")
    options = parser.parse_args(arguments)
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print(f'benchmark_instructions: {missing[0]} is missing: sudo apt install valgrind',
              file=sys.stderr)
        return 2
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    results = measure(keep=options.keep)
    print(_HEADER, *(each.line for each in results), sep='\n')
    if options.json:
        options.json.write_text(json.dumps([asdict(each) for each in results], indent=2))
    return 0


if __name__ == '__main__':
    sys.exit(main())
