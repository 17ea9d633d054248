# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Benchmark this package against the RDK Model Zoo: its Python path, its models and its recipe."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from edgenext_ros.bench.table import markdown, plot, verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edgenext_ros.bench.table import BenchRow

HELP = ('Compare this package with the RDK Model Zoo: time around the inference, inference on a '
        "board, the node over DDS; and measure the compiler's recipes.")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('what', nargs='?', default='all',
                        choices=('all', 'host', 'board', 'dds', 'shared', 'bpu',
                                 'quantisation'),
                        help='all: host, board (if there is one) and dds (default); host: '
                             "preprocessing and postprocessing, against the model zoo's Python "
                             'path, half a minute; board: inference of every fetched .bin on the '
                             "BPU, against the zoo's figures; dds: the node over DDS, against a "
                             'plain node and a bare subscriber, four minutes; shared: the node '
                             'beside another process on the same BPU, four minutes; bpu: latency '
                             "of our recipes against the published one, by the compiler's "
                             'estimate, half an hour; quantisation: accuracy and latency of each '
                             'way to quantise a model, an hour')
    parser.add_argument('--sizes', nargs='+', metavar='NAME',
                        help='bpu: sizes to compile, such as edgenext_xx_small (default: all)')
    parser.add_argument('--model', type=Path, metavar='FILE',
                        help='quantisation: the .onnx file to quantise (default: the bundled '
                             "one); shared: the node's .bin file")
    parser.add_argument('--neighbour', type=Path, metavar='FILE.bin',
                        help='shared: the model of the other process, with one output')
    parser.add_argument('--data', type=Path, metavar='FOLDER',
                        help='quantisation: pictures to evaluate, one folder per class')
    parser.add_argument('--calibration', type=Path, metavar='FOLDER',
                        help='quantisation: other pictures, to calibrate with')
    parser.add_argument('--forms', nargs='+', metavar='NAME',
                        help="quantisation: ways to measure, such as 'fast' 'published' "
                             '(default: all)')
    parser.add_argument('--count', type=_positive, metavar='N',
                        help='quantisation: maximum number of pictures to evaluate (default: all)')
    parser.add_argument('--cache', type=Path, metavar='FOLDER',
                        help='bpu, quantisation: keep compiled models here, and reuse them')
    parser.add_argument('--markdown', type=Path, metavar='FILE.md',
                        help='write the tables here')
    parser.add_argument('--repeat', type=_positive, default=200, metavar='N',
                        help='runs of each side; the median is taken (default: 200)')
    parser.add_argument('--plot', type=Path, metavar='FILE.png',
                        help='draw a chart of the results here; needs matplotlib')


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f'must be at least 1, got {value}')
    return value


def run(arguments: argparse.Namespace) -> int:
    """Print a table of the cases; return 1 if there is none, 2 if a package is missing."""
    from dataclasses import asdict
    from importlib.util import find_spec
    import sys

    from edgenext_ros.cli import write_json
    from edgenext_ros.libraries import pip_install

    if arguments.plot and find_spec('matplotlib') is None:
        print(f'edgenext bench: --plot needs matplotlib: {pip_install("matplotlib")}',
              file=sys.stderr)
        return 2
    if arguments.what in ('shared', 'bpu', 'quantisation'):
        return {'shared': _run_shared, 'bpu': _run_bpu,
                'quantisation': _run_quantisation}[arguments.what](arguments)
    if find_spec('scipy') is None:
        print('edgenext bench: the baseline needs scipy: pip install scipy, or use ./dev bench, '
              'which installs it', file=sys.stderr)
        return 2

    from edgenext_ros.bench import host

    print(f'{host.machine()}; medians of {arguments.repeat} runs, one OpenCV thread\n')
    print(f'{"case":<60}{"ours":>9}{"theirs":>10}', flush=True)
    rows = []
    for row in _measured(arguments):
        print(f'{row.case:<60}{row.ours:>9.1f}{row.theirs:>10.1f} {row.unit:<4} {verdict(row)}',
              flush=True)
        rows.append(row)
    write_json(arguments.json, [asdict(row) for row in rows])
    if arguments.markdown:
        arguments.markdown.write_text(markdown(host.machine(), rows) + '\n')
    if arguments.plot:
        plot(rows, arguments.plot)
    return int(not rows)


def _measured(arguments: argparse.Namespace) -> Iterator[BenchRow]:
    """Yield the rows of the chosen benchmarks, each when it is known."""
    from importlib.util import find_spec
    import sys

    from edgenext_ros.bench import board, dds, host as benchmark, two_cameras, two_in_flight

    if arguments.what in ('all', 'host'):
        for case in benchmark.cases():
            yield case.measure(repeat=arguments.repeat)
        yield from two_in_flight.rows(frames=arguments.repeat)
    if arguments.what in ('all', 'board'):
        engines = board.engines()
        yield from board.rows(engines, repeat=arguments.repeat)
        if not engines:
            print(f'edgenext bench: inference not measured: there is no BPU that '
                  f'{", ".join(board.BPU_ENGINES)} can use (edgenext runtimes)',
                  file=sys.stderr)
    if arguments.what not in ('all', 'dds'):
        return
    if find_spec('rclpy') is None:
        print('edgenext bench: the node over DDS is not measured: ROS 2 is missing; source its '
              'setup.bash, or use ./dev bench', file=sys.stderr)
        return
    yield from dds.rows()
    yield from two_cameras.rows()


def _unknown(option: str, names: list[str], known: Iterable[str]) -> str:
    """Return an error that names an option's unknown values; '' if there are none."""
    unknown = sorted({*names} - {*known})
    return (f'edgenext bench: {option} {", ".join(unknown)}: expected some of {"; ".join(known)}'
            if unknown else '')


def _run_shared(arguments: argparse.Namespace) -> int:
    """Measure the node beside another user of the BPU and print the table."""
    from importlib.util import find_spec
    import sys

    from edgenext_ros.cli import write_json

    if arguments.model is None or arguments.neighbour is None:
        print('edgenext bench: shared needs --model FILE.bin and --neighbour FILE.bin',
              file=sys.stderr)
        return 2
    if find_spec('rclpy') is None:
        print('edgenext bench: shared needs ROS 2: source its setup.bash, or use ./dev bench',
              file=sys.stderr)
        return 2
    from edgenext_ros.bench import shared_bpu
    from edgenext_ros.engines import select
    from edgenext_ros.models import store

    model, neighbour = (store.locate(str(name), suffixes=('.bin',)).path
                        for name in (arguments.model, arguments.neighbour))
    for path in (model, neighbour):
        select.select(path, 'libdnn')  # raises with the reason
    found = shared_bpu.rows(model, neighbour)
    table = shared_bpu.markdown(found)
    print(table)
    write_json(arguments.json, shared_bpu.as_json(found))
    if arguments.markdown:
        arguments.markdown.write_text(table + '\n')
    return 0


def _run_bpu(arguments: argparse.Namespace) -> int:
    """Compile the sizes and print the tables."""
    import sys

    from edgenext_ros.bench import compiled_latency
    from edgenext_ros.cli import write_json
    from edgenext_ros.cli.progress import Steps

    sizes = arguments.sizes or list(compiled_latency.BOARD)
    error = _unknown('--sizes', sizes, compiled_latency.BOARD)
    if error:
        print(error, file=sys.stderr)
        return 2
    steps = Steps(stderr=True)
    rows = [compiled_latency.measure(size, cache=arguments.cache,
                                     progress=lambda text, size=size: steps(f'{size}: {text}'))
            for size in sizes]
    tables = compiled_latency.markdown(rows)
    print(tables)
    write_json(arguments.json, [case for row in rows for case in compiled_latency.as_json(row)])
    if arguments.markdown:
        arguments.markdown.write_text(tables + '\n')
    if arguments.plot:
        compiled_latency.plot(rows, arguments.plot)
    return 0


def _run_quantisation(arguments: argparse.Namespace) -> int:
    """Compile and evaluate the forms and print the table."""
    from contextlib import ExitStack
    import sys
    from tempfile import TemporaryDirectory

    from edgenext_ros.bench import quantisation as study
    from edgenext_ros.cli import write_json
    from edgenext_ros.cli.progress import PictureMeter
    from edgenext_ros.models import store
    from edgenext_ros.toolchain.evaluation import labelled_pictures

    if arguments.data is None or arguments.calibration is None:
        print('edgenext bench: quantisation needs --data FOLDER and --calibration FOLDER',
              file=sys.stderr)
        return 2
    forms = arguments.forms or list(study.QUANTISED_FORMS)
    error = _unknown('--forms', forms, study.QUANTISED_FORMS)
    if error:
        print(error, file=sys.stderr)
        return 2
    found = store.locate(str(arguments.model or 'demo'), suffixes=('.onnx',))
    if found.labels is None:
        raise ValueError(f'{found.path}: expected its labels beside it, in '
                         f'{found.path.with_suffix(".labels.txt").name}')
    with ExitStack() as stack:
        cache = arguments.cache or Path(stack.enter_context(TemporaryDirectory()))
        truth, rows = study.Study(
            model=found.path, calibration=arguments.calibration, cache=cache,
            data=labelled_pictures.read(arguments.data, store.read_labels(found.labels),
                                        count=arguments.count),
        ).measure(forms, meter=PictureMeter,
                  progress=lambda text: print(text, file=sys.stderr, flush=True))
    table = study.markdown(truth, rows)
    print(table)
    write_json(arguments.json, study.as_json(rows))
    if arguments.markdown:
        arguments.markdown.write_text(table + '\n')
    if arguments.plot:
        study.plot(rows, arguments.plot)
    return 0
