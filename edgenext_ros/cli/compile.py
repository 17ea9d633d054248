# Copyright 2026 edgenext_ros contributors
# SPDX-License-Identifier: Apache-2.0
"""Compile EdgeNeXt for the BPU."""

from __future__ import annotations

import argparse
from pathlib import Path

from edgenext_ros.choices import DEFAULT_FIT, FITS
from edgenext_ros.toolchain.network.sizes import WEIGHTS

HELP = 'Compile EdgeNeXt for the BPU: a timm model, a checkpoint or an ONNX file to a .bin.'
RECIPE_NAMES = ('fast', 'precise', 'published')
"""The keys of ``recipe.RECIPES``, without its imports."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    parser.add_argument('model', metavar='MODEL',
                        help="timm's name (edgenext_xx_small, _x_small, _small, _base), or a "
                             'weight file: ONNX, a PyTorch checkpoint (.pt, .pth, .ckpt, '
                             '.pth.tar) or .safetensors; no code in the file is run')
    parser.add_argument('--output', type=Path, metavar='FILE.bin', help='the file to write')
    parser.add_argument('--calibration', type=Path, metavar='FOLDER',
                        help='folder of pictures to calibrate with, like those of the camera')
    parser.add_argument('--count', type=int, default=100, metavar='N',
                        help='maximum number of calibration pictures (default: 100)')
    parser.add_argument('--fit', default=DEFAULT_FIT, choices=FITS,
                        help='how pictures of another shape are fitted; use the same at run time '
                             '(default: %(default)s)')
    parser.add_argument('--recipe', default='fast', choices=RECIPE_NAMES,
                        help='fast: int8; precise: LayerNorm and sums in int16; published: graph '
                             'and settings of the model zoo (default: fast)')
    parser.add_argument('--random-weights', action='store_true',
                        help='measure the latency of a timm model, without its weights')
    parser.add_argument('--classes', type=int, default=1000, metavar='N',
                        help='number of classes for random weights (default: 1000)')
    parser.add_argument('--size', type=_size, metavar='SIZE',
                        help='size of the input in pixels, such as 256 or WIDTHxHEIGHT, in steps '
                             'of 32 (default: that of an ONNX file, or 224)')
    parser.add_argument('--level', choices=('O1', 'O2', 'O3'),
                        help="the compiler's optimisation level (default: O2; O3 for "
                             'edgenext_small and for the recipe published)')
    parser.add_argument('--keep', type=Path, metavar='FOLDER',
                        help='copy the float and quantised graphs, the log and the reports here')
    parser.add_argument('--layers', type=Path, metavar='FILE.csv',
                        help='write the cost of each layer here: computing, loading, and when it '
                             "runs (sets the compiler's debug flag in the .bin)")
    parser.add_argument('--sensitivity', type=Path, metavar='FILE.csv',
                        help='write the cost of int8 at each node here, measured by the '
                             "vendor's debugger; takes some minutes more")


def run(arguments: argparse.Namespace) -> int:
    """Compile and print a summary; return 2 for conflicting arguments."""
    from dataclasses import asdict
    import sys

    from edgenext_ros.cli import write_json
    from edgenext_ros.cli.progress import Steps
    from edgenext_ros.toolchain.bpu.compile import check_model, compile_model, CompileJob
    from edgenext_ros.toolchain.bpu.recipe import RECIPES

    if not arguments.random_weights:
        check_model(arguments.model)  # first: what else is missing does not help without it
    error = _usage_error(arguments)
    if error:
        print(f'edgenext compile: {error}', file=sys.stderr)
        return 2
    job = CompileJob(
        model=arguments.model, recipe=RECIPES[arguments.recipe], output=arguments.output,
        pictures=None if arguments.random_weights else arguments.calibration,
        count=arguments.count, fit=arguments.fit, classes=arguments.classes,
        level=arguments.level, keep=arguments.keep, layers=arguments.layers,
        sensitivity=arguments.sensitivity, picture=arguments.size)
    report = compile_model(job, progress=Steps())
    print(f'\nlatency       {report.latency_ms:.3f} ms, {report.fps:.0f} frames a second '
          f'(estimate of the compiler)\nDDR traffic   {report.ddr_mb:.2f} MB a frame\n'
          f'on the CPU    {", ".join(report.cpu_nodes) or "nothing"}')
    if report.cosine is not None:
        print(f'cosine        {report.output_cosine:.5f} for the logits, least '
              f'{report.cosine:.5f} ({report.worst_node})\n'
              '              likeness to the float network, 1 is equal; "edgenext evaluate '
              '--compare" shows\n              what the difference costs in accuracy')
    if arguments.output:
        print(f'written       {arguments.output}, {arguments.output.stat().st_size / 1e6:.2f} MB, '
              f'and {arguments.output.with_suffix(".recipe.json").name}')
    write_json(arguments.json, asdict(report))
    return 0


def _size(text: str) -> tuple[int, int]:
    """Parse ``256`` or ``WIDTHxHEIGHT``; return height and width."""
    width, _, height = text.partition('x')
    sides = (height or width), width
    if not all(side.isdecimal() and int(side) % 32 == 0 and 64 <= int(side) <= 1024
               for side in sides):
        raise argparse.ArgumentTypeError(
            f'expected 256 or WIDTHxHEIGHT, from 64 to 1024 in steps of 32, got {text}')
    return int(sides[0]), int(sides[1])


def _usage_error(arguments: argparse.Namespace) -> str:
    """Return an error for invalid or conflicting arguments; '' if there is none."""
    if arguments.count < 1:
        return f'--count must be at least 1, got {arguments.count}'
    if arguments.classes < 2:
        return f'--classes must be at least 2, got {arguments.classes}'
    if arguments.output is not None and arguments.output.suffix != '.bin':
        return f'--output must end in .bin, got {arguments.output}'
    if arguments.random_weights:
        if Path(arguments.model).suffix in WEIGHTS:
            return f'--random-weights takes a timm name, got the file {arguments.model}'
        if arguments.sensitivity:
            return '--sensitivity needs weights and --calibration'
        return '--random-weights needs no --calibration' if arguments.calibration else ''
    if arguments.calibration is None:
        return ('--calibration FOLDER is missing: a folder of pictures like those that the camera '
                'will give; or --random-weights, to measure the latency only')
    return '' if arguments.output else '--output FILE.bin is missing'
